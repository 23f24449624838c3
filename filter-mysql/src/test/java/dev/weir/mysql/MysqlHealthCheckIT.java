package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.CheckedCluster;
import dev.weir.core.testkit.ProbeTester;
import dev.weir.mysql.MysqlHealthCheck.User;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of real servers, and of ones with every fault a server can have. */
final class MysqlHealthCheckIT {
    private static final Duration LONG = Duration.ofSeconds(60);

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    private static Health check(int port, Duration timeout, @Nullable User user) throws Exception {
        Map<String, Object> node = user == null ? Map.of() : Map.of("user", user.name(), "password", user.password());
        return ProbeTester.check(
                new MysqlHealthCheck().configure(ConfigNode.of(node, new ConfigErrors())), port, timeout);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void tellsHowAServerIs(MysqlInstallation installation) throws Exception {
        User app = new User(MysqlServer.USER, MysqlServer.PASSWORD);
        try (MysqlServer server = MysqlServer.start(installation);
                Connection root = server.connect();
                Statement statement = root.createStatement()) {
            statement.execute("CREATE USER other@'%' IDENTIFIED "
                    + (installation == MysqlInstallation.MARIADB
                            ? "VIA ed25519 USING PASSWORD('x')"
                            : "BY '" + MysqlServer.PASSWORD + "'"));

            Health greeting = check(server.port(), LONG, null);
            Health first = check(server.port(), LONG, app);
            Health second = check(server.port(), LONG, app);
            Health noPassword = check(server.port(), LONG, new User("root", ""));
            Health wrong = check(server.port(), LONG, new User(MysqlServer.USER, "wrong"));
            Health other = check(server.port(), LONG, new User("other", MysqlServer.PASSWORD));

            assertThat(List.of(greeting, first, second, noPassword)).allSatisfy(health -> {
                assertThat(health.reason()).isEmpty();
                assertThat(health.healthy()).isTrue();
            });
            assertThat(wrong.healthy()).isFalse();
            assertThat(wrong.reason())
                    .startsWith("1045 Access denied for user 'app'")
                    .doesNotContain("wrong");
            if (installation == MysqlInstallation.MARIADB) {
                assertThat(other.reason()).contains("client_ed25519");
            } else {
                assertThat(other.healthy()).isTrue();
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void followsAServerThatIsFullAndStopsAndStarts(MysqlInstallation installation) throws Exception {
        Map<String, Object> asked = Map.of("type", "mysql", "user", MysqlServer.USER, "password", MysqlServer.PASSWORD);
        MysqlServer first = MysqlServer.start(installation, "--max-connections=10");
        try (CheckedCluster cluster = new CheckedCluster(first.port(), asked)) {
            assertThat(cluster.passes()).isTrue();

            List<Connection> guests = new ArrayList<>();
            try {
                fill(first, guests);
                assertThat(cluster.failure("1040")).startsWith("1040 ");
            } finally {
                for (Connection guest : guests) {
                    guest.close();
                }
            }
            assertThat(cluster.passes()).isTrue();

            first.close();
            assertThat(cluster.failure("connect")).contains("cannot connect");

            try (MysqlServer second = MysqlServer.startOn(first.port(), installation)) {
                assertThat(second.port()).isEqualTo(first.port());
                assertThat(cluster.passes()).isTrue();
            }
        } finally {
            first.close();
        }
    }

    /** One more than the limit may come, of those who may do everything; a check may be in the way of the last. */
    private static void fill(MysqlServer server, List<Connection> guests) throws SQLException {
        long end = System.nanoTime() + LONG.toNanos();
        while (guests.size() < 11) {
            try {
                guests.add(server.connect());
            } catch (SQLException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    /** What a fake says at once; it then waits until the client goes, or closes. */
    private static byte[] packet(int sequence, byte[] payload) {
        byte[] packet = new byte[4 + payload.length];
        packet[0] = (byte) payload.length;
        packet[1] = (byte) (payload.length >> 8);
        packet[2] = (byte) (payload.length >> 16);
        packet[3] = (byte) sequence;
        System.arraycopy(payload, 0, packet, 4, payload.length);
        return packet;
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static Stream<Arguments> faults() {
        byte[] greeting = packet(
                0,
                latin("\n9.9.9\0" + "\1\0\0\0" + "12345678\0" + "\u00ff\u00ff\u00ff\2\0\u00ff\u00ff\25"
                        + "\0".repeat(10) + "123456789012\0caching_sha2_password\0"));
        return Stream.of(
                Arguments.of(
                        "error first",
                        packet(0, latin("\u00ff\20\4Too many connections")),
                        "1040 Too many connections"),
                Arguments.of("garbage", latin("HTTP/1.1 400 Bad Request\r\n\r\n"), "not MySQL"),
                Arguments.of("huge length", new byte[] {-1, -1, -1, 0, 10}, "a packet of 16777215 bytes"),
                Arguments.of("no payload", new byte[] {0, 0, 0, 0}, "a packet of 0 bytes"),
                Arguments.of("protocol 9", packet(0, latin("\t3.20\0")), "a greeting of protocol 9"),
                Arguments.of("greeting cut", packet(0, latin("\n9.9.9\0\1\0")), "ends too early"),
                Arguments.of("silence", new byte[0], "no answer within 300 ms"),
                Arguments.of("half a greeting", new byte[] {60, 0, 0, 0, 10, '8'}, "no answer within 300 ms"),
                Arguments.of("no log-in", greeting, "no answer within 300 ms"),
                Arguments.of(
                        "unknown plugin", both(greeting, latin("\u00fesha256_password\0abc")), "wants sha256_password"),
                Arguments.of("no key", both(greeting, latin("\1-----BEGIN PUBLIC KEY-----\nAAAA\n")), "log-in:"),
                Arguments.of(
                        "broken key",
                        both(greeting, latin("\1-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")),
                        "log-in:"),
                Arguments.of("odd kind", both(greeting, latin("\7")), "a packet of kind 7"));
    }

    private static byte[] both(byte[] greeting, byte[] next) {
        byte[] answer = packet(2, next);
        byte[] all = java.util.Arrays.copyOf(greeting, greeting.length + answer.length);
        System.arraycopy(answer, 0, all, greeting.length, answer.length);
        return all;
    }

    @ParameterizedTest
    @MethodSource("faults")
    void saysWhatIsWrong(String name, byte[] said, String reason) throws Exception {
        // Short only for those that say nothing more: on a busy machine an answer may take a while.
        Duration timeout = reason.startsWith("no answer") ? Duration.ofMillis(300) : LONG;
        try (ServerSocket fake = serve(said, false)) {
            Health health = check(fake.getLocalPort(), timeout, new User("u", "p"));

            assertThat(health.healthy()).isFalse();
            assertThat(health.reason()).contains(reason).hasSizeLessThanOrEqualTo(300);
        }
    }

    @Test
    void saysThatItWasClosed() throws Exception {
        try (ServerSocket fake = serve(new byte[0], true)) {
            assertThat(check(fake.getLocalPort(), LONG, null).reason()).isEqualTo("closed without a greeting");
        }
    }

    @Test
    void saysThatNobodyListens() throws Exception {
        int port;
        try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = gone.getLocalPort();
        }

        Health health = check(port, LONG, null);

        assertThat(health.healthy()).isFalse();
        assertThat(health.reason()).startsWith("cannot connect: ").contains("refused");
    }

    private static ServerSocket serve(byte[] said, boolean close) throws IOException {
        ServerSocket fake = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            try (Socket socket = fake.accept();
                    OutputStream out = socket.getOutputStream()) {
                out.write(said);
                out.flush();
                while (!close && socket.getInputStream().read() >= 0) {
                    // until the client goes
                }
            } catch (IOException e) {
                // the client has gone
            }
        });
        thread.setDaemon(true);
        thread.start();
        return fake;
    }
}
