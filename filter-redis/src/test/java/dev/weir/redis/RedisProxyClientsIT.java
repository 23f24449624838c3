package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisDataException;

/** Real clients with their defaults through {@code redis_proxy} to three shards. */
final class RedisProxyClientsIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static ShardedBed bed(String name) throws Exception {
        return ShardedBed.of(List.of(name, name, name), Map.of());
    }

    @ParameterizedTest
    @MethodSource("servers")
    void lettuceWithItsDefaults(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", bed.port()));
                StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> sync = connection.sync();
            TreeSet<String> keys = new TreeSet<>();
            List<RedisFuture<String>> sets = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                sets.add(connection.async().set("k" + i, "v" + i));
                keys.add("k" + i);
            }
            for (RedisFuture<String> set : sets) {
                assertThat(set.get(60, TimeUnit.SECONDS)).isEqualTo("OK");
            }
            assertThat(sync.mget("k1", "absent", "k499").stream()
                            .map(value -> value.getValueOrElse("none"))
                            .toList())
                    .containsExactly("v1", "none", "v499");
            TreeSet<String> scanned = new TreeSet<>();
            KeyScanCursor<String> cursor = sync.scan(ScanArgs.Builder.limit(50));
            scanned.addAll(cursor.getKeys());
            while (!cursor.isFinished()) {
                cursor = sync.scan(cursor, ScanArgs.Builder.limit(50));
                scanned.addAll(cursor.getKeys());
            }
            assertThat(scanned).isEqualTo(keys);
            sync.multi();
            sync.incr("{t}n");
            sync.hset("{t}h", "f", "v");
            TransactionResult result = sync.exec();
            assertThat(result.wasDiscarded()).isFalse();
            assertThat((Long) result.get(0)).isEqualTo(1L);
            assertThat(sync.hgetall("{t}h")).isEqualTo(Map.of("f", "v"));
            sync.select(2);
            assertThat(sync.get("k1")).isNull();
            assertThat(sync.clientList()).contains(" db=2 ").contains(" lib-name=Lettuce ");
            assertThatThrownBy(() -> sync.clientPause(1))
                    .isInstanceOf(RedisCommandExecutionException.class)
                    .hasMessageContaining("CLIENT PAUSE is not supported by redis_proxy");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void lettuceSubscribes(String name) throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (ShardedBed bed = bed(name);
                RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", bed.port()));
                StatefulRedisPubSubConnection<String, String> listener = client.connectPubSub();
                StatefulRedisConnection<String, String> sender = client.connect()) {
            listener.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(channel + '=' + message);
                }

                @Override
                public void message(String pattern, String channel, String message) {
                    heard.add(pattern + ' ' + channel + '=' + message);
                }
            });
            listener.sync().subscribe("a", "b", "c");
            listener.sync().psubscribe("news.*");
            for (String channel : List.of("a", "b", "c", "news.x")) {
                assertThat(sender.sync().publish(channel, "1")).isPositive();
                assertThat(heard.poll(60, TimeUnit.SECONDS)).endsWith(channel + "=1");
            }
            listener.sync().unsubscribe("a");
            sender.sync().publish("a", "2");
            sender.sync().publish("b", "2");
            assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo("b=2");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void jedisWithBothVersions(String name) throws Exception {
        try (ShardedBed bed = bed(name)) {
            for (RedisProtocol protocol : List.of(RedisProtocol.RESP2, RedisProtocol.RESP3)) {
                DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                        .timeoutMillis(60_000)
                        .protocol(protocol)
                        .clientName("me")
                        .database(1)
                        .build();
                try (Jedis jedis = new Jedis(new HostAndPort("127.0.0.1", bed.port()), config)) {
                    Pipeline pipeline = jedis.pipelined();
                    List<Response<Long>> lengths = new ArrayList<>();
                    for (int i = 0; i < 300; i++) {
                        pipeline.set("k" + i, "x".repeat(i));
                        lengths.add(pipeline.strlen("k" + i));
                    }
                    Response<Long> bad = pipeline.incr("k77");
                    pipeline.sync();
                    for (int i = 0; i < 300; i++) {
                        assertThat(lengths.get(i).get()).isEqualTo(i);
                    }
                    assertThatThrownBy(bad::get).isInstanceOf(JedisDataException.class);
                    assertThat(jedis.clientGetname()).isEqualTo("me");
                    jedis.zadd("z", 1.5, "a");
                    assertThat(jedis.zscore("z", "a")).isEqualTo(1.5);
                    assertThat(jedis.eval("return {KEYS[1], ARGV[1]}", 1, "k1", "y"))
                            .isEqualTo(List.of("k1", "y"));
                    assertThat(jedis.blpop(0.01, "none")).isNull();
                    assertThat(jedis.dbSize()).isEqualTo(301);
                    assertThat(jedis.flushDB()).isEqualTo("OK");
                }
            }
        }
    }
}
