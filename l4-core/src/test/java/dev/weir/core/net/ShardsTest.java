package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom hash policies choose from where endpoints are copies of each other. Clients of many addresses, real sockets. */
class ShardsTest {
    private static final int CLIENTS = 60;

    private final Map<String, Sockets.Server> servers = new HashMap<>();
    private final Set<String> down = new TreeSet<>();

    @AfterEach
    void stop() throws IOException {
        for (Sockets.Server server : servers.values()) {
            server.close();
        }
    }

    /** An endpoint of a server that says its name, and that it is up unless it is down. */
    private Found endpoint(String server, @Nullable String shard, String role) {
        String address = servers.computeIfAbsent(
                        server,
                        name -> new Sockets.Server(s -> {
                            boolean up;
                            synchronized (down) {
                                up = !down.contains(name);
                            }
                            s.getOutputStream()
                                    .write(((up ? "UP " : "DOWN ") + name + "\n").getBytes(StandardCharsets.UTF_8));
                            if (up) {
                                s.getInputStream().transferTo(s.getOutputStream());
                            }
                        }))
                .address();
        Map<String, String> metadata = new HashMap<>(Map.of("role", role));
        if (shard != null) {
            metadata.put("shard", shard);
        }
        return new Found(Address.parse(address), shard, 1, metadata);
    }

    private static Proxy start(String policy) {
        Map<String, Object> cluster = new HashMap<>(Map.of(
                "name",
                "shards",
                "load_balancing",
                policy,
                "discovery",
                Map.of("type", "toy"),
                "health_check",
                Map.of("type", "tcp", "expect", "UP", "interval", "20ms", "timeout", "5s", "jitter", 0)));
        Proxy proxy = Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "shards")))),
                        "clusters",
                        List.of(cluster))));
        assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("shards"))).isTrue();
        return proxy;
    }

    private static void found(Found... all) {
        ToyDiscovery.RUNNING.get("shards").foundOnly(List.of(all));
    }

    /** Who serves each client, without saying whether it is up. */
    private static Map<Integer, String> served(Proxy proxy) {
        Map<Integer, String> served = new TreeMap<>();
        for (int client = 1; client <= CLIENTS; client++) {
            try (Socket socket = new Socket(
                    InetAddress.getLoopbackAddress(),
                    proxy.address("l").port(),
                    InetAddress.getByName("127.0.0." + client),
                    0)) {
                socket.setSoTimeout(60_000);
                StringBuilder line = new StringBuilder();
                for (int c = socket.getInputStream().read();
                        c >= 0 && c != '\n';
                        c = socket.getInputStream().read()) {
                    line.append((char) c);
                }
                served.put(client, line.toString().replaceAll("^\\w+ ", ""));
            } catch (IOException e) {
                served.put(client, e.toString());
            }
        }
        return served;
    }

    private static boolean health(Proxy proxy, String... health) {
        return eventually(() -> proxy.clusters().get(0).endpoints().stream()
                .map(EndpointStatus::health)
                .toList()
                .equals(List.of(health)));
    }

    private void ends(String... names) {
        synchronized (down) {
            down.addAll(List.of(names));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"maglev", "ring_hash", "ketama", "modula"})
    void keysStayWhereTheyAreWhenAShardFailsItsChecksAndWhenItMoves(String policy) {
        try (Proxy proxy = start(policy)) {
            found(endpoint("a", "m1", "master"), endpoint("b", "m2", "master"), endpoint("c", "m3", "master"));
            assertThat(health(proxy, "healthy", "healthy", "healthy")).isTrue();
            Map<Integer, String> before = served(proxy);
            assertThat(before.values()).contains("a", "b", "c");

            ends("b");
            assertThat(health(proxy, "healthy", "unhealthy", "healthy")).isTrue();
            assertThat(served(proxy)).isEqualTo(before);

            // A new one is not checked yet when the old one has left.
            ends("d");
            found(endpoint("a", "m1", "master"), endpoint("d", "m2", "master"), endpoint("c", "m3", "master"));
            assertThat(eventually(() -> served(proxy).containsValue("d"))).isTrue();
            before.replaceAll((client, server) -> server.equals("b") ? "d" : server);
            assertThat(served(proxy)).isEqualTo(before);
        }
    }

    /** Although {@code connect_attempts} is 3. */
    @ParameterizedTest
    @ValueSource(strings = {"maglev", "ring_hash", "ketama", "modula"})
    void noShardStandsInForOneThatCannotBeConnectedTo(String policy) throws Exception {
        try (Proxy proxy = start(policy)) {
            found(endpoint("a", "m1", "master"), endpoint("b", "m2", "master"), endpoint("c", "m3", "master"));
            assertThat(health(proxy, "healthy", "healthy", "healthy")).isTrue();
            Map<Integer, String> before = served(proxy);
            assertThat(before.values()).contains("a", "b", "c");

            servers.get("b").close();

            before.replaceAll((client, server) -> server.equals("b") ? "" : server);
            assertThat(served(proxy)).isEqualTo(before);
            assertThat(health(proxy, "healthy", "unhealthy", "healthy")).isTrue();
            assertThat(served(proxy)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"maglev", "ring_hash", "ketama", "modula"})
    void replicasStandForTheirShardWhereThereIsNoMaster(String policy) {
        try (Proxy proxy = start(policy)) {
            found(
                    endpoint("a2", "m1", "replica"),
                    endpoint("a", "m1", "master"),
                    endpoint("b", "m2", "master"),
                    endpoint("b2", "m2", "replica"));
            assertThat(health(proxy, "healthy", "healthy", "healthy", "healthy"))
                    .isTrue();
            Map<Integer, String> before = served(proxy);
            assertThat(Set.copyOf(before.values())).isEqualTo(Set.of("a", "b"));

            ends("a");
            assertThat(health(proxy, "healthy", "unhealthy", "healthy", "healthy"))
                    .isTrue();
            assertThat(served(proxy)).isEqualTo(before);

            // As where replicas alone are wanted, and the master of who has none.
            found(endpoint("a2", "m1", "replica"), endpoint("a3", "m1", "replica"), endpoint("b", "m2", "master"));
            assertThat(health(proxy, "healthy", "healthy", "healthy")).isTrue();
            before.replaceAll((client, server) -> server.equals("a") ? "a2" : server);
            assertThat(served(proxy)).isEqualTo(before);

            ends("a2");
            assertThat(health(proxy, "unhealthy", "healthy", "healthy")).isTrue();
            before.replaceAll((client, server) -> server.equals("a2") ? "a3" : server);
            assertThat(eventually(() -> served(proxy).equals(before))).isTrue();
        }
    }

    @Test
    void replicasAloneAreHashedOver() {
        try (Proxy proxy = start("maglev")) {
            found(endpoint("a", null, "replica"), endpoint("b", null, "replica"));
            assertThat(health(proxy, "healthy", "healthy")).isTrue();
            assertThat(Set.copyOf(served(proxy).values())).isEqualTo(Set.of("a", "b"));

            found(endpoint("a", null, "replica"), endpoint("b", null, "replica"), endpoint("c", null, "master"));
            assertThat(health(proxy, "healthy", "healthy", "healthy")).isTrue();
            assertThat(eventually(() -> Set.copyOf(served(proxy).values()).equals(Set.of("c"))))
                    .isTrue();
        }
    }
}
