package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.redis.TestServer.Client;
import dev.weir.redis.TestServer.Failure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real servers that die, load, are replicas, or get copies. */
final class RedisProtectionIT {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    static List<String> servers() {
        return TestServer.available();
    }

    /** Redis 6.2 answers nobody while it loads so little. */
    static List<String> loadingServers() {
        return servers().stream().filter(name -> !name.equals("embedded")).toList();
    }

    private Proxy start(Map<String, ?> terminal, Map<String, ?> cluster, TestServer... servers) {
        List<String> endpoints = new ArrayList<>();
        for (TestServer server : servers) {
            endpoints.add("127.0.0.1:" + server.port());
        }
        Map<String, Object> last = new java.util.HashMap<>(terminal);
        last.putAll(Map.of("type", "tcp_proxy", "cluster", "c"));
        Map<String, Object> first = new java.util.HashMap<>(cluster);
        first.put("name", "c");
        first.put("endpoints", endpoints);
        List<Object> clusters = new ArrayList<>(List.of(first));
        if (terminal.containsKey("mirror")) {
            first.put("endpoints", endpoints.subList(0, 1));
            clusters.add(Map.of("name", "m", "endpoints", endpoints.subList(1, 2)));
        }
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "redis_stats"), last))),
                        "clusters",
                        clusters)));
    }

    private static Map<String, ?> outliers(String ejection) {
        return Map.of(
                "outlier_detection",
                Map.of(
                        "consecutive_failures",
                        3,
                        "interval",
                        "20ms",
                        "base_ejection_time",
                        ejection,
                        "max_ejection_time",
                        ejection));
    }

    private static @Nullable Object ask(Proxy proxy, String... command) throws IOException {
        try (Client client = new Client(proxy.address("l").port())) {
            return client.call(command);
        }
    }

    private static String health(Proxy proxy, int endpoint) {
        return proxy.clusters().get(0).endpoints().get(endpoint).health();
    }

    private static boolean eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
        return true;
    }

    private double ejections(String reason) {
        return meters.get("weir_cluster_ejections")
                .tag("reason", reason)
                .counter()
                .count();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void ejectsWhoDiesAndTakesItBack(String name) throws Exception {
        TestServer first = TestServer.start(name);
        try (TestServer second = TestServer.start(name);
                Proxy proxy = start(Map.of(), outliers("200ms"), first, second)) {
            first.close();

            for (int i = 0; i < 20; i++) {
                assertThat(ask(proxy, "PING")).isEqualTo("PONG");
            }

            assertThat(ejections("consecutive_failures")).isPositive();
            try (TestServer again = TestServer.startOn(name, first.port())) {
                long before = proxy.clusters().get(0).endpoints().get(0).connects();
                assertThat(eventually(() -> {
                            try {
                                ask(proxy, "PING");
                            } catch (IOException e) {
                                return false;
                            }
                            return proxy.clusters().get(0).endpoints().get(0).connects() > before;
                        }))
                        .isTrue();
                assertThat(again.port()).isEqualTo(first.port());
            }
        } finally {
            first.close();
        }
    }

    /** It answers each command with an error, on connections that it takes gladly. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("loadingServers")
    void ejectsWhoLoads(String name) throws Exception {
        try (TestServer loading = TestServer.start(name);
                TestServer good = TestServer.start(name);
                Proxy proxy = start(Map.of(), outliers("1h"), loading, good)) {
            load(loading);

            for (int i = 0; i < 6; i++) {
                Object answer = ask(proxy, "GET", "k");
                if (answer instanceof Failure failure) {
                    assertThat(failure.message()).startsWith("LOADING ");
                }
            }

            assertThat(eventually(() -> health(proxy, 0).equals("ejected"))).isTrue();
            assertThat(health(proxy, 1)).isEqualTo("healthy");
            assertThat(eventually(() -> {
                        try {
                            Object first = ask(proxy, "GET", "k");
                            return first == null && ask(proxy, "GET", "k") == null;
                        } catch (IOException e) {
                            return false;
                        }
                    }))
                    .isTrue();
        }
    }

    /** As Redis's own tests do: each key takes its time. */
    private static void load(TestServer server) throws IOException {
        Client client = server.connect();
        client.call("DEBUG", "POPULATE", "2000", "k", "1000");
        client.call("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
        client.call("CONFIG", "SET", "key-load-delay", "20000");
        Thread reload = new Thread(() -> {
            try (client) {
                client.call("DEBUG", "RELOAD");
            } catch (IOException e) {
                // The test is over.
            }
        });
        reload.setDaemon(true);
        reload.start();
        assertThat(eventually(() -> {
                    try (Client other = server.connect()) {
                        return other.call("GET", "k") instanceof Failure failure
                                && failure.message().startsWith("LOADING");
                    } catch (IOException e) {
                        return false;
                    }
                }))
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void leavesReplicasAlone(String name) throws Exception {
        try (TestServer primary = TestServer.start(name);
                TestServer replica = TestServer.start(name);
                Client admin = replica.connect();
                Proxy proxy = start(Map.of(), outliers("1h"), replica, primary)) {
            admin.call("REPLICAOF", "127.0.0.1", String.valueOf(primary.port()));

            int refused = 0;
            for (int i = 0; i < 10; i++) {
                if (ask(proxy, "SET", "a", "b") instanceof Failure failure) {
                    assertThat(failure.message()).startsWith("READONLY ");
                    refused++;
                }
            }

            assertThat(refused).isEqualTo(5);
            assertThat(health(proxy, 0)).isEqualTo("healthy");
            assertThat(ejections("consecutive_failures") + ejections("not_enforced"))
                    .isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void copiesCommandsToASecondServer(String name) throws Exception {
        try (TestServer primary = TestServer.start(name);
                TestServer second = TestServer.start(name);
                Client direct = second.connect();
                Proxy proxy = start(Map.of("mirror", Map.of("cluster", "m")), Map.of(), primary, second)) {
            for (int i = 0; i < 50; i++) {
                try (Client client = new Client(proxy.address("l").port())) {
                    client.call("SELECT", "3");
                    assertThat(client.call("INCR", "n")).isEqualTo(i + 1L);
                }
            }

            direct.call("SELECT", "3");
            assertThat(eventually(() -> {
                        try {
                            return "50".equals(direct.call("GET", "n"));
                        } catch (IOException e) {
                            return false;
                        }
                    }))
                    .isTrue();
        }
    }
}
