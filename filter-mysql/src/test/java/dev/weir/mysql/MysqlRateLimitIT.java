package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code rate_limit} between Connector/J, MariaDB Connector/J and real servers. */
final class MysqlRateLimitIT {
    private static final List<String> URLS = List.of(
            "jdbc:mysql://127.0.0.1:%s/test?sslMode=DISABLED&allowPublicKeyRetrieval=true",
            "jdbc:mariadb://127.0.0.1:%s/test?sslMode=disable&allowPublicKeyRetrieval=true");

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    private static Proxy proxy(MysqlServer server) {
        Map<String, ?> limit = Map.of("per", "user", "rate", "1/h", "burst", 3, "commands", List.of("@write"));
        Map<String, ?> filter = Map.of("type", "rate_limit", "protocol", "mysql", "commands", List.of(limit));
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "db",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(filter, Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port()))))));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void clientsSeeTheServersOwnErrorForThis(MysqlInstallation installation) throws Exception {
        try (MysqlServer server = MysqlServer.start(installation)) {
            for (String url : URLS) {
                try (Proxy proxy = proxy(server)) {
                    limited(url.formatted(proxy.address("db").port()));
                }
            }
        }
    }

    private static void limited(String url) throws SQLException {
        try (Connection root = DriverManager.getConnection(url, "root", "");
                Statement statement = root.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS limited");
            statement.execute("CREATE TABLE limited (a INT)");
            statement.execute("INSERT INTO limited VALUES (1)");

            SQLException refused =
                    catchThrowableOfType(SQLException.class, () -> statement.execute("INSERT INTO limited VALUES (2)"));

            assertThat(refused.getErrorCode()).isEqualTo(1226);
            assertThat(refused.getSQLState()).isEqualTo("42000");
            assertThat(refused.getMessage()).contains("rate limited");
            try (ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM limited")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
        }
    }
}
