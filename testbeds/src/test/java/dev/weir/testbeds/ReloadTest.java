package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** New configurations one after the other, while connections come, go and stay. */
class ReloadTest {
    private static final int RELOADS = 150;

    private static ProxyConfig config(Random random, String... endpoints) {
        List<Map<String, ?>> filters = new ArrayList<>();
        if (random.nextBoolean()) {
            filters.add(Setup.redisStats());
        }
        if (random.nextBoolean()) {
            filters.add(Map.of("type", "connection_limit", "max_connections", 1000 + random.nextInt(10)));
        }
        filters.add(Map.of("type", "tcp_proxy", "cluster", "c"));
        List<Map<String, ?>> listeners = new ArrayList<>();
        listeners.add(Map.of("name", Setup.LISTENER, "address", "127.0.0.1:0", "filters", filters));
        if (random.nextBoolean()) {
            listeners.add(0, Map.of("name", "other", "address", "127.0.0.1:0", "filters", filters));
        }
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                listeners,
                "clusters",
                List.of(Map.of(
                        "name",
                        "c",
                        "endpoints",
                        List.of(endpoints[random.nextInt(endpoints.length)]),
                        "load_balancing",
                        random.nextBoolean() ? "round_robin" : "ring_hash"))));
    }

    /** Sends random bytes, ends the stream, and expects them all back. */
    private static void comeAndGo(Proxy proxy, Random random) throws IOException {
        byte[] data = new byte[1 + random.nextInt(40_000)];
        random.nextBytes(data);
        try (Socket socket = Setup.connect(proxy)) {
            socket.getOutputStream().write(data);
            socket.shutdownOutput();
            byte[] back = socket.getInputStream().readAllBytes();
            if (!Arrays.equals(back, data)) {
                throw new IOException(back.length + " of " + data.length + " bytes came back");
            }
        }
    }

    @Test
    void refusesNoConnectionAndLosesNoByte() throws Exception {
        try (var one = new EchoServer();
                var two = new EchoServer();
                Proxy proxy = Proxy.builder().start(config(new Random(0), one.address(), two.address()))) {
            int port = proxy.address(Setup.LISTENER).port();
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger done = new AtomicInteger();
            var failures = new ConcurrentLinkedQueue<Throwable>();
            List<Thread> workers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                Random random = new Random(i);
                Thread worker = new Thread(() -> {
                    try {
                        while (!over.get()) {
                            comeAndGo(proxy, random);
                            done.incrementAndGet();
                        }
                    } catch (IOException | RuntimeException e) {
                        failures.add(e);
                    }
                });
                worker.start();
                workers.add(worker);
            }
            Random random = new Random(7);
            List<Socket> staying = new ArrayList<>();
            for (int reload = 0; reload < RELOADS && failures.isEmpty(); reload++) {
                proxy.apply(config(random, one.address(), two.address()));
                if (reload % 10 == 0) {
                    staying.add(Setup.connect(proxy));
                }
                for (Socket socket : staying) {
                    socket.getOutputStream().write(reload);
                    assertThat(socket.getInputStream().read()).isEqualTo(reload & 0xff);
                }
            }
            over.set(true);
            for (Thread worker : workers) {
                worker.join();
            }
            for (Socket socket : staying) {
                socket.close();
            }

            assertThat(failures).isEmpty();
            assertThat(done.get()).isGreaterThan(100);
            assertThat(proxy.address(Setup.LISTENER).port()).isEqualTo(port);
        }
    }
}
