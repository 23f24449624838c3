package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How {@code redis_proxy} meets its shards: as whom, on whose connections, and which other ones get copies. */
final class RedisProxyUpstreamIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static String address(TestServer server) {
        return "127.0.0.1:" + server.port();
    }

    private static void acl(TestServer server, String... rules) throws Exception {
        String[] command = new String[rules.length + 2];
        command[0] = "ACL";
        command[1] = "SETUSER";
        System.arraycopy(rules, 0, command, 2, rules.length);
        assertThat(TestCluster.call(server, command)).isEqualTo("OK");
    }

    @ParameterizedTest
    @MethodSource("servers")
    void shardsMayHavePasswordsOfTheirOwn(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of())) {
            acl(bed.shards.get(0), "proxy", "on", ">one", "~*", "&*", "+@all");
            acl(bed.shards.get(1), "default", "on", ">two", "~*", "&*", "+@all");
            List<String> addresses =
                    bed.shards.stream().map(RedisProxyUpstreamIT::address).toList();
            Map<String, Object> settings = Map.of(
                    "upstream_auth",
                    Map.of(
                            "password",
                            "two",
                            "endpoints",
                            List.of(Map.of("address", addresses.get(0), "user", "proxy", "password", "one"))));
            try (Proxy proxy = ShardedBed.start(new SimpleMeterRegistry(), addresses, settings, Map.of());
                    RawClient client = new RawClient(proxy.address("cache").port())) {
                for (boolean resp3 : List.of(false, true)) {
                    assertThat(client.call("HELLO", resp3 ? "3" : "2")).startsWith(resp3 ? "%" : "*");
                    for (int i = 0; i < 20; i++) {
                        assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+OK\r\n");
                    }
                    assertThat(client.call("DBSIZE")).isEqualTo(":20\r\n");
                }
                client.call("HELLO", "2");
                assertThat(client.call("SUBSCRIBE", "a")).contains("subscribe");
            }
        }
    }

    /** The server knows who may do what; the proxy only passes on as whom. */
    @ParameterizedTest
    @MethodSource("servers")
    void clientsMayLogInAtTheShards(String name) throws Exception {
        try (ShardedBed bed =
                ShardedBed.of(List.of(name, name), Map.of("upstream_auth", Map.of("from_client", true)))) {
            for (TestServer shard : bed.shards) {
                acl(shard, "ann", "on", ">secret", "~a:*", "&*", "+@all");
                acl(shard, "bob", "on", ">other", "~b:*", "&*", "+@all");
            }
            try (RawClient ann = bed.connect();
                    RawClient bob = bed.connect();
                    RawClient nobody = bed.connect()) {
                assertThat(ann.call("AUTH", "ann", "wrong")).startsWith("-WRONGPASS ");
                assertThat(ann.call("AUTH", "ann", "secret")).isEqualTo("+OK\r\n");
                assertThat(bob.call("HELLO", "3", "AUTH", "bob", "wrong")).startsWith("-WRONGPASS ");
                assertThat(bob.call("HELLO", "3", "AUTH", "bob", "other")).startsWith("%7\r\n");
                for (int i = 0; i < 20; i++) {
                    assertThat(ann.call("SET", "a:" + i, "1")).isEqualTo("+OK\r\n");
                    assertThat(bob.call("SET", "b:" + i, "1")).isEqualTo("+OK\r\n");
                    assertThat(ann.call("GET", "b:" + i)).startsWith("-NOPERM ");
                    assertThat(bob.call("GET", "a:" + i)).startsWith("-NOPERM ");
                    assertThat(nobody.call("GET", "b:" + i)).isEqualTo("$1\r\n1\r\n"); // the default user may
                }
                assertThat(ann.call("SUBSCRIBE", "c")).startsWith("-ERR SUBSCRIBE is not supported");
                assertThat(nobody.call("CLIENT", "LIST")).startsWith("-ERR CLIENT LIST is not supported");
                assertThat(nobody.call("CLIENT", "KILL", "TYPE", "normal"))
                        .startsWith("-ERR CLIENT KILL is not supported");
                assertThat(ann.call("WATCH", "a:1")).isEqualTo("+OK\r\n");
                assertThat(ann.call("AUTH", "bob", "other")).startsWith("-ERR AUTH is not supported");
                assertThat(ann.call("UNWATCH")).isEqualTo("+OK\r\n");
                // A password that has changed does not log in any more, although some have logged in with it before.
                for (TestServer shard : bed.shards) {
                    acl(shard, "ann", "resetpass", ">newer");
                }
                try (RawClient late = bed.connect()) {
                    assertThat(late.call("AUTH", "ann", "secret")).startsWith("-WRONGPASS ");
                    assertThat(late.call("AUTH", "ann", "newer")).isEqualTo("+OK\r\n");
                }
                // What was said before is done as who it was then.
                ann.write(RawClient.encode("SET", "a:1", "2")
                        + RawClient.encode("AUTH", "bob", "other")
                        + RawClient.encode("GET", "a:1")
                        + RawClient.encode("GET", "b:1"));
                assertThat(ann.read() + ann.read()).isEqualTo("+OK\r\n+OK\r\n");
                assertThat(ann.read()).startsWith("-NOPERM ");
                assertThat(ann.read()).isEqualTo("$1\r\n1\r\n");
                assertThat(ann.call("RESET")).isEqualTo("+RESET\r\n");
                assertThat(ann.call("GET", "a:1")).isEqualTo("$1\r\n2\r\n");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void waitCountsTheReplicasOfOnesOwnWrites(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of("pin_upstream", true));
                TestServer replica = TestServer.start(name);
                TestServer other = TestServer.start(name);
                RawClient client = bed.connect();
                RawClient second = bed.connect()) {
            follow(replica, bed.shards.get(0));
            for (int i = 0; i < 20; i++) {
                assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+OK\r\n");
            }
            // One shard has a replica, the other none: the least counts.
            assertThat(client.call("WAIT", "0", "100")).isEqualTo(":0\r\n");
            follow(other, bed.shards.get(1));
            assertThat(client.call("MSET", "k1", "w", "k2", "w", "k3", "w", "k4", "w"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("WAIT", "1", "0")).isEqualTo(":1\r\n");
            // What a transaction has written went by another connection.
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("SET", "k1", "t")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("EXEC")).isEqualTo("*1\r\n+OK\r\n");
            assertThat(client.call("WAIT", "1", "0")).isEqualTo(":1\r\n");
            // Who leaves while it waits for replicas that never come leaves no connection behind.
            RawClient waiting = bed.connect();
            assertThat(waiting.call("SET", "k1", "w")).isEqualTo("+OK\r\n");
            waiting.send("WAIT", "9", "0");
            TestServer owner = null;
            for (TestServer shard : bed.shards) {
                owner = TestCluster.call(shard, "EXISTS", "k1").equals("1") ? shard : owner;
            }
            TestCluster.await(owner, "INFO clients", "blocked_clients:1\r");
            waiting.close();
            TestCluster.await(owner, "INFO clients", "blocked_clients:0\r");
            long connected = 0;
            for (TestServer shard : bed.shards) {
                String info = TestCluster.call(shard, "INFO", "clients");
                connected += Long.parseLong(info.replaceAll("(?s).*connected_clients:(\\d+).*", "$1"));
            }
            for (int i = 0; i < 20; i++) {
                assertThat(second.call("SET", "k" + i, "x")).isEqualTo("+OK\r\n");
            }
            long later = 0;
            for (TestServer shard : bed.shards) {
                String info = TestCluster.call(shard, "INFO", "clients");
                later += Long.parseLong(info.replaceAll("(?s).*connected_clients:(\\d+).*", "$1"));
            }
            assertThat(later).as("each client has its own").isEqualTo(connected + 2);
        }
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of());
                RawClient client = bed.connect()) {
            assertThat(client.call("WAIT", "0", "100"))
                    .startsWith("-ERR WAIT is not supported")
                    .contains("pin_upstream");
        }
    }

    /** Since 7.2. */
    static List<String> servers72() {
        return servers().stream().filter(name -> name.startsWith("sid/")).toList();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers72")
    void waitaofCountsWhoHasOnesOwnWritesOnDisk(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of("pin_upstream", true));
                TestServer replica = TestServer.start(name, List.of("appendonly yes"));
                TestServer other = TestServer.start(name, List.of("appendonly yes"));
                RawClient client = bed.connect()) {
            assertThat(client.call("MSET", "k1", "v", "k2", "v", "k3", "v", "k4", "v", "k5", "v", "k6", "v"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("WAITAOF", "1", "0", "0")).startsWith("-ERR WAITAOF cannot be used when numlocal");
            assertThat(TestCluster.call(bed.shards.get(0), "CONFIG", "SET", "appendonly", "yes"))
                    .isEqualTo("OK");
            assertThat(client.call("WAITAOF", "1", "0", "0"))
                    .startsWith("-ERR 1 of 2 shards failed, the first with: ERR WAITAOF cannot be used when numlocal");
            // One shard has what was written on its disk, the other does not: the least counts.
            assertThat(client.call("WAITAOF", "0", "0", "0")).endsWith("\r\n:0\r\n");
            assertThat(TestCluster.call(bed.shards.get(1), "CONFIG", "SET", "appendonly", "yes"))
                    .isEqualTo("OK");
            assertThat(client.call("MSET", "k1", "w", "k2", "w", "k3", "w", "k4", "w", "k5", "w", "k6", "w"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("WAITAOF", "1", "0", "0")).isEqualTo("*2\r\n:1\r\n:0\r\n");
            follow(replica, bed.shards.get(0));
            try (TestServer.Client direct = bed.shards.get(0).connect()) {
                direct.call("SET", "direct", "v");
                assertThat(direct.call("WAITAOF", "1", "1", "0")).isEqualTo(List.of(1L, 1L));
            }
            assertThat(client.call("WAITAOF", "1", "1", "100")).isEqualTo("*2\r\n:1\r\n:0\r\n");
            follow(other, bed.shards.get(1));
            assertThat(client.call("MSET", "k1", "x", "k2", "x", "k3", "x", "k4", "x", "k5", "x", "k6", "x"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("WAITAOF", "1", "1", "0")).isEqualTo("*2\r\n:1\r\n:1\r\n");
        }
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of());
                RawClient client = bed.connect()) {
            assertThat(client.call("WAITAOF", "0", "0", "100"))
                    .startsWith("-ERR WAITAOF is not supported")
                    .contains("pin_upstream");
        }
    }

    private static void follow(TestServer replica, TestServer master) throws Exception {
        // Else it waits some seconds for further replicas.
        assertThat(TestCluster.call(master, "CONFIG", "SET", "repl-diskless-sync-delay", "0"))
                .isEqualTo("OK");
        assertThat(TestCluster.call(replica, "REPLICAOF", "127.0.0.1", String.valueOf(master.port())))
                .isEqualTo("OK");
        TestCluster.await(replica, "INFO replication", "master_link_status:up");
        TestCluster.await(master, "INFO replication", "state=online");
    }

    @ParameterizedTest
    @MethodSource("servers")
    void mirrorsGetCopies(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        List<TestServer> all = new ArrayList<>();
        try {
            for (int i = 0; i < 5; i++) {
                all.add(TestServer.start(name));
            }
            List<TestServer> shadow = all.subList(2, 5);
            Map<String, Object> terminal = new HashMap<>(Map.of("type", "redis_proxy", "cluster", "c"));
            terminal.put("mirror", Map.of("cluster", "shadow", "reads", false));
            try (Proxy proxy = Proxy.builder()
                            .meters(meters)
                            .start(ProxyConfig.of(Map.of(
                                    "listeners",
                                    List.of(Map.of(
                                            "name", "cache", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                                    "clusters",
                                    List.of(cluster("c", all.subList(0, 2)), cluster("shadow", shadow)))));
                    RawClient client = new RawClient(proxy.address("cache").port())) {
                for (int i = 0; i < 30; i++) {
                    assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+OK\r\n");
                    assertThat(client.call("GET", "k" + i)).isEqualTo("$1\r\nv\r\n");
                }
                assertThat(client.call("MSET", "m1", "1", "m2", "2", "m3", "3", "m4", "4", "m5", "5"))
                        .isEqualTo("+OK\r\n");
                assertThat(client.call("DEL", "k1", "k2", "k3")).isEqualTo(":3\r\n");
                awaitKeys(shadow, 32);
                long reads = 0;
                for (TestServer one : shadow) {
                    reads += TestCluster.call(one, "INFO", "commandstats").contains("cmdstat_get:") ? 1 : 0;
                }
                assertThat(reads).isZero();
                // One that is away is nobody's concern.
                shadow.get(0).kill();
                shadow.get(1).kill();
                for (int i = 0; i < 200; i++) {
                    assertThat(client.call("SET", "late" + i, "v")).isEqualTo("+OK\r\n");
                }
                assertThat(client.call("DBSIZE")).isEqualTo(":232\r\n");
            }
        } finally {
            for (TestServer one : all) {
                one.close();
            }
        }
        assertThat(meters.get("weir_redis_proxy_mirrored").counter().count()).isGreaterThanOrEqualTo(33);
        assertThat(meters.get("weir_redis_proxy_forward_errors").counter().count())
                .isZero();
    }

    private static Map<String, Object> cluster(String name, List<TestServer> servers) {
        return Map.of(
                "name",
                name,
                "load_balancing",
                "maglev",
                "endpoints",
                servers.stream().map(RedisProxyUpstreamIT::address).toList());
    }

    private static void awaitKeys(List<TestServer> servers, long wanted) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        long sum = -1;
        while (sum != wanted) {
            assertThat(System.nanoTime()).as("%s of %s keys", sum, wanted).isLessThan(end);
            Thread.sleep(10);
            sum = 0;
            for (TestServer server : servers) {
                sum += Long.parseLong(TestCluster.call(server, "DBSIZE"));
            }
        }
    }

    /** A quarter of 2,000 is 500, give or take 19; that it is 150 more or less is less likely than 1e-13. */
    @ParameterizedTest
    @MethodSource("servers")
    void mirrorsMayGetAShareAndReads(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        List<Map<String, ?>> mirrors = List.of(
                Map.of("cluster", "quarter", "percent", 25, "reads", false), Map.of("cluster", "whole", "reads", true));
        try (TestServer own = TestServer.start(name);
                TestServer quarter = TestServer.start(name);
                TestServer whole = TestServer.start(name);
                Proxy proxy = Proxy.builder()
                        .meters(meters)
                        .start(ProxyConfig.of(Map.of(
                                "listeners",
                                List.of(Map.of(
                                        "name",
                                        "cache",
                                        "address",
                                        "127.0.0.1:0",
                                        "filters",
                                        List.of(Map.of("type", "redis_proxy", "cluster", "c", "mirror", mirrors)))),
                                "clusters",
                                List.of(
                                        cluster("c", List.of(own)),
                                        cluster("quarter", List.of(quarter)),
                                        cluster("whole", List.of(whole))))));
                RawClient client = new RawClient(proxy.address("cache").port())) {
            for (int i = 0; i < 2_000; i++) {
                assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+OK\r\n");
                assertThat(client.call("GET", "k" + i)).isEqualTo("$1\r\nv\r\n");
            }
            awaitKeys(List.of(whole), 2_000);
            double copies = meters.get("weir_redis_proxy_mirrored").counter().count();
            awaitKeys(List.of(quarter), (long) copies - 4_000);

            assertThat(meters.get("weir_redis_proxy_mirrors_left_out").counter().count())
                    .isZero();
            assertThat(copies - 4_000).isBetween(350.0, 650.0);
            TestCluster.await(whole, "INFO commandstats", "cmdstat_get:calls=2000,");
            assertThat(TestCluster.call(quarter, "INFO", "commandstats")).doesNotContain("cmdstat_get:");
        }
    }
}
