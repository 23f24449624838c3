package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real servers that are full, or read only. */
final class MysqlProtectionIT {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    private static Connection connect(int port) throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/" + MysqlServer.DATABASE + "?user="
                + MysqlServer.USER + "&password=" + MysqlServer.PASSWORD
                + "&sslMode=disable&allowPublicKeyRetrieval=true");
    }

    /** The error of a statement on a connection of its own, 0 if there is none. */
    private static int error(int port, String statement) {
        try (Connection connection = connect(port);
                Statement one = connection.createStatement()) {
            one.execute(statement);
            return 0;
        } catch (SQLException e) {
            return e.getErrorCode();
        }
    }

    /** How often the server was to be ejected; it is the only one, so it is not. */
    private double wouldBeEjected() {
        return meters.get("weir_cluster_ejections")
                .tag("reason", "not_enforced")
                .counter()
                .count();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void holdsFullServersToHaveFailedButNotReadOnlyOnes(MysqlInstallation installation) throws Exception {
        try (MysqlServer server = MysqlServer.start(installation, "--max-connections=10");
                Connection root = server.connect();
                Statement admin = root.createStatement();
                Proxy proxy = Proxy.builder().meters(meters).start(config(server.port()))) {
            int port = proxy.address("l").port();
            admin.execute("CREATE TABLE test.t (i INT)");
            admin.execute("SET GLOBAL read_only = 1");
            for (int i = 0; i < 6; i++) {
                assertThat(error(port, "INSERT INTO t VALUES (1)")).isEqualTo(1290);
            }
            assertThat(wouldBeEjected()).isZero();

            List<Connection> open = fill(server.port());
            try {
                long end = System.nanoTime() + 60_000_000_000L;
                while (wouldBeEjected() == 0 && System.nanoTime() < end) {
                    assertThat(error(port, "SELECT 1")).isEqualTo(1040);
                }

                assertThat(wouldBeEjected()).isPositive();
            } finally {
                for (Connection one : open) {
                    one.close();
                }
            }
        }
    }

    /** Takes all connections there are. */
    private static List<Connection> fill(int port) {
        List<Connection> open = new ArrayList<>();
        while (true) {
            try {
                open.add(connect(port));
            } catch (SQLException e) {
                assertThat(e.getErrorCode()).isEqualTo(1040);
                return open;
            }
        }
    }

    private static ProxyConfig config(int port) {
        return ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name",
                        "l",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(Map.of("type", "mysql_stats"), Map.of("type", "tcp_proxy", "cluster", "c")))),
                "clusters",
                List.of(Map.of(
                        "name",
                        "c",
                        "endpoints",
                        List.of("127.0.0.1:" + port),
                        "outlier_detection",
                        Map.of("consecutive_failures", 3)))));
    }
}
