package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.CheckedCluster;
import dev.weir.core.testkit.ProbeTester;
import dev.weir.redis.TestServer.Client;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of real servers, and of ones that say what real ones do not say on demand. */
final class RedisHealthCheckIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Map<String, Object> PLAIN = Map.of("type", "redis");

    static List<String> servers() {
        return TestServer.available();
    }

    private static Health check(int port, Duration timeout, Map<String, Object> options) throws Exception {
        return ProbeTester.check(
                new RedisHealthCheck().configure(ConfigNode.of(options, new ConfigErrors())), port, timeout);
    }

    @ParameterizedTest
    @MethodSource("servers")
    void followsAServerThatStopsAndStarts(String name) throws Exception {
        TestServer first = TestServer.start(name);
        try (CheckedCluster cluster = new CheckedCluster(first.port(), PLAIN)) {
            assertThat(cluster.passes()).isTrue();

            first.close();
            assertThat(cluster.failure("connect")).contains("cannot connect");

            try (TestServer second = TestServer.startOn(name, first.port())) {
                assertThat(second.port()).isEqualTo(first.port());
                assertThat(cluster.passes()).isTrue();
            }
        } finally {
            first.close();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void logsIn(String name) throws Exception {
        try (TestServer server = TestServer.start(name);
                Client client = server.connect()) {
            client.call("ACL", "SETUSER", "probe", "on", ">probe-secret", "+ping", "+exists", "~*");
            client.call("CONFIG", "SET", "requirepass", "main-secret");

            Health nobody = check(server.port(), LONG, Map.of());
            Health main = check(server.port(), LONG, Map.of("password", "main-secret"));
            Health user = check(server.port(), LONG, Map.of("user", "probe", "password", "probe-secret"));
            Health wrong = check(server.port(), LONG, Map.of("user", "probe", "password", "not-it"));

            assertThat(nobody.reason()).startsWith("NOAUTH ");
            assertThat(List.of(main, user)).containsOnly(Health.OK);
            assertThat(wrong).isEqualTo(Health.no("log-in: WRONGPASS"));
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void leavesOutWhoIsInMaintenance(String name) throws Exception {
        try (TestServer server = TestServer.start(name);
                Client client = server.connect();
                CheckedCluster cluster = new CheckedCluster(
                        server.port(), Map.of("type", "redis", "maintenance_key", "weir:maintenance"))) {
            assertThat(cluster.passes()).isTrue();

            client.call("SET", "weir:maintenance", "1");
            assertThat(cluster.failure("maintenance")).isEqualTo("in maintenance: weir:maintenance exists");

            client.call("DEL", "weir:maintenance");
            assertThat(cluster.passes()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void leavesOutAReplicaThatHasLostItsPrimary(String name) throws Exception {
        try (TestServer server = TestServer.start(name);
                Client client = server.connect();
                CheckedCluster cluster = new CheckedCluster(
                        server.port(), Map.of("type", "redis", "maintenance_key", "weir:maintenance"))) {
            assertThat(cluster.passes()).isTrue();
            client.call("CONFIG", "SET", "replica-serve-stale-data", "no");

            client.call("REPLICAOF", "127.0.0.1", "1");
            assertThat(cluster.failure("MASTERDOWN")).startsWith("MASTERDOWN ");

            client.call("REPLICAOF", "NO", "ONE");
            assertThat(cluster.passes()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void leavesOutWhoIsBusyWithAScript(String name) throws Exception {
        ExecutorService busy = Executors.newSingleThreadExecutor();
        try (TestServer server = TestServer.start(name);
                Client client = server.connect();
                Client other = server.connect();
                CheckedCluster cluster = new CheckedCluster(server.port(), PLAIN)) {
            client.call("CONFIG", "SET", "lua-time-limit", "20");

            Future<?> endless = busy.submit(() -> client.call("EVAL", "while true do end", "0"));
            assertThat(cluster.failure("BUSY")).startsWith("BUSY ");

            other.call("SCRIPT", "KILL");
            endless.get(60, TimeUnit.SECONDS);
            assertThat(cluster.passes()).isTrue();
        } finally {
            busy.shutdownNow();
        }
    }

    /** Says one thing to every command it gets, to everybody who comes. */
    private static ServerSocket serve(AtomicReference<String> says) throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    byte[] some = new byte[4096];
                    while (socket.getInputStream().read(some) >= 0) {
                        if (says.get() == null) {
                            break;
                        }
                        socket.getOutputStream().write(says.get().getBytes(StandardCharsets.ISO_8859_1));
                    }
                } catch (IOException e) {
                    // the client has gone
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    @Test
    void waitsUntilTheDataIsLoaded() throws Exception {
        // src/server.c of Redis: shared.loadingerr
        AtomicReference<String> says = new AtomicReference<>("-LOADING Redis is loading the dataset in memory\r\n");
        try (ServerSocket server = serve(says);
                CheckedCluster cluster = new CheckedCluster(server.getLocalPort(), PLAIN)) {
            assertThat(cluster.failure("LOADING")).isEqualTo("LOADING Redis is loading the dataset in memory");

            says.set("+PONG\r\n");

            assertThat(cluster.passes()).isTrue();
        }
    }

    static Stream<Arguments> faults() {
        Map<String, Object> key = Map.of("maintenance_key", "k");
        Map<String, Object> login = Map.of("user", "u", "password", "hunter2");
        return Stream.of(
                Arguments.of(Map.of(), "$4\r\nPONG\r\n", "another answer to PING than PONG"),
                Arguments.of(Map.of(), "+QUEUED\r\n", "another answer to PING than PONG"),
                Arguments.of(Map.of(), "*2147483647\r\n", "another answer to PING than PONG"),
                Arguments.of(Map.of(), "HTTP/1.1 400 Bad Request\r\n\r\n", "not Redis"),
                Arguments.of(Map.of(), "-" + "x".repeat(5_000), "not Redis"),
                Arguments.of(Map.of(), "-ERR a\tb" + "x".repeat(900) + "\r\n", "ERR a b" + "x".repeat(292) + "…"),
                Arguments.of(Map.of(), "", "no answer within 300 ms"),
                Arguments.of(Map.of(), "+PO", "no answer within 300 ms"),
                Arguments.of(key, "+OK\r\n", "another answer to EXISTS than a number"),
                Arguments.of(key, ":2\r\n", "in maintenance: k exists"),
                Arguments.of(
                        login,
                        "-ERR unknown command 'AUTH', with args beginning with: 'u' 'hunter2' \r\n",
                        "log-in: ERR"),
                Arguments.of(login, "-hunter2 is what you said\r\n", "log-in: an error"),
                Arguments.of(Map.of("password", "HUNTER"), "-HUNTER is it\r\n", "log-in: an error"),
                Arguments.of(login, ":1\r\n", "log-in: another answer than OK"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void saysWhatIsWrong(Map<String, Object> options, String says, String reason) throws Exception {
        // Short only for those that say nothing more: on a busy machine an answer may take a while.
        Duration timeout = reason.startsWith("no answer") ? Duration.ofMillis(300) : LONG;
        try (ServerSocket server = serve(new AtomicReference<>(says))) {
            Health health = check(server.getLocalPort(), timeout, options);

            assertThat(health).isEqualTo(new Health(false, reason));
        }
    }

    @Test
    void saysThatItWasClosed() throws Exception {
        try (ServerSocket server = serve(new AtomicReference<>())) {
            assertThat(check(server.getLocalPort(), LONG, Map.of()).reason()).isEqualTo("closed without an answer");
        }
    }

    @Test
    void aUserHasAPassword() {
        ConfigErrors errors = new ConfigErrors();

        new RedisHealthCheck().configure(ConfigNode.of(Map.of("user", "u"), errors));

        assertThat(errors.isEmpty()).isFalse();
    }
}
