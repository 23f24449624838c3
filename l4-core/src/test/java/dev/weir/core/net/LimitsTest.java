package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigException;
import dev.weir.core.net.Sockets.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Circuit breakers, retries and their back-off, behind a real proxy with real sockets. */
class LimitsTest {
    /** A server that never completes a connection: its backlog is full. */
    private static final class Stuck implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final List<SocketChannel> filling = new ArrayList<>();

        Stuck() throws IOException {
            for (int i = 0; i < 8; i++) {
                SocketChannel one = SocketChannel.open();
                one.configureBlocking(false);
                one.connect(server.getLocalSocketAddress());
                filling.add(one);
            }
            // The first ones are established at once; the others never are.
            assertThat(eventually(() -> filling.stream().anyMatch(LimitsTest::established)))
                    .isTrue();
        }

        String address() {
            return "127.0.0.1:" + server.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel one : filling) {
                one.close();
            }
            server.close();
        }
    }

    private static boolean established(SocketChannel channel) {
        try {
            return channel.finishConnect();
        } catch (IOException e) {
            return false;
        }
    }

    private static Map<String, ?> cluster(Map<String, ?> limits, String... endpoints) {
        return Map.of("endpoints", List.of(endpoints), "circuit_breakers", limits);
    }

    /** A server that greets. */
    private static Server greeting() {
        return new Server(s -> {
            s.getOutputStream().write('!');
            s.getInputStream().transferTo(s.getOutputStream());
        });
    }

    @Test
    void refusesWhoWouldWaitBeyondTheLimit() throws Exception {
        try (Stuck stuck = new Stuck();
                ProxyBed bed = new ProxyBed(cluster(Map.of("max_pending", 1), stuck.address()), Map.of())) {
            try (Socket first = bed.connect();
                    Socket second = bed.connect()) {
                assertThat(eventually(() -> bed.open("pending") == 1 && bed.overflows("pending") == 1))
                        .isTrue();
                assertThat(eventually(() -> bed.closed("limit") == 1)).isTrue();
                assertThat(first.isConnected() && second.isConnected()).isTrue();
            }

            assertThat(bed.restsAtZero()).isTrue();
        }
    }

    @Test
    void passesOverHostsThatHaveTheirConnections() throws Exception {
        Map<String, Object> cluster = new java.util.HashMap<>();
        try (Server a = greeting();
                Server b = greeting()) {
            cluster.putAll(cluster(Map.of("max_connections_per_host", 1), a.address(), b.address()));
            cluster.put("load_balancing", "ring_hash");
            try (ProxyBed bed = new ProxyBed(cluster, Map.of());
                    Socket first = bed.connect()) {
                assertThat(first.getInputStream().read()).isEqualTo('!');
                // The same hash, so the same first choice.
                try (Socket second = bed.connect();
                        Socket third = bed.connect()) {
                    List<Integer> read = List.of(
                            second.getInputStream().read(),
                            third.getInputStream().read());

                    assertThat(read).containsExactlyInAnyOrder((int) '!', -1);
                    assertThat(a.connections()).isEqualTo(1);
                    assertThat(b.connections()).isEqualTo(1);
                    // Twice if both of them had chosen the same place.
                    assertThat(bed.overflows("host_connections")).isBetween(1L, 2L);
                    assertThat(eventually(() -> bed.closed("limit") == 1)).isTrue();
                }
                first.shutdownOutput();
                assertThat(first.getInputStream().readAllBytes()).isEmpty();
                assertThat(bed.restsAtZero()).isTrue();
                assertThat(bed.ask("")).startsWith("!");
            }
        }
    }

    @Test
    void connectsNoFasterThanAHostMayBe() throws Exception {
        Map<String, ?> limits = Map.of("connection_rate", Map.of("per_second", 1, "burst", 2));
        try (Server a = greeting();
                ProxyBed bed = new ProxyBed(cluster(limits, a.address()), Map.of())) {
            assertThat(bed.ask("")).isEqualTo("!");
            assertThat(bed.ask("")).isEqualTo("!");

            assertThat(eventually(() -> bed.ask("").isEmpty())).isTrue();
            assertThat(bed.overflows("connection_rate")).isPositive();
            assertThat(eventually(() -> bed.ask("").equals("!"))).isTrue();
        }
    }

    @Test
    void triesNobodyElseBeyondTheBudget() throws Exception {
        Map<String, ?> limits = Map.of("retry_budget", Map.of("percent", 0, "minimum", 0));
        try (Server a = greeting();
                ProxyBed bed = new ProxyBed(cluster(limits, ProxyBed.nobody(), a.address()), Map.of())) {
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                answers.add(bed.ask(""));
            }

            assertThat(answers).containsExactlyInAnyOrder("!", "!", "", "");
            assertThat(bed.overflows("retries")).isEqualTo(2);
            assertThat(bed.meters.get("weir_cluster_retries").counter().count()).isZero();
        }
    }

    @Test
    void waitsForAServerThatIsBackSoon() throws Exception {
        String address = ProxyBed.nobody();
        Map<String, ?> terminal =
                Map.of("connect_attempts", 100, "connect_backoff", Map.of("base", "20ms", "max", "100ms"));
        try (ProxyBed bed = new ProxyBed(cluster(Map.of(), address), terminal);
                Socket client = bed.connect()) {
            assertThat(eventually(() ->
                            bed.meters.get("weir_cluster_retries").counter().count() >= 2))
                    .isTrue();
            int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
            try (ServerSocket back = new ServerSocket()) {
                back.setReuseAddress(true);
                back.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                try (Socket server = back.accept()) {
                    server.getOutputStream().write('!');

                    assertThat(client.getInputStream().read()).isEqualTo('!');
                    assertThat(bed.open("pending") + bed.open("retries")).isZero();
                }
            }
        }
    }

    @Test
    void forgetsWhoLeavesWhileItWaits() throws Exception {
        Map<String, ?> terminal =
                Map.of("connect_attempts", 100, "connect_backoff", Map.of("base", "1m", "max", "10m"));
        try (ProxyBed bed = new ProxyBed(cluster(Map.of(), ProxyBed.nobody()), terminal)) {
            try (Socket client = bed.connect()) {
                assertThat(eventually(() -> bed.open("retries") == 1 && bed.open("pending") == 1))
                        .isTrue();
                client.setSoLinger(true, 0);
            }

            assertThat(bed.restsAtZero()).isTrue();
        }
    }

    private static List<String> problems(Map<String, ?> limits, Map<String, ?> terminal) {
        List<String> problems = new ArrayList<>();
        assertThatThrownBy(() -> new ProxyBed(cluster(limits, "127.0.0.1:1"), terminal).close())
                .isInstanceOfSatisfying(
                        ConfigException.class, e -> e.problems().forEach(p -> problems.add(p.toString())));
        return problems;
    }

    @Test
    void saysWhatIsWrongInTheConfiguration() {
        assertThat(problems(
                        Map.of(
                                "max_retries",
                                1,
                                "retry_budget",
                                Map.of("percent", 101),
                                "connection_rate",
                                Map.of("burst", 0)),
                        Map.of()))
                .containsExactlyInAnyOrder(
                        "clusters[0].circuit_breakers.max_retries: beside retry_budget (expected: one of the two)",
                        "clusters[0].circuit_breakers.retry_budget.percent: 101 (expected: a whole number, 0..100)",
                        "clusters[0].circuit_breakers.connection_rate.per_second: missing",
                        "clusters[0].circuit_breakers.connection_rate.burst: 0 (expected: a whole number, 1..1000000)");
        assertThat(problems(
                        Map.of(),
                        Map.of(
                                "connect_backoff",
                                Map.of("base", "2m"),
                                "mirror",
                                Map.of("cluster", "c", "percent", 200, "max_buffer", 10))))
                .containsExactlyInAnyOrder(
                        "listeners[0].filters[0].connect_backoff.base: 2m (expected: 1ms..1m)",
                        "listeners[0].filters[0].mirror.percent: 200 (expected: a number, 0.0..100.0)",
                        "listeners[0].filters[0].mirror.max_buffer: 10 (expected: 1KiB..1GiB)");
        assertThat(problems(Map.of(), Map.of("connect_backoff", Map.of("base", "1s", "max", "500ms"))))
                .containsExactly("listeners[0].filters[0].connect_backoff.max: 500ms (expected: 1s..10m)");
    }
}
