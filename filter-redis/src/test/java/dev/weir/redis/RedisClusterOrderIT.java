package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A client's commands are carried out in their order by a real Redis Cluster, whose slots move while they are on their way. */
final class RedisClusterOrderIT {
    /** Commands of a pipeline that are open at the same time. */
    private static final int WINDOW = 200;

    /** Seldom enough that what is tested happens by redirections alone. */
    private static final Map<String, ?> SELDOM = Map.of("refresh", "1h");

    static List<String> servers() {
        return TestServer.available();
    }

    static List<String> one() {
        return List.of("embedded");
    }

    private static int slot(String key) {
        byte[] bytes = key.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        return Slots.of(bytes, bytes.length);
    }

    /** Commands of a pipeline that follow a slot must not overtake each other: each answer says how many came before. */
    @ParameterizedTest
    @MethodSource("servers")
    void pipelinesKeepTheirOrderWhileSlotsMove(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(meters, Map.of(), Map.of("refresh", "1s"))) {
            int slot = slot("{m}");
            AtomicBoolean stop = new AtomicBoolean();
            ExecutorService clients = Executors.newFixedThreadPool(4);
            try {
                List<Future<Integer>> results = new ArrayList<>();
                for (int c = 0; c < 4; c++) {
                    String key = "{m}" + c;
                    results.add(clients.submit(() -> countUp(proxy, key, stop)));
                }
                TestServer from = cluster.owner(slot, cluster.nodes.get(0));
                for (int moves = 0; moves < 16; moves += 2) {
                    for (int c = 0; c < 4; c++) {
                        // Who sends to a node that loses the slot and gets it back meanwhile cannot keep its order.
                        cluster.awaitMore(slot, "{m}" + c, WINDOW);
                    }
                    for (int i = 0; i < 2; i++) {
                        TestServer to = cluster.nodes.get((cluster.nodes.indexOf(from) + 1) % 3);
                        cluster.move(slot, from, to);
                        from = cluster.settled(slot);
                    }
                }
                stop.set(true);
                for (int c = 0; c < 4; c++) {
                    int last = results.get(c).get(60, TimeUnit.SECONDS);
                    assertThat(TestCluster.call(from, "GET", "{m}" + c)).isEqualTo(String.valueOf(last));
                }
            } finally {
                stop.set(true);
                clients.shutdownNow();
            }
            assertThat(meters.get("weir_redis_proxy_redirections").counter().count())
                    .isGreaterThan(15);
        }
    }

    /** With so many in flight all the time that each move finds some on their way. */
    private static int countUp(Proxy proxy, String key, AtomicBoolean stop) throws Exception {
        int sent = 0;
        int counted = 0;
        try (RawClient client = TestCluster.connect(proxy)) {
            while (!stop.get() || counted < sent) {
                int more = stop.get() ? 0 : WINDOW - (sent - counted);
                client.write(RawClient.encode("INCR", key).repeat(more));
                sent += more;
                for (int i = 0; i < 7 && counted < sent; i++) {
                    counted++;
                    assertThat(client.read()).isEqualTo(":" + counted + "\r\n");
                }
            }
        }
        return counted;
    }

    /** Others may have told of the move meanwhile, so that the way to the new node is open to what comes later. */
    @ParameterizedTest
    @MethodSource("servers")
    void whatIsOnItsWayToTheOldNodeIsNotOvertaken(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy);
                RawClient other = TestCluster.connect(proxy)) {
            for (TestServer node : cluster.nodes) {
                TestCluster.call(node, "CONFIG", "SET", "cluster-node-timeout", "60000");
            }
            String slot = String.valueOf(slot("{m}"));
            TestServer old = cluster.owner(slot("{m}"), cluster.nodes.get(0));
            TestServer fresh = cluster.nodes.get(0);
            TestServer third = cluster.nodes.get(1);
            assertThat(old).isSameAs(cluster.nodes.get(2));
            assertThat(client.call("GET", "{m}k")).isEqualTo("$-1\r\n");
            cluster.move(slot("a1"), cluster.owner(slot("a1"), fresh), fresh);
            assertThat(other.call("GET", "a1")).isEqualTo("$-1\r\n");
            cluster.move(slot("a1"), fresh, third);
            TestCluster.call(old, "CLUSTER", "SETSLOT", slot, "NODE", TestCluster.id(fresh));
            long frozen = old.freeze();
            try {
                client.send("INCR", "{m}k");
                Thread.sleep(100); // it is with the old node
                TestCluster.call(fresh, "CLUSTER", "SETSLOT", slot, "NODE", TestCluster.id(fresh));
                TestCluster.call(fresh, "CLUSTER", "BUMPEPOCH");
                TestCluster.call(third, "CLUSTER", "SETSLOT", slot, "NODE", TestCluster.id(fresh));
                assertThat(other.call("GET", "a1"))
                        .isEqualTo("$-1\r\n"); // MOVED: whoever knows the nodes is asked again
                awaitOwner(proxy, slot("{m}"), fresh);
                client.send("INCR", "{m}k");
                Thread.sleep(100); // time enough to overtake
            } finally {
                TestServer.thaw(frozen);
            }
            assertThat(client.read()).isEqualTo(":1\r\n");
            assertThat(client.read()).isEqualTo(":2\r\n");
        }
    }

    /** Until the proxy has been told that a slot is a node's. */
    private static void awaitOwner(Proxy proxy, int slot, TestServer node) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            for (Proxy.EndpointStatus one : proxy.clusters().get(0).endpoints()) {
                boolean[] has = {false};
                Slots.each(one.metadata().getOrDefault(RedisClusterView.SLOTS, ""), its -> has[0] |= its == slot);
                if (has[0] && one.address().equals("127.0.0.1:" + node.port())) {
                    return;
                }
            }
            assertThat(System.nanoTime())
                    .as("slot %s is not known to be on %s", slot, node.port())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    /** What concerns all nodes is asked when what is open has found its node. */
    @ParameterizedTest
    @MethodSource("servers")
    void whatConcernsAllNodesDoesNotOvertakeWhatIsRedirected(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            int slot = slot("{m}");
            TestServer from = cluster.owner(slot, cluster.nodes.get(0));
            cluster.move(slot, from, cluster.nodes.get((cluster.nodes.indexOf(from) + 1) % 3));
            client.write(RawClient.encode("SET", "{m}k", "v")
                    + RawClient.encode("DBSIZE")
                    + RawClient.encode("FLUSHALL")
                    + RawClient.encode("GET", "{m}k"));
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.read()).isEqualTo(":1\r\n");
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.read()).isEqualTo("$-1\r\n");
        }
    }

    /** Only calls for the same slot can be overtaken: what is with a node that does not answer holds up no other slot. */
    @ParameterizedTest
    @MethodSource("one")
    void aNodeThatIsSilentDoesNotHoldUpOtherSlots(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of("timeout", "10m"), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            for (TestServer node : cluster.nodes) {
                TestCluster.call(node, "CONFIG", "SET", "cluster-node-timeout", "60000");
            }
            TestServer silent = cluster.owner(slot("foo"), cluster.nodes.get(0));
            TestServer from = cluster.owner(slot("a1"), cluster.nodes.get(0));
            assertThat(client.call("GET", "foo") + client.call("SET", "a1", "v"))
                    .isEqualTo("$-1\r\n+OK\r\n");
            TestServer to = cluster.nodes.stream()
                    .filter(node -> node != silent && node != from)
                    .findFirst()
                    .orElseThrow();
            assertThat(from).isNotSameAs(silent);
            cluster.move(slot("a1"), from, to);
            long frozen = silent.freeze();
            try {
                client.write(RawClient.encode("GET", "a1") + RawClient.encode("GET", "foo"));
                assertThat(client.read()).isEqualTo("$1\r\nv\r\n");
            } finally {
                TestServer.thaw(frozen);
            }
            assertThat(client.read()).isEqualTo("$-1\r\n");
        }
    }

    /** Slots of two clusters have the same numbers, and move at the same time. */
    @ParameterizedTest
    @MethodSource("one")
    void eachClusterKeepsItsKeys(String name) throws Exception {
        try (TestCluster first = TestCluster.start(name, 3, 0);
                TestCluster second = TestCluster.start(name, 3, 0);
                Proxy proxy = Proxy.builder().start(two(first, second));
                RawClient client = TestCluster.connect(proxy)) {
            while (client.call("EXISTS", "b:{m}").startsWith("-")) {
                Thread.sleep(10);
            }
            int slot = slot("{m}");
            for (TestCluster cluster : List.of(first, second)) {
                TestServer from = cluster.owner(slot, cluster.nodes.get(0));
                cluster.move(slot, from, cluster.nodes.get((cluster.nodes.indexOf(from) + 1) % 3));
            }
            client.write(RawClient.encode("SET", "a:{m}", "1") + RawClient.encode("SET", "b:{m}", "2"));
            assertThat(client.read() + client.read()).isEqualTo("+OK\r\n+OK\r\n");
            assertThat(TestCluster.call(first.owner(slot, first.nodes.get(0)), "GET", "a:{m}"))
                    .isEqualTo("1");
            assertThat(TestCluster.call(second.owner(slot, second.nodes.get(0)), "GET", "b:{m}"))
                    .isEqualTo("2");
        }
    }

    private static ProxyConfig two(TestCluster first, TestCluster second) {
        List<Map<String, ?>> routes = List.of(Map.of("prefix", "b:", "cluster", "second"), Map.of("cluster", "first"));
        return ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name",
                        "cache",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(Map.of("type", "redis_proxy", "routes", routes)))),
                "clusters",
                List.of(found("first", first), found("second", second))));
    }

    private static Map<String, ?> found(String name, TestCluster cluster) {
        String seed = "127.0.0.1:" + cluster.nodes.get(0).port();
        return Map.of(
                "name", name, "discovery", Map.of("type", "redis_cluster", "seeds", List.of(seed), "refresh", "1h"));
    }
}
