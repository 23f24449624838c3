package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.EOFException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A {@code redis_proxy} that is unlike a server, as other proxies are. */
final class RedisProxyVariantIT {
    private static final List<String> TWO = List.of("embedded", "embedded");

    private static double sum(ShardedBed bed, String meter) {
        return bed.meters.find(meter).meters().stream()
                .mapToDouble(one -> one.measure().iterator().next().getValue())
                .sum();
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time to wait").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    void strictlyWhatIsNotSupportedEndsTheConnectionBehindEarlierAnswers() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("strict", true))) {
            for (String wrong :
                    List.of(RawClient.encode("NOSUCH", "a"), RawClient.encode("GET", "a", "b"), "*1\r\n+PING\r\n")) {
                try (RawClient client = bed.connect()) {
                    client.write(RawClient.encode("SET", "a", "1") + wrong + RawClient.encode("SET", "a", "2"));

                    assertThat(client.read()).isEqualTo("+OK\r\n");
                    assertThatThrownBy(client::read).isInstanceOf(EOFException.class);
                }
                try (RawClient client = bed.connect()) {
                    assertThat(client.call("GET", "a")).isEqualTo("$1\r\n1\r\n");
                }
            }
        }
    }

    @Test
    void clientsHaveTheOneDatabaseOnly() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("database", 3));
                RawClient client = bed.connect()) {
            assertThat(client.call("MSET", "a", "1", "b", "2", "c", "3")).isEqualTo("+OK\r\n");
            assertThat(client.call("SELECT", "0")).isEqualTo("+OK\r\n");
            assertThat(client.call("SELECT", "3")).isEqualTo("-ERR DB index is out of range\r\n");
            assertThat(client.call("DBSIZE")).isEqualTo(":3\r\n");
            for (TestServer shard : bed.shards) {
                try (TestServer.Client direct = shard.connect()) {
                    assertThat(direct.call("DBSIZE")).isEqualTo(0L);
                }
            }
        }
    }

    @Test
    void aDatabaseThatTheShardDoesNotHaveIsTold() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("database", 99));
                RawClient client = bed.connect()) {
            assertThat(client.call("GET", "a"))
                    .startsWith("-ERR shard 127.0.0.1:")
                    .contains("DB index is out of range");
        }
    }

    @Test
    void connectsBeforeThereIsAClient() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("preconnect", true))) {
            await(() -> sum(bed, "weir_redis_shard_connections_open") >= 2);
            assertThat(sum(bed, "weir_redis_shard_requests")).isZero();
        }
    }

    @Test
    void aCommandOfSeveralShardsGoesToThatOfItsFirstKey() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("cross_shard", "first_key"));
                RawClient client = bed.connect()) {
            for (int i = 0; i < 20; i++) {
                assertThat(client.call("SET", "a" + i, "1")).isEqualTo("+OK\r\n");
                assertThat(client.call("EVAL", "return redis.call('get', KEYS[1])", "2", "a" + i, "b" + i))
                        .isEqualTo("$1\r\n1\r\n");
            }
        }
    }

    @Test
    void shardsWithTheSameKeysNeedNoHash() throws Exception {
        Map<String, Object> random = Map.of("load_balancing", "random");
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of("any_shard", true), random);
                RawClient client = bed.connect()) {
            for (int i = 0; i < 50; i++) {
                assertThat(client.call("INCR", "n")).startsWith(":");
            }
            for (TestServer shard : bed.shards) {
                try (TestServer.Client direct = shard.connect()) {
                    assertThat(direct.call("EXISTS", "n")).isEqualTo(1L);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"refuze", "firstkey"})
    void otherWordsAreRefused(String word) {
        assertThatThrownBy(() -> ShardedBed.start(
                        new SimpleMeterRegistry(), List.of("127.0.0.1:1"), Map.of("cross_shard", word), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("listeners[0].filters[0].cross_shard: \"" + word + "\"");
    }

    @Test
    void aShardThatWasAwayIsUsedAgainAndCounted() throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of("embedded"), Map.of());
                RawClient client = bed.connect()) {
            assertThat(client.call("SET", "a", "1")).isEqualTo("+OK\r\n");
            int port = bed.shards.get(0).port();
            bed.shards.remove(0).close();
            await(() -> sum(bed, "weir_redis_shard_connections_ended") == 1);
            assertThat(sum(bed, "weir_redis_shard_connections_open")).isZero();
            assertThat(client.call("GET", "a")).contains("connection refused");
            assertThat(sum(bed, "weir_redis_shard_connection_errors")).isEqualTo(1);
            assertThat(sum(bed, "weir_redis_proxy_forward_errors")).isEqualTo(1);

            bed.shards.add(TestServer.startOn("embedded", port));

            await(() -> {
                try {
                    return client.call("SET", "a", "1").equals("+OK\r\n");
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThat(sum(bed, "weir_redis_shard_connections_open")).isEqualTo(1);
            assertThat(sum(bed, "weir_redis_shard_pending")).isZero();
            assertThat(sum(bed, "weir_redis_shard_pending_bytes")).isZero();
            assertThat(sum(bed, "weir_redis_shard_queued_bytes")).isZero();
        }
    }

    @Test
    void countsGoOnAfterAReload() throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of("embedded"), Map.of());
                Proxy proxy = bed.proxy) {
            try (RawClient client = bed.connect()) {
                client.call("SET", "a", "1");
            }
            Map<String, Object> terminal = Map.of("type", "redis_proxy", "cluster", "c", "timeout", "9s");
            Map<String, Object> cluster = Map.of(
                    "name",
                    "c",
                    "endpoints",
                    List.of("127.0.0.1:" + bed.shards.get(0).port()));
            proxy.apply(dev.weir.core.config.ProxyConfig.of(Map.of(
                    "listeners",
                    List.of(Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                    "clusters",
                    List.of(cluster))));
            try (RawClient client = bed.connect()) {
                client.call("SET", "a", "1");
            }

            assertThat(sum(bed, "weir_redis_shard_requests")).isEqualTo(2);
        }
    }
}
