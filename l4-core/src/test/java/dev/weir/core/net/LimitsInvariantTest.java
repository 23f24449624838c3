package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.net.Sockets.Server;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever clients and servers do, what was taken is given back. */
class LimitsInvariantTest {
    private static final int CLIENTS = 4;
    private static final int CONNECTIONS = 1_500;

    private static Server moody(int seed) {
        Random random = new Random(seed);
        return new Server(s -> {
            int mood;
            synchronized (random) {
                mood = random.nextInt(5);
            }
            if (mood == 0) {
                s.setSoLinger(true, 0); // a reset
            } else if (mood == 1) {
                s.getOutputStream().write('!');
            } else if (mood > 2) {
                s.getInputStream().transferTo(s.getOutputStream());
            }
        });
    }

    private static void oneClient(ProxyBed bed, Random random) {
        for (int i = 0; i < CONNECTIONS; i++) {
            try (Socket client = bed.connect()) {
                switch (random.nextInt(5)) {
                    case 0 -> client.setSoLinger(true, 0);
                    case 1 -> client.getOutputStream().write(new byte[1_000]);
                    case 2 -> {
                        client.getOutputStream().write(7);
                        client.shutdownOutput();
                        client.getInputStream().readAllBytes();
                    }
                    case 3 -> {
                        client.getOutputStream().write(7);
                        client.getInputStream().read();
                    }
                    default -> {}
                }
            } catch (IOException e) {
                // A reset, as servers are here.
            }
        }
    }

    @Test
    void comesToRestAtZero() throws Exception {
        Map<String, ?> limits = Map.of(
                "max_connections",
                6,
                "max_pending",
                4,
                "max_connections_per_host",
                3,
                "retry_budget",
                Map.of("percent", 50, "minimum", 1),
                "connection_rate",
                Map.of("per_second", 100_000));
        Map<String, ?> terminal = Map.of(
                "connect_attempts",
                4,
                "connect_backoff",
                Map.of("base", "1ms", "max", "3ms"),
                "mirror",
                Map.of("cluster", "m", "percent", 50, "max_buffer", "1KiB"));
        try (Server a = moody(1);
                Server b = moody(2);
                Server mirrored = moody(3)) {
            Map<String, ?> cluster = Map.of(
                    "endpoints",
                    List.of(a.address(), ProxyBed.nobody(), b.address()),
                    "circuit_breakers",
                    limits,
                    "outlier_detection",
                    Map.of("interval", "10ms", "base_ejection_time", "10ms", "max_ejection_time", "50ms"));
            Map<String, ?> second = Map.of(
                    "endpoints",
                    List.of(mirrored.address(), ProxyBed.nobody()),
                    "circuit_breakers",
                    Map.of("max_connections", 3));
            try (ProxyBed bed = new ProxyBed(cluster, second, terminal)) {
                List<Thread> clients = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    Random random = new Random(i);
                    clients.add(Sockets.daemon(() -> oneClient(bed, random)));
                }
                for (Thread client : clients) {
                    client.join();
                }

                assertThat(bed.restsAtZero()).isTrue();
                assertThat(Sockets.eventually(() -> bed.meters
                                        .get("weir_cluster_open")
                                        .tag("cluster", "m")
                                        .tag("limit", "connections")
                                        .gauge()
                                        .value()
                                == 0))
                        .isTrue();
                assertThat(bed.meters.get("weir_cluster_retries").counter().count())
                        .isPositive();
                assertThat(bed.overflows("connections") + bed.overflows("host_connections") + bed.overflows("pending"))
                        .isPositive();
            }
        }
    }
}
