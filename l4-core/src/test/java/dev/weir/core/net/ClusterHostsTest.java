package dev.weir.core.net;

import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Hosts that are checked, ejected, found and lost, behind a real proxy with real sockets. */
class ClusterHostsTest {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    /** A server that says who it is, and answers checks as long as it is to. */
    private static final class Named implements AutoCloseable {
        private final Sockets.Server server;
        private volatile boolean up = true;

        Named(String name) {
            server = new Sockets.Server(s -> {
                s.getOutputStream().write(((up ? "UP " : "DOWN ") + name + "\n").getBytes(StandardCharsets.UTF_8));
                s.getInputStream().transferTo(s.getOutputStream());
            });
        }

        String address() {
            return server.address();
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    private static ProxyConfig config(Map<String, Object> cluster) {
        Map<String, Object> all = new HashMap<>(cluster);
        all.put("name", "c");
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(tcpProxy()))),
                "clusters",
                List.of(all)));
    }

    private Proxy start(Map<String, Object> cluster) {
        return Proxy.builder().meters(meters).start(config(cluster));
    }

    private static Map<String, Object> checked(String... endpoints) {
        return Map.of(
                "endpoints",
                List.of(endpoints),
                "health_check",
                Map.of("type", "tcp", "expect", "UP", "interval", "20ms", "timeout", "5s", "jitter", 0));
    }

    /** Who answers a new connection. */
    private static String ask(Proxy proxy) {
        try (Socket client = connect(proxy)) {
            StringBuilder line = new StringBuilder();
            for (int c = client.getInputStream().read();
                    c >= 0 && c != '\n';
                    c = client.getInputStream().read()) {
                line.append((char) c);
            }
            return line.toString();
        } catch (IOException e) {
            return "closed";
        }
    }

    private static List<String> ask(Proxy proxy, int times) {
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            answers.add(ask(proxy));
        }
        return answers;
    }

    private static List<String> health(Proxy proxy) {
        return proxy.clusters().get(0).endpoints().stream()
                .map(EndpointStatus::health)
                .toList();
    }

    private static boolean becomes(Proxy proxy, String... health) {
        return eventually(() -> health(proxy).equals(List.of(health)));
    }

    @Test
    void leavesOutWhoFailsItsChecksAndTakesItBack() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(checked(a.address(), b.address()))) {
            assertThat(ask(proxy, 4)).contains("UP a", "UP b");

            a.up = false;
            assertThat(becomes(proxy, "unhealthy", "healthy")).isTrue();
            assertThat(eventually(() -> ask(proxy, 4).stream().allMatch("UP b"::equals)))
                    .isTrue();
            assertThat(proxy.clusters().get(0).endpoints().get(0).reason()).isNotEmpty();

            a.up = true;
            assertThat(becomes(proxy, "healthy", "healthy")).isTrue();
            assertThat(eventually(() -> ask(proxy, 4).contains("UP a"))).isTrue();
        }
    }

    @Test
    void usesAllWhereTooFewAreHealthy() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(checked(a.address(), b.address()))) {
            a.up = false;
            b.up = false;
            assertThat(becomes(proxy, "unhealthy", "unhealthy")).isTrue();
            assertThat(eventually(() -> proxy.clusters().get(0).panic())).isTrue();

            assertThat(ask(proxy, 4)).contains("DOWN a", "DOWN b");
        }
    }

    @Test
    void ejectsWhoCannotBeConnectedTo() throws Exception {
        String nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = "127.0.0.1:" + free.getLocalPort();
        }
        try (Named b = new Named("b");
                Proxy proxy = start(Map.of(
                        "endpoints",
                        List.of(nobody, b.address()),
                        "outlier_detection",
                        Map.of(
                                "consecutive_failures",
                                3,
                                "interval",
                                "20ms",
                                "base_ejection_time",
                                "1h",
                                "max_ejection_time",
                                "1h")))) {
            assertThat(ask(proxy, 12)).containsOnly("UP b");

            assertThat(becomes(proxy, "ejected", "healthy")).isTrue();
            assertThat(proxy.clusters().get(0).endpoints().get(0).reason()).contains("3 failures in a row");
            assertThat(meters.get("weir_cluster_ejections")
                            .tag("reason", "consecutive_failures")
                            .counter()
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void takesTheEjectedBackAfterTheirTime() throws Exception {
        String nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = "127.0.0.1:" + free.getLocalPort();
        }
        try (Named b = new Named("b");
                Proxy proxy = start(Map.of(
                        "endpoints",
                        List.of(nobody, b.address()),
                        "outlier_detection",
                        Map.of("consecutive_failures", 3, "interval", "20ms", "base_ejection_time", "20ms")))) {
            ask(proxy, 12);
            assertThat(eventually(() -> meters.get("weir_cluster_ejections")
                                    .tag("reason", "consecutive_failures")
                                    .counter()
                                    .count()
                            >= 1))
                    .isTrue();

            assertThat(becomes(proxy, "healthy", "healthy")).isTrue();
        }
    }

    @Test
    void doesNotEjectTheOnlyHost() throws Exception {
        String nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = "127.0.0.1:" + free.getLocalPort();
        }
        try (Proxy proxy =
                start(Map.of("endpoints", List.of(nobody), "outlier_detection", Map.of("consecutive_failures", 2)))) {
            ask(proxy, 4);

            assertThat(eventually(() -> meters.get("weir_cluster_ejections")
                                    .tag("reason", "not_enforced")
                                    .counter()
                                    .count()
                            >= 1))
                    .isTrue();
            assertThat(health(proxy)).containsExactly("healthy");
        }
    }

    @Test
    void refusesBeyondTheLimitOfConnections() throws Exception {
        try (Named a = new Named("a");
                Proxy proxy = start(
                        Map.of("endpoints", List.of(a.address()), "circuit_breakers", Map.of("max_connections", 1)));
                Socket first = connect(proxy)) {
            assertThat(first.getInputStream().read()).isEqualTo('U');

            assertThat(ask(proxy)).isEmpty();
            assertThat(meters.get("weir_cluster_overflow")
                            .tag("limit", "connections")
                            .counter()
                            .count())
                    .isEqualTo(1);
        }
    }

    // ---- discovery

    private static Map<String, Object> discovered(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("discovery", Map.of("type", "toy"));
        return all;
    }

    private static List<String> addresses(Proxy proxy) {
        return proxy.clusters().get(0).endpoints().stream()
                .map(EndpointStatus::address)
                .toList();
    }

    @Test
    void followsDiscovery() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(discovered(Map.of()))) {
            assertThat(ask(proxy)).isEmpty();
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();

            ToyDiscovery.found("c", a.address());
            assertThat(eventually(() -> ask(proxy).equals("UP a"))).isTrue();
            ToyDiscovery.found("c", b.address());
            assertThat(eventually(() -> ask(proxy).equals("UP b"))).isTrue();
            assertThat(addresses(proxy)).containsExactly(b.address());

            ToyDiscovery.found("c");
            ToyDiscovery.RUNNING.get("c").failed("nobody answers");
            assertThat(eventually(() -> meters.get("weir_cluster_discoveries")
                                    .tag("result", "failed")
                                    .counter()
                                    .count()
                            == 2))
                    .isTrue();
            assertThat(ask(proxy)).isEqualTo("UP b");
        }
        assertThat(eventually(() -> !ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
    }

    @Test
    void keepsWhoIsNotNamedButAnswersItsChecks() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(discovered(Map.of(
                        "health_check",
                        Map.of("type", "tcp", "expect", "UP", "interval", "20ms", "timeout", "5s", "jitter", 0))))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address(), b.address());
            assertThat(becomes(proxy, "healthy", "healthy")).isTrue();

            ToyDiscovery.found("c", b.address());
            assertThat(eventually(() -> proxy.clusters().get(0).endpoints().stream()
                            .anyMatch(e -> e.reason().equals("not named by discovery"))))
                    .isTrue();
            assertThat(ask(proxy, 4)).contains("UP a", "UP b");

            a.up = false;
            assertThat(eventually(() -> addresses(proxy).equals(List.of(b.address()))))
                    .isTrue();
        }
    }

    @Test
    void leavesWhoIsNotNamedByASourceThatIsSure() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(discovered(Map.of(
                        "health_check",
                        Map.of("type", "tcp", "expect", "UP", "interval", "20ms", "timeout", "5s", "jitter", 0))))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address(), b.address());
            assertThat(becomes(proxy, "healthy", "healthy")).isTrue();
            ToyDiscovery.found("c", b.address());

            ToyDiscovery.foundOnly("c", b.address());

            assertThat(eventually(() -> addresses(proxy).equals(List.of(b.address()))))
                    .isTrue();
            assertThat(ask(proxy, 4)).containsOnly("UP b");
        }
    }

    @Test
    void closesConnectionsOfWhoLeavesWhereConfigured() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(discovered(Map.of("on_host_removal", "close")))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address());
            assertThat(eventually(() -> ask(proxy).equals("UP a"))).isTrue();
            try (Socket client = connect(proxy)) {
                assertThat(client.getInputStream().read()).isEqualTo('U');

                ToyDiscovery.found("c", b.address());

                client.getInputStream().readAllBytes(); // ends, as the connection does
            }
        }
    }

    /** Connections of the time before {@code close} was configured, also of a host that had left and come back. */
    @Test
    void closesConnectionsThatEarlierConfigurationsMade() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(discovered(Map.of()))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address());
            assertThat(eventually(() -> ask(proxy).equals("UP a"))).isTrue();
            try (Socket old = connect(proxy)) {
                assertThat(old.getInputStream().read()).isEqualTo('U');
                ToyDiscovery.found("c", b.address());
                assertThat(eventually(() -> addresses(proxy).equals(List.of(b.address()))))
                        .isTrue();
                ToyDiscovery.found("c", a.address(), b.address());
                assertThat(eventually(() -> addresses(proxy).size() == 2)).isTrue();
                assertThat(proxy.clusters().get(0).endpoints().get(0).connectionsActive())
                        .isEqualTo(1);
                Discovery.Context before = ToyDiscovery.RUNNING.get("c");
                proxy.apply(config(discovered(Map.of("on_host_removal", "close"))));
                assertThat(eventually(
                                () -> ToyDiscovery.RUNNING.containsKey("c") && ToyDiscovery.RUNNING.get("c") != before))
                        .isTrue();

                ToyDiscovery.found("c", b.address());

                old.getInputStream().readAllBytes(); // ends, as the connection does
            }
        }
    }

    @Test
    void keepsHealthAndCountersAcrossReloads() throws Exception {
        try (Named a = new Named("a");
                Named b = new Named("b");
                Proxy proxy = start(checked(a.address(), b.address()))) {
            a.up = false;
            assertThat(becomes(proxy, "unhealthy", "healthy")).isTrue();
            assertThat(eventually(() -> ask(proxy).equals("UP b"))).isTrue();
            long connects = proxy.clusters().get(0).endpoints().get(1).connects();
            Map<String, Object> changed = new HashMap<>(checked(a.address(), b.address()));
            changed.put("connect_timeout", "7s");

            proxy.apply(config(changed));

            assertThat(health(proxy)).containsExactly("unhealthy", "healthy");
            assertThat(proxy.clusters().get(0).endpoints().get(1).connects()).isGreaterThanOrEqualTo(connects);
            assertThat(ask(proxy, 4)).containsOnly("UP b");
        }
    }
}
