package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real Redis Cluster of six nodes whose slots and masters change under the load of clients that know nothing of it. */
@Tag("slow")
final class RedisClusterChangesIT {
    private static final int CLIENTS = 6;
    private static final Pattern CALLS = Pattern.compile("cmdstat_get:calls=(\\d+)");

    static List<String> servers() {
        return TestServer.available();
    }

    /** Clients that each count in keys of their own, in pipelines, and check every answer. */
    private static final class Load implements AutoCloseable {
        private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        private final List<Future<?>> running = new ArrayList<>();
        private final AtomicBoolean stop = new AtomicBoolean();
        final AtomicLong done = new AtomicLong();
        final Queue<String> errors = new ConcurrentLinkedQueue<>();

        /** @param strict whether an answer that never came may have been carried out: then the next count may be higher */
        Load(Proxy proxy, boolean strict) {
            for (int c = 0; c < CLIENTS; c++) {
                int client = c;
                running.add(clients.submit(() -> {
                    run(proxy, client, strict);
                    return null;
                }));
            }
        }

        private void run(Proxy proxy, int number, boolean strict) throws Exception {
            Random random = new Random(number);
            long[] counts = new long[64];
            try (RawClient client = TestCluster.connect(proxy)) {
                while (!stop.get()) {
                    int n = 1 + random.nextInt(20);
                    int[] keys = random.ints(n, 0, counts.length).toArray();
                    StringBuilder bytes = new StringBuilder();
                    for (int key : keys) {
                        bytes.append(RawClient.encode("INCR", "c" + number + ":" + key));
                        bytes.append(RawClient.encode("GET", "c" + number + ":" + key));
                    }
                    client.write(bytes.toString());
                    for (int key : keys) {
                        check(counts, key, client.read(), client.read(), strict);
                    }
                }
            }
        }

        private void check(long[] counts, int key, String counted, String got, boolean strict) {
            if (counted.startsWith("-") || got.startsWith("-")) {
                errors.add(counted.startsWith("-") ? counted : got);
                if (counted.startsWith(":")) {
                    counts[key] = Long.parseLong(counted.substring(1).strip());
                }
                return;
            }
            long now = Long.parseLong(counted.substring(1).strip());
            if (strict) {
                assertThat(now).isEqualTo(counts[key] + 1);
            }
            counts[key] = now;
            assertThat(got).isEqualTo("$" + String.valueOf(now).length() + "\r\n" + now + "\r\n");
            done.incrementAndGet();
        }

        /** Until so many more have gone well. */
        void await(long more) throws Exception {
            long wanted = done.get() + more;
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
            while (done.get() < wanted) {
                for (Future<?> one : running) {
                    if (one.isDone()) {
                        one.get(); // its problem
                    }
                }
                if (System.nanoTime() > end) {
                    throw new IOException("too few commands go well; the last errors: " + errors);
                }
                Thread.sleep(10);
            }
        }

        void end() throws Exception {
            stop.set(true);
            for (Future<?> one : running) {
                one.get(60, TimeUnit.SECONDS);
            }
        }

