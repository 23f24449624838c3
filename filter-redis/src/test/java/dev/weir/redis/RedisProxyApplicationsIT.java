package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.resps.ScanResult;

/** What services on Spring and their like do with Lettuce and Jedis, each left at its defaults, through three shards. */
final class RedisProxyApplicationsIT {
    private static final long PATIENCE_SECONDS = 60;

    static List<String> servers() {
        return TestServer.available();
    }

    private static ShardedBed bed(String name) throws Exception {
        return ShardedBed.of(List.of(name, name, name), Map.of());
    }

    private static RedisClient lettuce(ShardedBed bed, @Nullable ProtocolVersion version) {
        RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", bed.port()));
        if (version != null) {
            client.setOptions(ClientOptions.builder()
                    .protocolVersion(version)
                    .pingBeforeActivateConnection(true)
                    .build());
        }
        return client;
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @MethodSource("servers")
    @SuppressWarnings("unchecked") // Lettuce takes generic arguments in any number
    void lettuceOfEitherVersion(String name) throws Exception {
        try (ShardedBed bed = bed(name)) {
            for (ProtocolVersion version : ProtocolVersion.values()) {
                try (RedisClient client = lettuce(bed, version);
                        StatefulRedisConnection<String, String> connection = client.connect()) {
                    RedisCommands<String, String> sync = connection.sync();
                    assertThat(sync.ping()).isEqualTo("PONG");
                    assertThat(sync.clientInfo()).contains(version == ProtocolVersion.RESP3 ? "resp=3" : "resp=2");
                    assertThat(sync.clientInfo()).contains("lib-name=Lettuce");
                    // As Spring Session and Spring Cache do.
                    assertThat(sync.set("lock", "me", SetArgs.Builder.nx().ex(60)))
                            .isEqualTo("OK");
                    assertThat(sync.set("lock", "you", SetArgs.Builder.nx())).isNull();
                    assertThat(sync.hset("session", Map.of("a", "1", "b", "2"))).isEqualTo(2);
                    assertThat(sync.expire("session", 1_800)).isTrue();
                    assertThat(sync.hgetall("session")).isEqualTo(new TreeMap<>(Map.of("a", "1", "b", "2")));
                    assertThat(sync.zadd("z", 1.5, "m")).isEqualTo(1);
                    assertThat(sync.zscore("z", "m")).isEqualTo(1.5);
                    String sha = sync.scriptLoad("return redis.call('incrby', KEYS[1], ARGV[1])");
                    for (int i = 0; i < 20; i++) {
                        Long result =
                                sync.evalsha(sha, ScriptOutputType.INTEGER, new String[] {"n" + i}, String.valueOf(i));
                        assertThat(result).isEqualTo(i);
                    }
                    assertThat(sync.blpop(0.05, "none")).isNull();
                    sync.rpush("queue", "job");
                    assertThat(sync.blpop(PATIENCE_SECONDS, "queue")).isEqualTo(KeyValue.just("queue", "job"));
                    sync.xgroupCreate(
                            XReadArgs.StreamOffset.from("s", "0"),
                            "g",
                            io.lettuce.core.XGroupCreateArgs.Builder.mkstream());
                    sync.xadd("s", Map.of("f", "v"));
                    assertThat(sync.xreadgroup(
                                    io.lettuce.core.Consumer.from("g", "c"),
                                    XReadArgs.Builder.block(1_000),
                                    XReadArgs.StreamOffset.lastConsumed("s")))
                            .hasSize(1)
                            .allSatisfy(message -> assertThat(message.getBody()).isEqualTo(Map.of("f", "v")));
                    assertThat(sync.info("server")).contains("redis_version");
                    assertThat(sync.flushall()).isEqualTo("OK");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void lettuceInBatches(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RedisClient client = lettuce(bed, null);
                StatefulRedisConnection<String, String> connection = client.connect()) {
            connection.setAutoFlushCommands(false);
            Map<RedisFuture<?>, Object> expected = new HashMap<>();
            for (int i = 0; i < 2_000; i++) {
                expected.put(connection.async().set("k" + i, "v" + i), "OK");
                expected.put(connection.async().get("k" + i), "v" + i);
            }
            RedisFuture<Long> bad = connection.async().incr("k7");
            expected.put(connection.async().strlen("k1999"), 5L);
            connection.flushCommands();
            for (Map.Entry<RedisFuture<?>, Object> one : expected.entrySet()) {
                assertThat((Object) get(one.getKey())).isEqualTo(one.getValue());
            }
            assertThatThrownBy(() -> get(bad))
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("not an integer");
            connection.setAutoFlushCommands(true);

            TreeSet<String> scanned = new TreeSet<>();
            ScanIterator.scan(
                            connection.sync(), ScanArgs.Builder.matches("k1??").limit(70))
                    .forEachRemaining(scanned::add);
            assertThat(scanned).hasSize(100);
            assertThat(connection.sync().del(scanned.toArray(new String[0]))).isEqualTo(100);
            assertThat(connection.sync().dbsize()).isEqualTo(1_900);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void lettuceWatchesAndCommits(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RedisClient client = lettuce(bed, null);
                StatefulRedisConnection<String, String> one = client.connect();
                StatefulRedisConnection<String, String> two = client.connect()) {
            RedisCommands<String, String> sync = one.sync();
            sync.set("{acc}a", "1");
            for (boolean disturbed : new boolean[] {true, false}) {
                sync.watch("{acc}a");
                sync.get("{acc}a");
                if (disturbed) {
                    two.sync().incr("{acc}a");
                }
                sync.multi();
                sync.incrby("{acc}a", 10);
                sync.hset("{acc}log", "last", "10");
                TransactionResult result = sync.exec();
                assertThat(result.wasDiscarded()).isEqualTo(disturbed);
            }
            assertThat(sync.get("{acc}a")).isEqualTo("12");
            assertThat(sync.hget("{acc}log", "last")).isEqualTo("10");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void lettuceGoesOnWhereAShardIsAway(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RedisClient client = lettuce(bed, null);
                StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> sync = connection.sync();
            TestServer lost = bed.shards.get(1);
            Map<String, Boolean> onLost = new TreeMap<>();
            for (int i = 0; i < 40; i++) {
                sync.set("k" + i, "v" + i);
                try (TestServer.Client direct = lost.connect()) {
                    onLost.put("k" + i, Long.valueOf(1).equals(direct.call("EXISTS", "k" + i)));
                }
            }
            assertThat(onLost.values()).contains(true, false);
            lost.close();
            onLost.forEach((key, away) -> {
                if (away) {
                    assertThatThrownBy(() -> sync.get(key))
                            .hasMessageContaining("shard 127.0.0.1:" + lost.port() + " of cluster c: ");
                } else {
                    assertThat(sync.get(key)).isEqualTo(key.replace('k', 'v'));
                }
            });
            // An error among the values: the driver has no place for it and fails the whole command, but goes on.
            assertThatThrownBy(() -> sync.mget(onLost.keySet().toArray(new String[0])))
                    .hasMessageContaining("shard 127.0.0.1:" + lost.port());
            assertThat(sync.ping()).isEqualTo("PONG");
            try (UnifiedJedis jedis = redis.clients.jedis.RedisClient.create("127.0.0.1", bed.port())) {
                // Jedis takes the error for a value; its connection is as good as before.
                assertThatThrownBy(() -> jedis.mget(onLost.keySet().toArray(new String[0])))
                        .isInstanceOf(ClassCastException.class);
                assertThat(jedis.ping()).isEqualTo("PONG");
            }
            bed.shards.set(1, TestServer.startOn(name, lost.port()));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (true) {
                try {
                    assertThat(sync.mget(onLost.keySet().toArray(new String[0])))
                            .hasSize(40);
                    break;
                } catch (RuntimeException e) {
                    assertThat(e).hasMessageContaining("shard 127.0.0.1:" + lost.port());
                    assertThat(System.nanoTime()).isLessThan(end);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void jedisWithAPoolOfManyThreads(String name) throws Exception {
        int threads = 12;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try (ShardedBed bed = bed(name);
                UnifiedJedis jedis = redis.clients.jedis.RedisClient.create("127.0.0.1", bed.port())) {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int number = i;
                work.add(executor.submit(() -> {
                    start.await();
                    for (int round = 0; round < 20; round++) {
                        jedisRound(jedis, number, round);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> one : work) {
                get(one);
            }
            assertThat(jedis.get("{all}n")).isEqualTo(String.valueOf(threads * 20));
            assertThat(jedis.llen("{all}l")).isEqualTo(threads * 20L);
            TreeSet<String> scanned = new TreeSet<>();
            String cursor = ScanParams.SCAN_POINTER_START;
            do {
                ScanResult<String> result =
                        jedis.scan(cursor, new ScanParams().match("own:*").count(20));
                scanned.addAll(result.getResult());
                cursor = result.getCursor();
            } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
            assertThat(scanned).hasSize(threads * 20);
        } finally {
            executor.shutdownNow();
        }
    }

    private static void jedisRound(UnifiedJedis jedis, int thread, int round) {
        String own = "own:" + thread + ":" + round;
        assertThat(jedis.set(own, "x", SetParams.setParams().nx().ex(600))).isEqualTo("OK");
        assertThat(jedis.mget(own, "absent", own)).containsExactly("x", null, "x");
        try (AbstractPipeline pipeline = jedis.pipelined()) {
            List<Response<Long>> lengths = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                pipeline.set("p:" + thread + ":" + i, "y".repeat(i + round));
                lengths.add(pipeline.strlen("p:" + thread + ":" + i));
            }
            Response<Long> bad = pipeline.incr(own);
            pipeline.sync();
            for (int i = 0; i < 30; i++) {
                assertThat(lengths.get(i).get()).isEqualTo(i + round);
            }
            assertThatThrownBy(bad::get).isInstanceOf(JedisDataException.class);
        }
        try (AbstractTransaction transaction = jedis.multi()) {
            Response<Long> count = transaction.incr("{all}n");
            transaction.rpush("{all}l", own);
            assertThat(transaction.exec()).hasSize(2);
            assertThat(count.get()).isPositive();
        }
        assertThat(jedis.eval("return ARGV[1]", 1, own, own)).isEqualTo(own);
    }
}
