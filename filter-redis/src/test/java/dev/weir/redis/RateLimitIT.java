package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.filter.WireClock;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

/** {@code rate_limit} between real clients and real servers. */
final class RateLimitIT {
    /** A clock that stands still until it is told. */
    private static final class Hand implements WireClock {
        private final AtomicLong nanos = new AtomicLong(5_000_000_000L);

        @Override
        public long nanoTime() {
            return nanos.get();
        }

        @Override
        public long epochMicros(long nanoTime) {
            return nanoTime / 1_000;
        }
    }

    private static final class Bed implements AutoCloseable {
        final Hand clock = new Hand();
        final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        final TestServer server;
        final Proxy proxy;

        Bed(String name, Map<String, ?> limits) throws Exception {
            server = TestServer.start(name);
            proxy = Proxy.builder().meters(meters).clock(clock).start(config(limits));
        }

        private ProxyConfig config(Map<String, ?> limits) {
            return ProxyConfig.of(Map.of(
                    "event_loops",
                    2,
                    "listeners",
                    List.of(Map.of(
                            "name",
                            "cache",
                            "address",
                            "127.0.0.1:0",
                            "filters",
                            List.of(limits, Map.of("type", "tcp_proxy", "cluster", "c")))),
                    "clusters",
                    List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port())))));
        }

        int port() {
            return proxy.address("cache").port();
        }

        Jedis jedis() {
            return new Jedis("127.0.0.1", port());
        }

        double count(String result) {
            Counter counter = meters.find("weir_rate_limit_decisions")
                    .tags("result", result)
                    .counter();
            return counter == null ? 0 : counter.count();
        }

        @Override
        public void close() throws IOException {
            proxy.close();
            server.close();
        }
    }

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    private static Map<String, ?> commands(Map<String, ?> limit) {
        return Map.of("type", "rate_limit", "protocol", "redis", "commands", List.of(limit));
    }

    private static boolean limited(Runnable call) {
        try {
            call.run();
            return false;
        } catch (JedisDataException e) {
            assertThat(e).hasMessage("ERR rate limited");
            return true;
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aPipelineGetsItsErrorsAtTheirPlaces(String name) throws Exception {
        Map<String, ?> limit = Map.of("per", "client", "rate", "10/s", "burst", 30, "commands", List.of("incr"));
        try (Bed bed = new Bed(name, commands(limit));
                Jedis jedis = bed.jedis()) {
            Pipeline pipeline = jedis.pipelined();
            List<Response<Long>> answers = new ArrayList<>();
            List<Response<String>> echoes = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                answers.add(pipeline.incr("n"));
                echoes.add(pipeline.get("n"));
            }
            pipeline.sync();

            for (int i = 0; i < 100; i++) {
                Response<Long> answer = answers.get(i);
                assertThat(limited(answer::get)).isEqualTo(i >= 30);
                assertThat(echoes.get(i).get()).isEqualTo(String.valueOf(Math.min(i + 1, 30)));
            }
            assertThat(bed.count("denied")).isEqualTo(70);
        }
    }

    /** With a clock that stands still, and then goes on by a second. */
    @ParameterizedTest
    @MethodSource("servers")
    void allLoopsTogetherAdmitExactlyBurstAndRate(String name) throws Exception {
        Map<String, ?> limit = Map.of("per", "listener", "rate", "500/s", "burst", 1_000, "commands", List.of("incr"));
        try (Bed bed = new Bed(name, commands(limit));
                Jedis direct = new Jedis("127.0.0.1", bed.server.port())) {
            ExecutorService pool = Executors.newFixedThreadPool(8);
            try {
                assertThat(incrementAll(pool, bed)).isEqualTo(1_000);
                bed.clock.nanos.addAndGet(1_000_000_000L);
                assertThat(incrementAll(pool, bed)).isEqualTo(500);
            } finally {
                pool.shutdownNow();
            }

            assertThat(direct.get("n")).isEqualTo("1500");
        }
    }

    private static int incrementAll(ExecutorService pool, Bed bed) throws Exception {
        Callable<Integer> client = () -> {
            int admitted = 0;
            try (Jedis jedis = bed.jedis()) {
                for (int i = 0; i < 400; i++) {
                    admitted += limited(() -> jedis.incr("n")) ? 0 : 1;
                }
            }
            return admitted;
        };
        int admitted = 0;
        for (Future<Integer> each :
                pool.invokeAll(IntStream.range(0, 8).mapToObj(i -> client).toList())) {
            admitted += each.get();
        }
        return admitted;
    }

    @ParameterizedTest
    @MethodSource("servers")
    void usersHaveBucketsOfTheirOwnOverAllConnections(String name) throws Exception {
        Map<String, ?> limit = Map.of("per", "user", "rate", "1/h", "burst", 3, "commands", List.of("get"));
        try (Bed bed = new Bed(name, commands(limit))) {
            try (Jedis direct = new Jedis("127.0.0.1", bed.server.port())) {
                for (String user : List.of("ann", "bob")) {
                    direct.aclSetUser(user, "on", ">secret", "~*", "+@all");
                }
            }
            assertThat(admitted(bed, "ann", 2)).isEqualTo(2);
            assertThat(admitted(bed, "bob", 5)).isEqualTo(3);
            assertThat(admitted(bed, "ann", 5)).isEqualTo(1);
        }
    }

    private static int admitted(Bed bed, String user, int calls) {
        int admitted = 0;
        try (Jedis jedis = bed.jedis()) {
            jedis.auth(user, "secret");
            for (int i = 0; i < calls; i++) {
                admitted += limited(() -> jedis.get("k")) ? 0 : 1;
            }
        }
        return admitted;
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aTransactionWithARefusedCommandFails(String name) throws Exception {
        Map<String, ?> limit = Map.of("per", "client", "rate", "1/h", "burst", 2, "commands", List.of("set"));
        try (Bed bed = new Bed(name, commands(limit));
                Jedis jedis = bed.jedis()) {
            Transaction whole = jedis.multi();
            whole.set("a", "1");
            whole.set("b", "1");
            assertThat(whole.exec()).containsExactly("OK", "OK");

            Transaction refused = jedis.multi();
            refused.set("a", "2");
            refused.incr("n");
            assertThat(catchThrowable(refused::exec)).isInstanceOf(JedisDataException.class);

            assertThat(jedis.get("a")).isEqualTo("1");
            assertThat(jedis.get("n")).isNull();
        }
    }

    private static Throwable catchThrowable(Runnable call) {
        return org.assertj.core.api.Assertions.catchThrowable(call::run);
    }

    @ParameterizedTest
    @MethodSource("servers")
    void delayedCommandsOfAnAsynchronousClientAreAllAnsweredInOrder(String name) throws Exception {
        Map<String, ?> limit = Map.of(
                "per",
                "client",
                "rate",
                "200/s",
                "burst",
                5,
                "action",
                "delay",
                "max_delay",
                "10s",
                "commands",
                List.of("rpush"));
        TestServer server = TestServer.start(name);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        Map<String, ?> filters = commands(limit);
        ProxyConfig config = ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name",
                        "cache",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(filters, Map.of("type", "tcp_proxy", "cluster", "c")))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port())))));
        Proxy proxy = Proxy.builder().meters(meters).start(config);
        RedisClient client =
                RedisClient.create("redis://127.0.0.1:" + proxy.address("cache").port());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisAsyncCommands<String, String> async = connection.async();
            List<RedisFuture<Long>> answers = new ArrayList<>();
            connection.setAutoFlushCommands(false);
            for (int i = 0; i < 60; i++) {
                answers.add(async.rpush("l", String.valueOf(i)));
            }
            connection.flushCommands();
            connection.setAutoFlushCommands(true);
            for (int i = 0; i < 60; i++) {
                assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(i + 1);
            }

            assertThat(connection.sync().lrange("l", 0, -1))
                    .isEqualTo(IntStream.range(0, 60).mapToObj(String::valueOf).toList());
            Counter delayed = meters.find("weir_rate_limit_decisions")
                    .tags("result", "delayed")
                    .counter();
            assertThat(delayed.count()).isGreaterThanOrEqualTo(1);
        } finally {
            client.shutdown();
            proxy.close();
            server.close();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void refusesConnectionsAndClosesWhereToldTo(String name) throws Exception {
        Map<String, ?> limits = Map.of(
                "type",
                "rate_limit",
                "connections",
                List.of(Map.of("per", "client", "rate", "1/h", "burst", 2)),
                "protocol",
                "valkey",
                "commands",
                List.of(Map.of("per", "client", "rate", "1/h", "action", "close", "commands", List.of("flushall"))));
        try (Bed bed = new Bed(name, limits);
                Jedis first = bed.jedis();
                Jedis second = bed.jedis()) {
            assertThat(first.flushAll()).isEqualTo("OK");
            assertThat(second.ping()).isEqualTo("PONG");
            assertThat(catchThrowable(() -> bed.jedis().ping())).isInstanceOf(JedisConnectionException.class);

            assertThat(limited(second::flushAll)).isTrue();
            assertThat(catchThrowable(second::ping)).isInstanceOf(JedisConnectionException.class);
            assertThat(first.ping()).isEqualTo("PONG");
        }
    }
}