        @Override
        public void close() {
            stop.set(true);
            clients.shutdownNow();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void nobodyNoticesThatSlotsMove(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(meters, Map.of(), Map.of());
                Load load = new Load(proxy, true)) {
            load.await(1_000);
            if (TestCluster.hasCli()) {
                TestServer to = cluster.nodes.get(0);
                TestCluster.cli(List.of(
                        "--cluster",
                        "reshard",
                        "127.0.0.1:" + to.port(),
                        "--cluster-from",
                        "all",
                        "--cluster-to",
                        TestCluster.id(to),
                        "--cluster-slots",
                        "1500",
                        "--cluster-yes"));
            } else {
                for (int key = 0; key < 40; key++) {
                    byte[] bytes =
                            ("c" + key % CLIENTS + ":" + key).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                    int slot = Slots.of(bytes, bytes.length);
                    TestServer from = cluster.owner(slot, cluster.nodes.get(0));
                    cluster.move(slot, from, cluster.nodes.get((cluster.nodes.indexOf(from) + 1) % 3));
                }
            }
            load.await(1_000);
            load.end();
            assertThat(load.errors).isEmpty();
            assertThat(meters.get("weir_redis_proxy_redirections").counter().count())
                    .isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void nobodyNoticesAPlannedFailOver(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 1);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), Map.of());
                Load load = new Load(proxy, true)) {
            load.await(1_000);
            for (int i = 0; i < 2; i++) {
                TestServer master = cluster.having("master").get(i);
                TestServer replica = cluster.replicaOf(master);
                assertThat(TestCluster.call(replica, "CLUSTER", "FAILOVER")).isEqualTo("OK");
                TestCluster.await(replica, "INFO replication", "role:master\r");
                load.await(1_000);
            }
            load.end();
            assertThat(load.errors).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aDeadMasterIsReplaced(String name) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 1);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of("timeout", "1s"), Map.of());
                Load load = new Load(proxy, false)) {
            load.await(1_000);
            TestServer master = cluster.having("master").get(0);
            TestServer replica = cluster.replicaOf(master);
            master.kill();
            cluster.nodes.remove(master);
            TestCluster.await(replica, "INFO replication", "role:master\r");
            for (TestServer node : cluster.nodes) {
                TestCluster.await(node, "CLUSTER INFO", "cluster_state:ok");
            }
            assertThat(load.errors).anyMatch(error -> error.contains("127.0.0.1:" + master.port()));
            // Whoever asks the nodes does so once a second.
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            do {
                assertThat(System.nanoTime()).isLessThan(end);
                load.errors.clear();
                load.await(5_000);
            } while (!load.errors.isEmpty());
            load.end();
            assertThat(load.errors).isEmpty();
            master.close();
        }
    }

    /** Whom reads are sent to, and that they go elsewhere when a replica dies. */
    @Test
    void replicasAnswerReads() throws Exception {
        String name = TestServer.available().get(TestServer.available().size() - 1);
        try (TestCluster cluster = TestCluster.start(name, 3, 1)) {
            for (String policy : List.of("primary", "replica", "prefer_replica", "any", "lowest_latency")) {
                cluster.nodes.forEach(RedisClusterChangesIT::resetStatistics);
                try (Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of("read_policy", policy), Map.of());
                        RawClient client = TestCluster.connect(proxy)) {
                    for (int i = 0; i < 40; i++) {
                        assertThat(client.call("SET", "k" + i, "v" + i)).isEqualTo("+OK\r\n");
                    }
                    awaitReplicated(cluster);
                    for (int i = 0; i < 400; i++) {
                        assertThat(client.call("GET", "k" + i % 40)).endsWith("v" + i % 40 + "\r\n");
                    }
                }
                long masters = reads(cluster.having("master"));
                long replicas = reads(cluster.having("slave"));
                assertThat(masters + replicas).isEqualTo(400);
                switch (policy) {
                    case "primary" -> assertThat(replicas).isZero();
                    case "replica", "prefer_replica" -> assertThat(masters).isZero();
                    case "any" -> assertThat(masters).isBetween(150L, 250L);
                    default -> assertThat(replicas).isPositive();
                }
            }
            replicasDie(cluster);
        }
    }

    private static void replicasDie(TestCluster cluster) throws Exception {
        try (Proxy preferring =
                        cluster.proxy(new SimpleMeterRegistry(), Map.of("read_policy", "prefer_replica"), Map.of());
                Proxy insisting = cluster.proxy(new SimpleMeterRegistry(), Map.of("read_policy", "replica"), Map.of());
                RawClient one = TestCluster.connect(preferring);
                RawClient two = TestCluster.connect(insisting)) {
            for (TestServer replica : cluster.having("slave")) {
                replica.kill();
                cluster.nodes.remove(replica);
                for (int i = 0; i < 40; i++) {
                    assertThat(one.call("GET", "k" + i)).endsWith("v" + i + "\r\n");
                }
            }
            assertThat(two.call("GET", "k1")).startsWith("-ERR ");
            assertThat(two.call("SET", "k1", "new")).isEqualTo("+OK\r\n");
            assertThat(one.call("MGET", "k1", "k2")).isEqualTo("*2\r\n$3\r\nnew\r\n$2\r\nv2\r\n");
        }
    }

    private static void resetStatistics(TestServer node) {
        try {
            TestCluster.call(node, "CONFIG", "RESETSTAT");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void awaitReplicated(TestCluster cluster) throws Exception {
        for (TestServer master : cluster.having("master")) {
            assertThat(TestCluster.call(master, "WAIT", "1", "10000")).isNotNull();
        }
        Pattern offset = Pattern.compile("(?:master|slave)_repl_offset:(\\d+)");
        for (TestServer replica : cluster.having("slave")) {
            Matcher port =
                    Pattern.compile("master_port:(\\d+)").matcher(TestCluster.call(replica, "INFO", "replication"));
            assertThat(port.find()).isTrue();
            TestServer master = cluster.node(Integer.parseInt(port.group(1)));
            long wanted = number(offset, TestCluster.call(master, "INFO", "replication"));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (number(offset, TestCluster.call(replica, "INFO", "replication")) < wanted) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(10);
            }
        }
    }

    private static long reads(List<TestServer> nodes) throws IOException {
        long sum = 0;
        for (TestServer node : nodes) {
            Matcher calls = CALLS.matcher(TestCluster.call(node, "INFO", "commandstats"));
            sum += calls.find() ? Long.parseLong(calls.group(1)) : 0;
        }
        return sum;
    }

    private static long number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** Of the keys of an MGET only those whose slot nobody has fail. */
    @Test
    void whatNobodyHasFailsAlone() throws Exception {
        try (TestCluster cluster = TestCluster.start("embedded", 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), Map.of("refresh", "1s"));
                RawClient client = TestCluster.connect(proxy)) {
            String slot = "15495"; // of "a"
            assertThat(client.call("MSET", "a", "1", "foo", "2", "bar", "3")).isEqualTo("+OK\r\n");
            assertThat(client.call("DEL", "a")).isEqualTo(":1\r\n");
            for (TestServer node : cluster.nodes) {
                TestCluster.call(node, "CONFIG", "SET", "cluster-require-full-coverage", "no");
                assertThat(TestCluster.call(node, "CLUSTER", "DELSLOTS", slot)).isEqualTo("OK");
            }
            String none = "-ERR cluster c: no shard is known to have slot " + slot + "\r\n";
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!client.call("GET", "a").equals(none) && System.nanoTime() < end) {
                Thread.sleep(20);
            }
            assertThat(client.call("MGET", "foo", "a", "bar")).isEqualTo("*3\r\n$1\r\n2\r\n" + none + "$1\r\n3\r\n");
            assertThat(client.call("MGET", "a")).isEqualTo(none);
            assertThat(client.call("DEL", "foo", "a")).isEqualTo(none);
            assertThat(client.call("EXISTS", "foo")).isEqualTo(":1\r\n");
        }
    }
}
