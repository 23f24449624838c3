package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code redis_proxy} before a real Redis Cluster: clients see one server, wherever slots are and while they move. */
final class RedisClusterIT {
    /** Seldom enough that what is tested happens by redirections alone. */
    private static final Map<String, ?> SELDOM = Map.of("refresh", "1h");

    static List<String> servers() {
        return TestServer.available();
    }

    private static int slot(String key) {
        byte[] bytes = key.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        return Slots.of(bytes, bytes.length);
    }

    private static double count(SimpleMeterRegistry meters, String name) {
        return meters.get(name).counter().count();
    }

    private static void awaitMore(SimpleMeterRegistry meters, String name, int more) throws Exception {
        double wanted = count(meters, name) + more;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (count(meters, name) < wanted) {
            assertThat(System.nanoTime())
                    .as("%s is %s, not %s", name, count(meters, name), wanted)
                    .isLessThan(end);
            Thread.sleep(5);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void clientsSeeOneServer(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(meters, Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            List<String> mset = new ArrayList<>(List.of("MSET"));
            List<String> mget = new ArrayList<>(List.of("MGET"));
            StringBuilder values = new StringBuilder("*300\r\n");
            TreeSet<String> keys = new TreeSet<>();
            for (int i = 0; i < 300; i++) {
                String key = i % 3 == 0 ? "{t" + i % 7 + "}" + i : "key:" + i;
                keys.add(key);
                mset.addAll(List.of(key, "v" + i));
                mget.add(key);
                values.append(RawClient.encode("v" + i).substring(4));
                assertThat(TestCluster.call(cluster.nodes.get(0), "CLUSTER", "KEYSLOT", key))
                        .isEqualTo(String.valueOf(slot(key)));
            }
            assertThat(client.call(mset.toArray(new String[0]))).isEqualTo("+OK\r\n");
            assertThat(client.call(mget.toArray(new String[0]))).isEqualTo(values.toString());
            assertThat(client.call("DBSIZE")).isEqualTo(":300\r\n");
            for (TestServer node : cluster.nodes) {
                assertThat(Long.parseLong(TestCluster.call(node, "DBSIZE"))).isBetween(50L, 150L);
            }
            assertThat(scan(client)).isEqualTo(keys);
            assertThat(client.call("SUNION", "a", "b")).startsWith("-CROSSSLOT ");
            assertThat(client.call("RENAME", "{t1}1", "{t1}x")).startsWith("-ERR no such key");
            assertThat(client.call("RENAME", "{t3}3", "{t3}x")).isEqualTo("+OK\r\n");
            assertThat(client.call("SELECT", "1")).startsWith("-ERR ");
            assertThat(client.call("RANDOMKEY")).startsWith("$");
            assertThat(client.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "{t3}x"))
                    .isEqualTo("$2\r\nv3\r\n");
            mget.set(0, "DEL");
            assertThat(client.call(mget.toArray(new String[0]))).isEqualTo(":299\r\n");
            assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
            assertThat(client.call("DBSIZE")).isEqualTo(":0\r\n");
            assertThat(count(meters, "weir_redis_proxy_redirections")).isZero();
        }
    }

    private static Set<String> scan(RawClient client) throws Exception {
        TreeSet<String> found = new TreeSet<>();
        String cursor = "0";
        do {
            List<String> lines =
                    List.of(client.call("SCAN", cursor, "COUNT", "20").split("\r\n", -1));
            cursor = lines.get(2);
            for (int i = 5; i < lines.size(); i += 2) {
                assertThat(found.add(lines.get(i))).as(lines.get(i)).isTrue();
            }
        } while (!cursor.equals("0"));
        return found;
    }

    @ParameterizedTest
    @MethodSource("servers")
    void followsAKeyWhileItsSlotMoves(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(meters, Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            int slot = slot("{m}");
            TestServer from = cluster.owner(slot, cluster.nodes.get(0));
            TestServer to = cluster.nodes.get(cluster.nodes.get(0) == from ? 1 : 0);
            assertThat(client.call("MSET", "{m}1", "a", "{m}2", "b")).isEqualTo("+OK\r\n");
            assertThat(client.call("RPUSH", "{m}l", "x", "y")).isEqualTo(":2\r\n");

            TestCluster.beginMove(slot, from, to);
            assertThat(client.call("GET", "{m}1")).isEqualTo("$1\r\na\r\n");
            assertThat(client.call("SET", "{m}new", "n")).isEqualTo("+OK\r\n"); // ASK: it is not there
            assertThat(TestCluster.call(to, "DBSIZE")).isEqualTo("1");
            assertThat(client.call("GET", "{m}new")).isEqualTo("$1\r\nn\r\n");
            assertThat(TestCluster.moveKeys(slot, 1, from, to)).isEqualTo(1);
            assertThat(client.call("GET", "{m}1")).isEqualTo("$1\r\na\r\n");
            assertThat(client.call("GET", "{m}2")).isEqualTo("$1\r\nb\r\n");
            assertThat(client.call("MGET", "{m}1", "{m}2", "{m}new")).startsWith("-TRYAGAIN ");
            assertThat(client.call("LLEN", "{m}l")).isEqualTo(":2\r\n");
            assertThat(count(meters, "weir_redis_proxy_redirections")).isGreaterThan(2);

            // Half of it is here and half of it there: it waits, and what is sent behind it does as well.
            String all = "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nn\r\n";
            client.send("MGET", "{m}1", "{m}2", "{m}new");
            awaitMore(meters, "weir_redis_proxy_redirections", 2);
            client.send("SET", "{m}new", "m");
            awaitMore(meters, "weir_redis_proxy_redirections", 5);
            while (TestCluster.moveKeys(slot, 10, from, to) > 0) {}
            assertThat(client.read()).isEqualTo(all);
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.call("SET", "{m}new", "n")).isEqualTo("+OK\r\n");
            cluster.endMove(slot, from, to);
            assertThat(client.call("MGET", "{m}1", "{m}2", "{m}new")).isEqualTo(all);
            double redirected = count(meters, "weir_redis_proxy_redirections");
            assertThat(client.call("LRANGE", "{m}l", "0", "-1")).isEqualTo("*2\r\n$1\r\nx\r\n$1\r\ny\r\n");
            assertThat(client.call("DEL", "{m}1", "{m}2", "{m}new", "{m}l")).isEqualTo(":4\r\n");
            assertThat(count(meters, "weir_redis_proxy_redirections"))
                    .as("it has learned where the slot is")
                    .isEqualTo(redirected);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aNodeWithoutSlotsIsFoundWhenKeysGoThere(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(meters, Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            TestServer fresh = cluster.add();
            TestCluster.call(cluster.nodes.get(0), "CLUSTER", "MEET", "127.0.0.1", String.valueOf(fresh.port()));
            cluster.awaitNodes();
            int slot = slot("{m}");
            TestServer from = cluster.owner(slot, cluster.nodes.get(0));
            TestCluster.await(fresh, "CLUSTER INFO", "cluster_state:ok");
            TestCluster.beginMove(slot, from, fresh);
            // Nobody has told the proxy of this node; what follows waits until it has asked.
            StringBuilder bytes = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                bytes.append(RawClient.encode("INCR", "{m}n"));
            }
            client.write(bytes.toString());
            StringBuilder answers = new StringBuilder();
            for (int i = 1; i <= 20; i++) {
                answers.append(client.read());
            }
            assertThat(answers.toString()).isEqualTo(numbers(1, 20));
            cluster.endMove(slot, from, fresh);
            assertThat(client.call("INCR", "{m}n")).isEqualTo(":21\r\n");
            assertThat(TestCluster.call(fresh, "GET", "{m}n")).isEqualTo("21");
        }
    }

    private static String numbers(int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i <= to; i++) {
            text.append(':').append(i).append("\r\n");
        }
        return text.toString();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whoBlocksAndWhoTransactsFollowsTheSlot(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient waiting = TestCluster.connect(proxy);
                RawClient client = TestCluster.connect(proxy)) {
            int slot = slot("{m}");
            TestServer from = cluster.owner(slot, cluster.nodes.get(0));
            TestServer to = cluster.nodes.get(cluster.nodes.get(0) == from ? 1 : 0);
            waiting.send("BLPOP", "{m}l", "0");
            TestCluster.await(from, "INFO clients", "blocked_clients:1\r");
            cluster.move(slot, from, to);
            TestCluster.await(to, "INFO clients", "blocked_clients:1\r");
            // The first one that comes learns that the slot has gone, and is told so: nothing of it was carried out.
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            String queued = client.call("SET", "{m}first", "v");
            assertThat(client.call("EXEC")).startsWith(queued.startsWith("+") ? "*1" : "-EXECABORT ");
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("RPUSH", "{m}l", "x")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("SET", "{m}k", "v")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("SET", "{other}k", "v")).startsWith("-CROSSSLOT ");
            assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("RPUSH", "{m}l", "x")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("EXEC")).isEqualTo("*1\r\n:1\r\n");
            assertThat(waiting.read()).isEqualTo("*2\r\n$4\r\n{m}l\r\n$1\r\nx\r\n");
            assertThat(waiting.call("GET", "{m}k")).isEqualTo("$-1\r\n");
        }
    }

    /** Nobody else has told of the slot: the first transaction learns it, the second one goes there. */
    @ParameterizedTest
    @MethodSource("servers")
    void aTransactionLearnsThatItsSlotHasGone(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            for (String[] first : new String[][] {{"WATCH", "{m}k"}, {"MULTI"}}) {
                int slot = slot("{m}");
                TestServer from = cluster.settled(slot);
                cluster.move(slot, from, cluster.nodes.get((cluster.nodes.indexOf(from) + 1) % 3));
                TestServer to = cluster.settled(slot);
                if (first[0].equals("WATCH")) {
                    assertThat(client.call(first)).startsWith("-TRYAGAIN ");
                } else {
                    assertThat(client.call(first)).isEqualTo("+OK\r\n");
                    assertThat(client.call("SET", "{m}k", "v")).startsWith("-TRYAGAIN ");
                    assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
                }
                assertThat(client.call("WATCH", "{m}k")).isEqualTo("+OK\r\n");
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call("SET", "{m}k", first[0])).isEqualTo("+QUEUED\r\n");
                assertThat(client.call("EXEC")).isEqualTo("*1\r\n+OK\r\n");
                assertThat(TestCluster.call(to, "GET", "{m}k")).isEqualTo(first[0]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void largeValuesGoWhereTheirSlotIs(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient client = TestCluster.connect(proxy)) {
            int slot = slot("{m}");
            TestServer from = cluster.owner(slot, cluster.nodes.get(0));
            TestServer to = cluster.nodes.get(cluster.nodes.get(0) == from ? 1 : 0);
            String large = "x".repeat(3_000_000);
            assertThat(client.call("SET", "{m}0", large)).isEqualTo("+OK\r\n");
            TestCluster.beginMove(slot, from, to);
            assertThat(client.call("SET", "{m}1", large)).isEqualTo("+OK\r\n"); // ASK
            assertThat(TestCluster.call(to, "DBSIZE")).isEqualTo("1");
            while (TestCluster.moveKeys(slot, 10, from, to) > 0) {}
            cluster.endMove(slot, from, to);
            assertThat(client.call("SET", "{m}2", large)).isEqualTo("+OK\r\n"); // MOVED
            assertThat(client.call("STRLEN", "{m}0")).isEqualTo(":3000000\r\n");
            assertThat(client.call("GET", "{m}1")).isEqualTo("$3000000\r\n" + large + "\r\n");
            assertThat(TestCluster.call(to, "DBSIZE")).isEqualTo("3");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void messagesAreHeardOnceWhereverTheyArePublished(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), SELDOM);
                RawClient listener = TestCluster.connect(proxy);
                RawClient client = TestCluster.connect(proxy)) {
            assertThat(listener.call("SUBSCRIBE", "news")).contains("subscribe");
            assertThat(listener.call("PSUBSCRIBE", "n*")).contains("psubscribe");
            for (TestServer node : cluster.nodes) {
                TestCluster.call(node, "PUBLISH", "news", "from " + node.port());
            }
            StringBuilder heard = new StringBuilder();
            for (int i = 0; i < 6; i++) {
                heard.append(listener.read());
            }
            for (TestServer node : cluster.nodes) {
                assertThat(heard.toString().split("from " + node.port(), -1)).hasSize(3);
            }
            client.call("PUBLISH", "news", "last");
            assertThat(listener.read() + listener.read()).contains("$7\r\nmessage", "$8\r\npmessage");
            // And no further one: what comes next is what was asked.
            assertThat(listener.call("PING")).contains("pong");
        }
    }
}
