package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Real clients and servers with a command gate between them. */
final class MysqlGateIT {
    private static final Map<MysqlInstallation, MysqlServer> SERVERS = new EnumMap<>(MysqlInstallation.class);

    /** JDBC drivers, with and without what changes their bytes. */
    private static final List<String> URLS = List.of(
            "jdbc:mysql://127.0.0.1:%d/test?sslMode=DISABLED&allowPublicKeyRetrieval=true&useServerPrepStmts=true",
            "jdbc:mysql://127.0.0.1:%d/test?sslMode=DISABLED&allowPublicKeyRetrieval=true&useCompression=true",
            "jdbc:mariadb://127.0.0.1:%d/test?allowPublicKeyRetrieval=true&useServerPrepStmts=true",
            "jdbc:mariadb://127.0.0.1:%d/test?allowPublicKeyRetrieval=true&useCompression=true");

    static Stream<Arguments> clients() {
        return MysqlClients.pairs();
    }

    static Stream<Arguments> drivers() {
        return MysqlInstallation.available().stream()
                .flatMap(server -> URLS.stream().map(url -> Arguments.of(server, url)));
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(MysqlServer::close);
        SERVERS.clear();
    }

    private static MysqlServer server(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.get(installation);
        if (server == null) {
            server = MysqlServer.start(installation);
            SERVERS.put(installation, server);
        }
        return server;
    }

    private static Proxy proxy(MysqlServer server, Map<String, Object> rule) {
        Map<String, Object> access = Map.of("type", "access", "protocol", "mysql", "rules", List.of(rule));
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "db",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(access, Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port()))))));
    }

    /** The sessions fail by themselves if something is missing. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("clients")
    void letsEverythingPass(MysqlInstallation installation, MysqlClients.Client client) throws Exception {
        MysqlServer server = server(installation);
        try (Proxy proxy = proxy(server, Map.of("action", "deny", "commands", List.of("COM_SHUTDOWN")))) {
            client.session().run(installation, proxy.address("db").port());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("drivers")
    void refusesStatementsAndGoesOn(MysqlInstallation installation, String url) throws Exception {
        MysqlServer server = server(installation);
        try (Proxy proxy = proxy(server, Map.of("action", "deny", "statements", List.of("DELETE", "DROP")));
                Connection connection = DriverManager.getConnection(
                        String.format(url, proxy.address("db").port()), MysqlServer.USER, MysqlServer.PASSWORD);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS gate (a INT)");
            statement.execute("TRUNCATE gate");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO gate VALUES (?)")) {
                insert.setInt(1, 7);
                insert.executeUpdate();
            }

            refused(() -> statement.execute("DELETE FROM gate"));
            refused(() -> {
                try (PreparedStatement delete = connection.prepareStatement("/* x */ delete from gate where a = ?")) {
                    delete.setInt(1, 7);
                    delete.executeUpdate();
                }
            });
            refused(() -> statement.execute("/*!99999 SELECT 1 */ DROP TABLE gate"));

            try (ResultSet rows = statement.executeQuery("SELECT a FROM gate")) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getInt(1)).isEqualTo(7);
            }
        }
    }

    private interface Attempt {
        void run() throws SQLException;
    }

    private static void refused(Attempt attempt) {
        assertThatThrownBy(attempt::run)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getErrorCode()).isEqualTo(GateErrors.DENIED));
    }
}
