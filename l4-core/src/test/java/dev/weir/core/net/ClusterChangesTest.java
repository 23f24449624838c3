package dev.weir.core.net;

import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What is known of hosts while they leave, and while the configuration around them changes. */
class ClusterChangesTest {
    private static final Map<String, Object> CHECK =
            Map.of("type", "tcp", "expect", "UP", "interval", "20ms", "timeout", "5s", "jitter", 0);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    /** A server that says whether it is up, and counts who comes. */
    private static final class Named implements AutoCloseable {
        private final AtomicInteger came = new AtomicInteger();
        private final Sockets.Server server;
        private volatile String says;

        Named(String says) {
            this.says = says;
            server = new Sockets.Server(s -> {
                came.incrementAndGet();
                s.getOutputStream().write(this.says.getBytes(StandardCharsets.UTF_8));
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
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(tcpProxy()))),
                "clusters",
                List.of(all)));
    }

    private Proxy start(Map<String, Object> cluster) {
        return Proxy.builder().meters(meters).start(config(cluster));
    }

    private static List<String> health(Proxy proxy) {
        return proxy.clusters().get(0).endpoints().stream()
                .map(EndpointStatus::health)
                .toList();
    }

    private static boolean becomes(Proxy proxy, String... health) {
        return eventually(() -> health(proxy).equals(List.of(health)));
    }

    private double count(String meter, String tag, String value) {
        return meters.get(meter).tag(tag, value).counter().count();
    }

    private static int ask(Proxy proxy) {
        try (Socket client = connect(proxy)) {
            return client.getInputStream().read();
        } catch (IOException e) {
            return -1;
        }
    }

    private static Map<String, Object> with(Map<String, Object> some, String key, Object value) {
        Map<String, Object> all = new HashMap<>(some);
        all.put(key, value);
        return all;
    }

    private static String nobody() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + free.getLocalPort();
        }
    }

    @Test
    void aReloadDoesNotTrustASingleResultAgain() throws Exception {
        Map<String, Object> cautious = with(CHECK, "healthy_threshold", 1_000);
        try (Named a = new Named("DOWN");
                Proxy proxy = start(Map.of("endpoints", List.of(a.address()), "health_check", cautious))) {
            assertThat(becomes(proxy, "unhealthy")).isTrue();

            proxy.apply(config(
                    Map.of("endpoints", List.of(a.address()), "health_check", cautious, "connect_timeout", "7s")));
            a.says = "UP";

            double before = count("weir_cluster_health_checks", "result", "healthy");
            assertThat(eventually(() -> count("weir_cluster_health_checks", "result", "healthy") > before + 5))
                    .isTrue();
            assertThat(health(proxy)).containsExactly("unhealthy");
        }
    }

    @Test
    void whoAReloadAddsWaitsForItsCheck() throws Exception {
        try (Named a = new Named("UP");
                Named b = new Named("DOWN");
                Proxy proxy = start(Map.of("endpoints", List.of(a.address()), "health_check", CHECK))) {
            proxy.apply(config(Map.of("endpoints", List.of(a.address(), b.address()), "health_check", CHECK)));

            for (int i = 0; i < 20; i++) {
                assertThat(ask(proxy)).isEqualTo('U');
            }
            assertThat(becomes(proxy, "healthy", "unhealthy")).isTrue();
        }
    }

    @Test
    void withoutChecksNothingIsSaidOfThem() throws Exception {
        try (Named a = new Named("DOWN");
                Proxy proxy = start(Map.of("endpoints", List.of(a.address()), "health_check", CHECK))) {
            assertThat(becomes(proxy, "unhealthy")).isTrue();

            proxy.apply(config(Map.of("endpoints", List.of(a.address()))));

            assertThat(health(proxy)).containsExactly("healthy");
            assertThat(proxy.clusters().get(0).endpoints().get(0).reason()).isEmpty();
        }
    }

    @Test
    void whoHasLeftIsNotCheckedAnyMore() throws Exception {
        try (Named a = new Named("UP");
                Named b = new Named("UP");
                Proxy proxy = start(Map.of("discovery", Map.of("type", "toy"), "health_check", CHECK))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address(), b.address());
            assertThat(becomes(proxy, "healthy", "healthy")).isTrue();
            ToyDiscovery.found("c", b.address());
            a.says = "DOWN";
            assertThat(becomes(proxy, "healthy")).isTrue();

            int last = a.came.get();
            int others = b.came.get();
            assertThat(eventually(() -> b.came.get() > others + 10)).isTrue();

            assertThat(a.came.get()).isLessThanOrEqualTo(last + 1); // one may have been on its way
        }
    }

    @Test
    void whoIsNamedByAReloadStaysAlsoIfUnhealthy() throws Exception {
        try (Named a = new Named("UP");
                Named b = new Named("UP");
                Proxy proxy = start(Map.of("discovery", Map.of("type", "toy"), "health_check", CHECK))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address(), b.address());
            ToyDiscovery.found("c", b.address());
            assertThat(eventually(() -> proxy.clusters().get(0).endpoints().stream()
                            .anyMatch(e -> e.reason().equals("not named by discovery"))))
                    .isTrue();

            proxy.apply(config(Map.of("endpoints", List.of(a.address(), b.address()), "health_check", CHECK)));
            a.says = "DOWN";

            assertThat(becomes(proxy, "unhealthy", "healthy")).isTrue();
        }
    }

    @Test
    void aReloadClosesConnectionsOfWhoItRemovesWhereConfigured() throws Exception {
        try (Named a = new Named("UP");
                Named b = new Named("UP");
                Proxy proxy = start(Map.of("endpoints", List.of(a.address()), "on_host_removal", "close"));
                Socket client = connect(proxy)) {
            assertThat(client.getInputStream().read()).isEqualTo('U');

            proxy.apply(config(Map.of("endpoints", List.of(b.address()), "on_host_removal", "close")));

            client.getInputStream().readAllBytes(); // ends, as the connection does
        }
    }

    @Test
    void aChangeOfWeightForgetsNoConnection() throws Exception {
        try (Named a = new Named("UP");
                Named b = new Named("UP");
                Proxy proxy = start(Map.of("discovery", Map.of("type", "toy"), "on_host_removal", "close"))) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", a.address());
            assertThat(eventually(() -> ask(proxy) == 'U')).isTrue();
            try (Socket client = connect(proxy)) {
                assertThat(client.getInputStream().read()).isEqualTo('U');

                ToyDiscovery.weighted("c", a.address(), 7);
                ToyDiscovery.found("c", b.address());

                client.getInputStream().readAllBytes(); // ends, as the connection does
            }
        }
    }

    @Test
    void failuresAreCountedAnewAfterEachVerdict() throws Exception {
        try (Proxy proxy =
                start(Map.of("endpoints", List.of(nobody()), "outlier_detection", Map.of("consecutive_failures", 2)))) {
            assertThat(eventually(() -> {
                        ask(proxy);
                        return count("weir_cluster_ejections", "reason", "not_enforced") >= 3;
                    }))
                    .isTrue();
        }
    }

    @Test
    void aCheckWithoutAnswerIsClosed() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Proxy proxy = start(Map.of(
                        "endpoints",
                        List.of("127.0.0.1:" + silent.getLocalPort()),
                        "health_check",
                        Map.of("type", "tcp", "expect", "UP", "interval", "1h", "timeout", "50ms")))) {
            silent.setSoTimeout(60_000);
            try (Socket check = silent.accept()) {
                check.setSoTimeout(60_000);

                assertThat(check.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(becomes(proxy, "unhealthy")).isTrue();
            assertThat(proxy.clusters().get(0).endpoints().get(0).reason()).isEqualTo("no answer within 50 ms");
        }
    }

    @Test
    void stopsWhileACheckRuns() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            silent.setSoTimeout(60_000);
            Map<String, Object> patient = Map.of("type", "tcp", "expect", "UP", "timeout", "1h");
            Socket check;
            try (Proxy proxy = start(
                    Map.of("endpoints", List.of("127.0.0.1:" + silent.getLocalPort()), "health_check", patient))) {
                check = silent.accept();
                assertThat(health(proxy)).containsExactly("healthy");
            }

            check.setSoTimeout(60_000);
            assertThat(check.getInputStream().read()).isEqualTo(-1);
            check.close();
        }
    }
}
