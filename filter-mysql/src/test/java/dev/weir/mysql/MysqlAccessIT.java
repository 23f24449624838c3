package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code access} and {@code fault} between Connector/J, MariaDB Connector/J and real servers, in a proxy. */
final class MysqlAccessIT {
    private static final String NO = "this command is not allowed here";

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    private static final Map<String, ?> ACCESS = Map.of(
            "type",
            "access",
            "protocol",
            "mysql",
            "rules",
            List.of(
                    Map.of("action", "deny", "statements", List.of("DROP", "TRUNCATE", "GRANT")),
                    Map.of("action", "allow", "users", "root"),
                    Map.of("action", "allow", "users", MysqlServer.USER, "commands", List.of("@read", "@session"))));

    private static final Map<String, ?> FAULT = Map.of(
            "type",
            "fault",
            "protocol",
            "mysql",
            "rules",
            List.of(
                    Map.of(
                            "percent",
                            100,
                            "statements",
                            "CHECKSUM",
                            "error",
                            Map.of("code", "1213", "message", "on purpose")),
                    Map.of("percent", 100, "statements", "DO", "delay", "20ms")));

    private static Proxy proxy(MysqlServer server) {
        Map<String, ?> listener = Map.of(
                "name",
                "db",
                "address",
                "127.0.0.1:0",
                "filters",
                List.of(Map.of("type", "mysql_stats"), ACCESS, FAULT, Map.of("type", "tcp_proxy", "cluster", "c")));
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(listener),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port()))))));
    }

    private static Connection connect(String url, Proxy proxy, String user, String password) throws SQLException {
        return DriverManager.getConnection(url.formatted(proxy.address("db").port()), user, password);
    }

    private static List<String> urls() {
        return List.of(
                "jdbc:mysql://127.0.0.1:%s/test?sslMode=DISABLED&allowPublicKeyRetrieval=true&allowMultiQueries=true",
                "jdbc:mysql://127.0.0.1:%s/test?sslMode=DISABLED&allowPublicKeyRetrieval=true&useServerPrepStmts=true",
                "jdbc:mariadb://127.0.0.1:%s/test?sslMode=disable&allowPublicKeyRetrieval=true&allowMultiQueries=true",
                "jdbc:mariadb://127.0.0.1:%s/test?sslMode=disable&allowPublicKeyRetrieval=true&useServerPrepStmts=true");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void clientsMayDoWhatTheRulesSay(MysqlInstallation installation) throws Exception {
        try (MysqlServer server = MysqlServer.start(installation);
                Proxy proxy = proxy(server)) {
            for (String url : urls()) {
                writes(url, proxy);
                reads(url, proxy);
            }
        }
    }

    private static void writes(String url, Proxy proxy) throws SQLException {
        try (Connection root = connect(url, proxy, "root", "");
                Statement statement = root.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS t (a INT)");
            statement.execute("DELETE FROM t");
            statement.execute("INSERT INTO t VALUES (1)");
            denied(() -> statement.execute("DROP TABLE t"));
            denied(() -> statement.execute("/* c */ drop table t"));
            denied(() -> statement.execute("/*!50000 DROP TABLE t */"));
            denied(() -> statement.execute("TRUNCATE t"));
            if (url.contains("allowMultiQueries")) {
                denied(() -> statement.execute("SELECT 1; DROP TABLE t"));
            }
            denied(() -> {
                try (PreparedStatement prepared = root.prepareStatement("DROP TABLE t")) {
                    prepared.execute();
                }
            });
            SQLException fault = catchThrowableOfType(SQLException.class, () -> statement.execute("CHECKSUM TABLE t"));
            assertThat(fault.getErrorCode()).isEqualTo(1213);
            statement.execute("DO 1");
            try (ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM t")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
        }
    }

    private static void reads(String url, Proxy proxy) throws SQLException {
        try (Connection app = connect(url, proxy, MysqlServer.USER, MysqlServer.PASSWORD);
                Statement statement = app.createStatement()) {
            denied(() -> statement.execute("INSERT INTO t VALUES (2)"));
            denied(() -> statement.execute("SELECT 1 INTO OUTFILE 'x'"));
            try (PreparedStatement prepared = app.prepareStatement("SELECT a FROM t WHERE a < ?")) {
                for (int i = 0; i < 3; i++) {
                    prepared.setInt(1, 10);
                    try (ResultSet rows = prepared.executeQuery()) {
                        assertThat(rows.next()).isTrue();
                        assertThat(rows.getInt(1)).isEqualTo(1);
                        assertThat(rows.next()).isFalse();
                    }
                }
            }
            app.setAutoCommit(false);
            denied(() -> statement.execute("UPDATE t SET a = 5"));
            app.commit();
            assertThat(app.isValid(60)).isTrue();
        }
        assertThatThrownBy(() -> connect(url, proxy, MysqlServer.USER, "wrong")).isInstanceOf(SQLException.class);
    }

    private interface Action {
        void run() throws SQLException;
    }

    private static void denied(Action action) {
        SQLException error = catchThrowableOfType(SQLException.class, action::run);
        assertThat(error.getMessage()).contains(NO);
        assertThat(error.getErrorCode()).isEqualTo(1227);
        assertThat(error.getSQLState()).isEqualTo("42000");
    }
}
