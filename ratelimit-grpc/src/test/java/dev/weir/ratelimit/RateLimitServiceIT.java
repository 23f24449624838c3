package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.pkitesting.X509Bundle;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.embedded.RedisServer;

/** The whole way: Jedis, Weir, the real rate limit service, a real Redis. */
class RateLimitServiceIT {
    private static final String RULES = """
            domain: weir
            descriptors:
              - key: user
                descriptors:
                  - { key: command, value: GET, rate_limit: { unit: year, requests_per_unit: 3 } }
                  - { key: command, value: SET, shadow_mode: true, rate_limit: { unit: year, requests_per_unit: 1 } }
              - key: tier
                value: gold
                descriptors:
                  - { key: kind, value: write, rate_limit: { unit: year, requests_per_unit: 5 } }
              - { key: remote_address, rate_limit: { unit: year, requests_per_unit: 2 } }
            """;

    @TempDir
    private Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private RedisServer redis;
    private RealService service;
    private Proxy proxy;
    private Map<String, ?> tls = Map.of();

    @BeforeEach
    void start() throws Exception {
        assumeTrue(RealService.installed());
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            redis = RedisServer.newRedisServer()
                    .port(socket.getLocalPort())
                    .setting("save \"\"")
                    .build();
        }
        redis.start();
        service = RealService.start(folder, RULES);
        try (Jedis direct = new Jedis("127.0.0.1", redis.ports().get(0))) {
            for (String user : List.of("ann", "bob")) {
                direct.aclSetUser(user, "on", ">secret", "~*", "+@all");
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (proxy != null) {
            proxy.close();
        }
        if (service != null) {
            service.close();
        }
        if (redis != null) {
            redis.stop();
        }
    }

    private void proxy(Map<String, ?> filter, Map<String, ?> global) {
        Map<String, Object> whole = new HashMap<>(filter);
        Map<String, Object> asked = new HashMap<>(
                Map.of("service", "ratelimit", "domain", "weir", "timeout", "10s", "failure_mode", "deny"));
        asked.putAll(global);
        whole.put("type", "rate_limit");
        whole.put("global", asked);
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "cache",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(whole, Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(
                                Map.of(
                                        "name",
                                        "c",
                                        "endpoints",
                                        List.of("127.0.0.1:" + redis.ports().get(0))),
                                service()))));
    }

    private Map<String, ?> service() {
        Map<String, Object> cluster =
                new HashMap<>(Map.of("name", "ratelimit", "endpoints", List.of("127.0.0.1:" + service.port())));
        if (!tls.isEmpty()) {
            cluster.put("tls", tls);
        }
        return cluster;
    }

    private void limitCommands(Map<String, ?> limit, Map<String, ?> global) {
        proxy(Map.of("protocol", "redis", "commands", List.of(limit)), global);
    }

    private static final Map<String, ?> BY_USER_AND_COMMAND =
            Map.of("descriptors", List.of(List.of("user", "command")), "commands", List.of("get", "set"));

    private Jedis connect(String user) {
        Jedis jedis = new Jedis("127.0.0.1", proxy.address("cache").port(), 30_000);
        if (!user.isEmpty()) {
            jedis.auth(user, "secret");
        }
        return jedis;
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

    private double answers(String result) {
        Counter counter = meters.find("weir_rate_limit_service_answers")
                .tags("result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private double decisions(String result) {
        Counter counter = meters.find("weir_rate_limit_decisions")
                .tags("scope", "global", "result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private int admitted(String user, int calls) {
        try (Jedis jedis = connect(user)) {
            int admitted = 0;
            for (int i = 0; i < calls; i++) {
                admitted += limited(() -> jedis.get("k")) ? 0 : 1;
            }
            return admitted;
        }
    }

    @Test
    void theServiceCountsPerUserAndCommand() {
        limitCommands(BY_USER_AND_COMMAND, Map.of());

        assertThat(admitted("ann", 2)).isEqualTo(2);
        assertThat(admitted("bob", 5)).isEqualTo(3);
        assertThat(admitted("ann", 4)).isEqualTo(1);

        assertThat(answers("ok")).isEqualTo(6);
        assertThat(answers("over_limit")).isEqualTo(5);
        assertThat(decisions("allowed")).isEqualTo(6);
        assertThat(decisions("denied")).isEqualTo(5);
    }

    @Test
    void theServiceAndWeirShowEachOtherTheirCertificates() throws Exception {
        ServiceCertificates certificates = new ServiceCertificates(folder);
        X509Bundle root = certificates.authority("root");
        certificates.issue(root, "service", "ratelimit.example");
        certificates.issue(root, "weir", "weir.example");
        service.close();
        service = RealService.startWithTls(
                Files.createDirectory(folder.resolve("tls")),
                RULES,
                certificates.file("service.pem").toString(),
                certificates.file("service.key").toString(),
                certificates.file("root.pem").toString());
        Map<String, Object> section = new HashMap<>(Map.of(
                "ca",
                certificates.file("root.pem").toString(),
                "server_name",
                "ratelimit.example",
                "alpn",
                List.of("h2")));
        tls = section;
        limitCommands(BY_USER_AND_COMMAND, Map.of());
        int unknown = admitted("ann", 4);
        proxy.close();
        section.put("certificate", certificates.file("weir.pem").toString());
        section.put("private_key", certificates.file("weir.key").toString());
        limitCommands(BY_USER_AND_COMMAND, Map.of());

        int known = admitted("ann", 4);

        assertThat(unknown).isZero();
        assertThat(known).isEqualTo(3);
    }

    @Test
    void aPipelineWaitsInItsOrder() {
        limitCommands(BY_USER_AND_COMMAND, Map.of());
        try (Jedis jedis = connect("ann")) {
            jedis.set("k", "v");
            Pipeline pipeline = jedis.pipelined();
            List<Response<String>> gets = new ArrayList<>();
            List<Response<Long>> others = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                gets.add(pipeline.get("k"));
                others.add(pipeline.incr("n"));
            }
            pipeline.sync();

            for (int i = 0; i < 20; i++) {
                Response<String> get = gets.get(i);
                assertThat(limited(get::get)).as("get %d", i).isEqualTo(i >= 3);
                assertThat(others.get(i).get()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void bothKindsOfShadowOnlyCount() {
        limitCommands(
                Map.of(
                        "descriptors",
                        List.of(List.of("user", "command")),
                        "commands",
                        List.of("get", "set"),
                        "shadow",
                        true),
                Map.of());
        try (Jedis jedis = connect("ann")) {
            for (int i = 0; i < 5; i++) {
                jedis.set("k", "v");
                assertThat(jedis.get("k")).isEqualTo("v");
            }
        }

        // Five SET that the service watches only, three GET; two more that Weir watches only.
        assertThat(answers("ok")).isEqualTo(8);
        assertThat(answers("over_limit")).isEqualTo(2);
        assertThat(decisions("shadow")).isEqualTo(2);
    }

    @Test
    void constantsAndKindsAreEntriesToo() {
        limitCommands(
                Map.of("descriptors", List.of(List.of(Map.of("tier", "gold"), "kind")), "commands", List.of("incr")),
                Map.of("hits_addend", 2));
        try (Jedis jedis = connect("")) {
            assertThat(limited(() -> jedis.incr("n"))).isFalse();
            assertThat(limited(() -> jedis.incr("n"))).isFalse();
            assertThat(limited(() -> jedis.incr("n"))).as("5 a year, 2 each").isTrue();
            assertThat(jedis.get("n")).isEqualTo("2");
        }
    }

    @Test
    void refusesConnections() {
        proxy(Map.of("connections", List.of(Map.of("descriptors", List.of(List.of("remote_address"))))), Map.of());
        try (Jedis one = connect("");
                Jedis two = connect("")) {
            assertThat(one.ping()).isEqualTo("PONG");
            assertThat(two.ping()).isEqualTo("PONG");
            assertThatThrownBy(() -> connect("")).isInstanceOf(JedisConnectionException.class);
            assertThat(decisions("denied")).isEqualTo(1);
        }
    }

    @Test
    void withoutTheServiceTheFailureModeDecides() throws Exception {
        service.kill();
        limitCommands(BY_USER_AND_COMMAND, Map.of("failure_mode", "allow"));
        assertThat(admitted("ann", 5)).isEqualTo(5);
        assertThat(answers("unavailable")).isEqualTo(5);
        proxy.close();

        limitCommands(BY_USER_AND_COMMAND, Map.of("failure_mode", "deny"));

        assertThat(admitted("ann", 5)).isZero();
        assertThat(answers("unavailable")).isEqualTo(10);
    }

    @Test
    void aSlowServiceIsNotWaitedFor() throws Exception {
        limitCommands(BY_USER_AND_COMMAND, Map.of("failure_mode", "allow", "timeout", "20ms"));
        service.suspended(true);
        try {
            assertThat(admitted("ann", 5)).isEqualTo(5);
            assertThat(answers("timeout")).isEqualTo(5);
        } finally {
            service.suspended(false);
        }
        awaitAnswer("ok", "over_limit");
    }

    /** Asks until the service answers again. */
    private void awaitAnswer(String... results) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        double before = sum(results);
        try (Jedis jedis = connect("bob")) {
            while (sum(results) == before) {
                assertThat(System.nanoTime()).as("in time").isLessThan(end);
                limited(() -> jedis.get("k"));
            }
        }
    }

    private double sum(String... results) {
        double sum = 0;
        for (String result : results) {
            sum += answers(result);
        }
        return sum;
    }

    @Test
    void aRestartOfTheServiceIsSurvived() throws Exception {
        limitCommands(BY_USER_AND_COMMAND, Map.of("failure_mode", "allow"));
        assertThat(admitted("ann", 4)).isEqualTo(3);
        service.kill();
        assertThat(admitted("ann", 4)).isEqualTo(4);

        service.restart();

        awaitAnswer("ok", "over_limit");
        assertThat(admitted("ann", 4)).as("counted before the restart").isZero();
    }
}
