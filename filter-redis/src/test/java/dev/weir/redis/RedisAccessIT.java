package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisDataException;

/** {@code access} and {@code fault} between real clients and real servers, in a proxy. */
final class RedisAccessIT {
    private static final String NO = "NOPERM this command is not allowed here";

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    private static Proxy proxy(int port, SimpleMeterRegistry meters, Map<String, ?> filter) {
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "cache",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(
                                        Map.of("type", "redis_stats"),
                                        filter,
                                        Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + port))))));
    }

    private static Map<String, ?> access(List<Map<String, ?>> rules) {
        return Map.of("type", "access", "protocol", "redis", "rules", rules);
    }

    private static Jedis jedis(Proxy proxy, String user, String password) {
        DefaultJedisClientConfig.Builder config =
                DefaultJedisClientConfig.builder().timeoutMillis(60_000);
        return new Jedis(
                new HostAndPort("127.0.0.1", proxy.address("cache").port()),
                user.isEmpty()
                        ? config.build()
                        : config.user(user).password(password).build());
    }

    @ParameterizedTest
    @MethodSource("servers")
    void jedisReadsAndMayNotWrite(String name) throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestServer server = TestServer.start(name);
                TestServer.Client direct = server.connect();
                Proxy proxy = proxy(
                        server.port(),
                        meters,
                        access(List.of(Map.of(
                                "action", "allow", "commands", List.of("@read", "@session"), "name", "readers"))));
                Jedis jedis = jedis(proxy, "", "")) {
            direct.call("SET", "k", "v");

            assertThat(jedis.ping()).isEqualTo("PONG");
            assertThat(jedis.get("k")).isEqualTo("v");
            assertThatThrownBy(() -> jedis.set("k", "w")).hasMessage(NO);
            assertThatThrownBy(() -> jedis.eval("return redis.call('set', 'k', 'w')"))
                    .hasMessage(NO);
            Transaction transaction = jedis.multi();
            transaction.get("k");
            transaction.del("k");
            assertThatThrownBy(transaction::exec).isInstanceOf(JedisDataException.class);
            assertThat(jedis.get("k")).isEqualTo("v");
            assertThat(jedis.clientId()).isPositive();
        }
        assertThat(meters.get("weir_access_commands")
                        .tags("listener", "cache", "rule", "_none", "action", "denied")
                        .counter()
                        .count())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource("servers")
    void usersMayDoWhatTheirRulesSay(String name) throws Exception {
        List<Map<String, ?>> rules = List.of(
                Map.of("action", "allow", "users", "ann"),
                Map.of("action", "allow", "users", "bob", "commands", List.of("@read", "@session")));
        try (TestServer server = TestServer.start(name);
                TestServer.Client direct = server.connect();
                Proxy proxy = proxy(server.port(), new SimpleMeterRegistry(), access(rules))) {
            direct.call("ACL", "SETUSER", "ann", "on", ">a", "~*", "+@all");
            direct.call("ACL", "SETUSER", "bob", "on", ">b", "~*", "+@all");

            try (Jedis ann = jedis(proxy, "ann", "a");
                    Jedis bob = jedis(proxy, "bob", "b");
                    Jedis nobody = jedis(proxy, "", "")) {
                ann.set("k", "v");
                assertThat(bob.get("k")).isEqualTo("v");
                assertThatThrownBy(() -> bob.set("k", "w")).hasMessage(NO);
                assertThatThrownBy(() -> nobody.get("k")).hasMessage(NO);
                assertThatThrownBy(() -> bob.auth("ann", "wrong")).hasMessageContaining("WRONGPASS");
                assertThatThrownBy(() -> bob.set("k", "w")).hasMessage(NO);
                bob.auth("ann", "a");
                bob.set("k", "w");
                assertThat(ann.get("k")).isEqualTo("w");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aPipelineOfLettuceHasEachAnswerAtItsPlace(String name) throws Exception {
        List<Map<String, ?>> rules =
                List.of(Map.of("action", "deny", "commands", "DEL"), Map.of("action", "deny", "namespaces", "0"));
        try (TestServer server = TestServer.start(name);
                Proxy proxy = proxy(server.port(), new SimpleMeterRegistry(), access(rules))) {
            for (ProtocolVersion version : ProtocolVersion.values()) {
                RedisClient client = RedisClient.create(RedisURI.builder()
                        .withHost("127.0.0.1")
                        .withPort(proxy.address("cache").port())
                        .withDatabase(3)
                        .withTimeout(Duration.ofMinutes(1))
                        .build());
                client.setOptions(
                        ClientOptions.builder().protocolVersion(version).build());
                try (StatefulRedisConnection<String, String> connection = client.connect()) {
                    pipeline(connection);
                    connection.sync().select(0);
                    assertThatThrownBy(() -> connection.sync().get("k0"))
                            .isInstanceOf(RedisCommandExecutionException.class)
                            .hasMessage(NO);
                } finally {
                    client.shutdown(0, 0, TimeUnit.SECONDS);
                }
            }
        }
    }

    private static void pipeline(StatefulRedisConnection<String, String> connection) throws Exception {
        RedisAsyncCommands<String, String> async = connection.async();
        List<RedisFuture<?>> futures = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            futures.add(async.set("k" + i, "v" + i));
            futures.add(async.del("k" + i));
            futures.add(async.get("k" + i));
        }
        for (int i = 0; i < 300; i++) {
            RedisFuture<?> deleted = futures.get(3 * i + 1);
            assertThat(futures.get(3 * i).get(1, TimeUnit.MINUTES)).isEqualTo("OK");
            assertThatThrownBy(() -> deleted.get(1, TimeUnit.MINUTES))
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining(NO);
            assertThat(futures.get(3 * i + 2).get(1, TimeUnit.MINUTES)).isEqualTo("v" + i);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void faultsComeAsErrorsOrLateAndInOrder(String name) throws Exception {
        Map<String, ?> fault = Map.of(
                "type",
                "fault",
                "protocol",
                "redis",
                "rules",
                List.of(
                        Map.of(
                                "percent",
                                100,
                                "commands",
                                "INCR",
                                "error",
                                Map.of("code", "LOADING", "message", "Redis is loading")),
                        Map.of("percent", 100, "commands", "GET", "delay", "20ms")));
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (TestServer server = TestServer.start(name);
                Proxy proxy = proxy(server.port(), meters, fault);
                Jedis jedis = jedis(proxy, "", "")) {
            Pipeline pipeline = jedis.pipelined();
            Response<String> set = pipeline.set("a", "1");
            Response<String> late = pipeline.get("a");
            Response<Long> failed = pipeline.incr("a");
            Response<Long> behind = pipeline.strlen("a");
            pipeline.sync();

            assertThat(set.get()).isEqualTo("OK");
            assertThat(late.get()).isEqualTo("1");
            assertThatThrownBy(failed::get).hasMessage("LOADING Redis is loading");
            assertThat(behind.get()).isEqualTo(1);
        }
        assertThat(meters.get("weir_fault_injected")
                        .tag("kind", "delay")
                        .counter()
                        .count())
                .isEqualTo(1);
    }
}
