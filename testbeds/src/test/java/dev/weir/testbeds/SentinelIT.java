package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import dev.weir.testbeds.RedisBed.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Fail-overs of real servers by real Sentinels, with clients that write through the proxy all the time. */
class SentinelIT {
    static List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>(List.of(RedisBed.embedded()));
        Kind installed = RedisBed.installed();
        if (installed == null) {
            System.out.println("SKIPPED-NEEDS: redis-server");
        } else {
            kinds.add(installed);
        }
        List<Kind> newest = RedisBed.newest();
        if (newest.size() < 2) {
            System.out.println("SKIPPED-NEEDS: redis-server and valkey-server of Debian sid");
        }
        kinds.addAll(newest);
        return kinds;
    }

    /** As docs/discovery.md recommends it, knowing a single Sentinel. */
    private static Proxy proxy(SentinelBed bed, String refresh, String... roles) {
        List<Map<String, ?>> listeners = new ArrayList<>();
        List<Map<String, ?>> clusters = new ArrayList<>();
        for (String role : roles) {
            Map<String, Object> discovery = new HashMap<>(Map.of(
                    "type",
                    "sentinel",
                    "master",
                    "m1",
                    "sentinels",
                    List.of("127.0.0.1:" + bed.sentinels().get(0)),
                    "role",
                    role,
                    "refresh",
                    refresh));
            clusters.add(Map.of(
                    "name",
                    role,
                    "discovery",
                    discovery,
                    "health_check",
                    Map.of("type", "redis", "interval", "1s"),
                    "on_host_removal",
                    "close"));
            listeners.add(Map.of(
                    "name",
                    role,
                    "address",
                    "127.0.0.1:0",
                    "filters",
                    List.of(Map.of("type", "tcp_proxy", "cluster", role))));
        }
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of("event_loops", 2, "listeners", listeners, "clusters", clusters)));
    }

    private static Map<Integer, String> roles(Proxy proxy, String cluster) {
        Map<Integer, String> roles = new TreeMap<>();
        for (ClusterStatus status : proxy.clusters()) {
            for (EndpointStatus endpoint :
                    status.name().equals(cluster) ? status.endpoints() : List.<EndpointStatus>of()) {
                int port = Integer.parseInt(endpoint.address().substring("127.0.0.1:".length()));
                roles.put(port, String.valueOf(endpoint.metadata().get("role")));
            }
        }
        return roles;
    }

    /** Waits until another server than {@code old} is the master in force, and says which. */
    private static int masterAfter(int old, Proxy proxy) throws Exception {
        boolean moved = Setup.eventually(() -> {
            Map<Integer, String> roles = roles(proxy, "master");
            return roles.size() == 1 && !roles.containsKey(old);
        });
        assertThat(moved).as("another master than %s", old).isTrue();
        return roles(proxy, "master").keySet().iterator().next();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void followsTheMasterUnderLoad(Kind kind) throws Exception {
        try (SentinelBed bed = SentinelBed.start(kind, 2, 3);
                Proxy proxy = proxy(bed, "10s", "master")) {
            int first = bed.servers().get(0);
            assertThat(Setup.eventually(() -> roles(proxy, "master").equals(Map.of(first, "master"))))
                    .isTrue();
            try (MasterLoad load = new MasterLoad(proxy.address("master").port(), 3)) {
                load.calm(first);
                assertThat(load.writes(200)).isTrue();

                load.storm();
                bed.kill(first);
                int second = masterAfter(first, proxy);
                load.calm(second);
                assertThat(load.writes(200)).isTrue();

                // It comes back as the master that it was; Sentinels make it a replica.
                bed.restart(first);
                bed.await(first, "ROLE", "slave", "127.0.0.1");
                assertThat(load.writes(200)).isTrue();

                bed.kill(bed.sentinels().get(0));
                int third = failOver(bed, bed.sentinels().get(1), second, proxy, load);
                bed.kill(bed.sentinels().get(1));
                failOver(bed, bed.sentinels().get(2), third, proxy, load);
                assertThat(load.violations()).isEmpty();
                System.out.println(kind + ": " + load.written() + " written, " + load.failed() + " failed");
            }
        }
    }

    /** A planned one: the old master lives, and would take writes for a while. */
    private static int failOver(SentinelBed bed, int sentinel, int old, Proxy proxy, MasterLoad load) throws Exception {
        // Without a replica that is up and has been heard of lately it would be refused.
        load.storm();
        assertThat(Setup.eventually(
                        () -> bed.tryAsk(sentinel, "SENTINEL FAILOVER m1").startsWith("+OK")))
                .isTrue();
        int next = masterAfter(old, proxy);
        assertThat(Setup.eventually(() -> !bed.tryAsk(old, "CLIENT LIST").contains("name=load-")))
                .as("connections to the old master are closed")
                .isTrue();
        // Sentinels wait for 8 s until they make it a replica, which ends its connections, too.
        assertThat(bed.tryAsk(old, "ROLE")).contains("master");
        load.calm(next);
        assertThat(load.writes(200)).isTrue();
        bed.await(old, "ROLE", "slave", "127.0.0.1");
        assertThat(load.writes(200)).isTrue();
        return next;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void followsReplicas(Kind kind) throws Exception {
        try (SentinelBed bed = SentinelBed.start(kind, 2, 1);
                // No event tells that a replica that is up again has found its master.
                Proxy proxy = proxy(bed, "2s", "replicas", "any")) {
            int master = bed.servers().get(0);
            int one = bed.servers().get(1);
            int two = bed.servers().get(2);
            Map<Integer, String> both = Map.of(one, "replica", two, "replica");
            assertThat(Setup.eventually(() -> roles(proxy, "replicas").equals(both)))
                    .isTrue();
            assertThat(Setup.eventually(
                            () -> roles(proxy, "any").equals(Map.of(master, "master", one, "replica", two, "replica"))))
                    .isTrue();

            bed.kill(two);

            assertThat(Setup.eventually(() -> roles(proxy, "replicas").equals(Map.of(one, "replica"))))
                    .isTrue();
            assertThat(Setup.eventually(() -> roles(proxy, "any").equals(Map.of(master, "master", one, "replica"))))
                    .isTrue();
            bed.restart(two);
            assertThat(Setup.eventually(() -> roles(proxy, "replicas").equals(both)))
                    .isTrue();
        }
    }
}
