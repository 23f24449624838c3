import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

/** A small session of a JDBC driver for record-wire.py: {@code java -cp DRIVER RecordClient.java URL SCENARIO}. */
public final class RecordClient {
    private RecordClient() {}

    /** Connects, runs the scenario, closes. */
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            switch (args[1]) {
                case "connectorj" -> texts(connection);
                case "connectorj-prepared", "mariadbj" -> prepared(connection);
                case "connectorj-cursor" -> cursor(connection);
                case "connectorj-batch", "mariadbj-bulk" -> batch(connection);
                case "connectorj-attributes" -> attributes(connection);
                case "connectorj-zlib" -> compressed(connection);
                default -> throw new IllegalArgumentException(args[1]);
            }
        }
    }

    private static void texts(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE t (a INT PRIMARY KEY, b VARCHAR(20))");
            statement.executeUpdate("INSERT INTO t VALUES (1, 'x'), (2, NULL)");
            rows(statement.executeQuery("SELECT * FROM t"));
            statement.execute("SELECT 1; UPDATE t SET b = 'y'; SELECT 2 UNION SELECT 3");
            while (statement.getMoreResults() || statement.getUpdateCount() >= 0) {
                // on to the next one
            }
            connection.setAutoCommit(false);
            statement.executeUpdate("DELETE FROM t WHERE a = 1");
            connection.rollback();
            connection.setAutoCommit(true);
            connection.setCatalog("mysql");
            try {
                statement.executeQuery("SELECT * FROM nowhere");
            } catch (SQLException expected) {
                connection.isValid(1);
            }
        }
    }

    private static void prepared(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE t (a INT PRIMARY KEY, b VARCHAR(20))");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
            for (int i = 0; i < 3; i++) {
                insert.setInt(1, i);
                insert.setString(2, i == 1 ? null : "n" + i);
                insert.executeUpdate();
            }
            for (int i = 10; i < 14; i++) {
                insert.setInt(1, i);
                insert.setString(2, "b" + i);
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT a, b FROM t WHERE a >= ?")) {
            for (int i = 0; i < 3; i++) {
                select.setInt(1, i * 5);
                rows(select.executeQuery());
            }
        }
        try (PreparedStatement wrong = connection.prepareStatement("SELECT * FROM nowhere WHERE a = ?")) {
            wrong.setInt(1, 1);
            wrong.executeQuery();
        } catch (SQLException expected) {
            connection.isValid(1);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP PROCEDURE IF EXISTS jp");
            statement.execute("CREATE PROCEDURE jp(IN a INT, OUT b INT) BEGIN SELECT a; SET b = a + 1; END");
        }
        try (CallableStatement call = connection.prepareCall("{call jp(?, ?)}")) {
            call.setInt(1, 4);
            call.registerOutParameter(2, Types.INTEGER);
            call.execute();
        }
    }

    private static void cursor(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE t (a INT PRIMARY KEY)");
            statement.executeUpdate("INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7)");
            rows(statement.executeQuery("SELECT a FROM t"));
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT a, a * 2 FROM t WHERE a > ?")) {
            for (int i = 0; i < 2; i++) {
                select.setInt(1, i * 3);
                rows(select.executeQuery());
            }
        }
    }

    private static void batch(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE t (a INT PRIMARY KEY, b VARCHAR(20))");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
            for (int i = 0; i < 10; i++) {
                insert.setInt(1, i);
                insert.setString(2, "n" + i);
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (PreparedStatement update = connection.prepareStatement("UPDATE t SET b = ? WHERE a = ?")) {
            for (int i = 0; i < 5; i++) {
                update.setString(1, "u" + i);
                update.setInt(2, i);
                update.addBatch();
            }
            update.executeBatch();
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
            for (int i = 9; i < 12; i++) {
                insert.setInt(1, i);
                insert.setString(2, "again");
                insert.addBatch();
            }
            insert.executeBatch();
        } catch (SQLException expected) {
            connection.isValid(1);
        }
    }

    private static void attributes(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            var attributes = (com.mysql.cj.jdbc.JdbcStatement) statement;
            attributes.setAttribute("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            attributes.setAttribute("shop", 7);
            rows(statement.executeQuery("SELECT 1"));
            attributes.clearAttributes();
            rows(statement.executeQuery("SELECT 2"));
        }
    }

    private static void compressed(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("SELECT REPEAT('abc', 9000)"));
            statement.execute("SET @a = '" + "xyz".repeat(3000) + "'");
            rows(statement.executeQuery("SELECT LENGTH(@a)"));
        }
    }

    private static void rows(ResultSet result) throws SQLException {
        try (result) {
            while (result.next()) {
                result.getString(1);
            }
        }
    }
}
