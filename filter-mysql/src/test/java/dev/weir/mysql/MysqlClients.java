package dev.weir.mysql;

import com.mysql.cj.jdbc.JdbcStatement;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Real clients, each with a way of talking of its own, that run the same small session. */
public final class MysqlClients {
    /** Rows that a session inserts as a batch. */
    static final int BATCH_INSERTS = 12;
    /** Rows that a session updates as a batch. */
    static final int BATCH_UPDATES = 6;
    /** Rows that a session's procedure sends. */
    static final int PROCEDURE_ROWS = 6;

    private static final int PATIENCE_SECONDS = 180;
    private static final String CONNECTOR = "jdbc:mysql://127.0.0.1:%d/test?sslMode=DISABLED"
            + "&allowPublicKeyRetrieval=true&user=" + MysqlServer.USER + "&password=" + MysqlServer.PASSWORD;
    private static final String MARIADB = "jdbc:mariadb://127.0.0.1:%d/test?sslMode=disable&user=" + MysqlServer.USER
            + "&password=" + MysqlServer.PASSWORD;

    /** A client. */
    public interface Session {
        void run(MysqlInstallation server, int port) throws Exception;
    }

    /**
     * A client and what it is called.
     *
     * @param extra statements that it sends together with others, which the server counts one by one
     */
    public record Client(String name, int extra, Session session) {
        @Override
        public String toString() {
            return name;
        }
    }

    private MysqlClients() {}

    /** All that can run against {@code server}. */
    public static List<Client> of(MysqlInstallation server) {
        List<Client> clients = new ArrayList<>();
        clients.add(jdbc("Connector/J", 0, CONNECTOR));
        clients.add(jdbc("Connector/J, multi-queries", 2, CONNECTOR + "&allowMultiQueries=true"));
        clients.add(jdbc("Connector/J, prepared", 0, CONNECTOR + "&useServerPrepStmts=true&cachePrepStmts=true"));
        clients.add(jdbc("Connector/J, cursors", 0, CONNECTOR + "&useCursorFetch=true&defaultFetchSize=4"));
        clients.add(jdbc("Connector/J, batches", 5, CONNECTOR + "&rewriteBatchedStatements=true"));
        clients.add(jdbc("Connector/J, compressed", 0, CONNECTOR + "&useCompression=true"));
        clients.add(jdbc("MariaDB Connector/J", 0, MARIADB));
        clients.add(jdbc("MariaDB Connector/J, prepared, pipelined", 0, MARIADB + "&useServerPrepStmts=true"));
        clients.add(jdbc(
                "MariaDB Connector/J, bulk",
                0,
                MARIADB + "&useServerPrepStmts=true&useBulkStmts=true&allowMultiQueries=true"));
        clients.add(jdbc("MariaDB Connector/J, compressed", 0, MARIADB + "&useCompression=true"));
        clients.add(new Client("command line", 0, MysqlClients::commandLine));
        if (server == MysqlInstallation.MYSQL) {
            clients.add(new Client("Connector/J, attributes", 0, MysqlClients::attributes));
            for (String algorithm : List.of("zlib", "zstd")) {
                clients.add(new Client(
                        "command line, " + algorithm,
                        0,
                        (kind, port) -> commandLine(kind, port, "--compression-algorithms=" + algorithm)));
            }
        } else {
            clients.add(new Client("command line, zlib", 0, (kind, port) -> commandLine(kind, port, "--compress")));
        }
        if (Files.isDirectory(Path.of("/usr/lib/python3/dist-packages/pymysql"))) {
            clients.add(new Client("PyMySQL", 1, MysqlClients::pymysql));
        } else {
            System.out.println("SKIPPED-NEEDS: python3-pymysql");
        }
        return clients;
    }

    private static Client jdbc(String name, int extra, String url) {
        return new Client(name, extra, (server, port) -> {
            try (Connection connection = DriverManager.getConnection(String.format(url, port))) {
                tables(connection, !name.endsWith("cursors"));
                batches(connection);
                transactions(connection);
                procedure(connection);
                if (name.endsWith("multi-queries")) {
                    several(connection);
                }
            }
        });
    }

    private static void tables(Connection connection, boolean errorAfterRows) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS shop");
            statement.execute(
                    "CREATE TABLE shop (id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(8,2), note TEXT)");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO shop VALUES (?, ?, ?, ?)")) {
            for (int i = 0; i < 20; i++) {
                insert.setInt(1, i);
                insert.setString(2, i % 3 == 0 ? null : "name " + i);
                insert.setBigDecimal(3, BigDecimal.valueOf(i, 1));
                insert.setString(4, "n".repeat(i * 40));
                insert.executeUpdate();
            }
            insert.setInt(1, 1); // a duplicate
            attempt(insert::executeUpdate);
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT * FROM shop WHERE id >= ? ORDER BY id")) {
            for (int from : new int[] {0, 7, 15, 99}) {
                select.setInt(1, from);
                rows(select.executeQuery());
            }
        }
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("SELECT name, NULL FROM shop WHERE name = 'name 4'"));
            statement.executeUpdate("UPDATE shop SET amount = amount + 1 WHERE id < 5");
            statement.executeUpdate("DELETE FROM shop WHERE id > 17");
            attempt(() -> statement.executeQuery("SELECT * FROM nowhere"));
            attempt(() -> statement.executeQuery("SELEC 1"));
            if (errorAfterRows) { // with a cursor Connector/J mixes up later results, also without a proxy
                attempt(
                        () -> rows(
                                statement.executeQuery(
                                        "SELECT id, (SELECT b.id FROM shop b WHERE b.id = a.id OR a.id > 9 AND b.id < 3) FROM shop a")));
            }
        }
    }

    private static void batches(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO shop (id, name) VALUES (?, ?)")) {
            for (int i = 100; i < 100 + BATCH_INSERTS; i++) {
                insert.setInt(1, i);
                insert.setString(2, "batch");
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (PreparedStatement update = connection.prepareStatement("UPDATE shop SET name = ? WHERE id = ?")) {
            for (int i = 0; i < BATCH_UPDATES; i++) {
                update.setString(1, "changed");
                update.setInt(2, 100 + i);
                update.addBatch();
            }
            update.executeBatch();
        }
    }

    private static void transactions(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM shop WHERE id = 100");
            connection.rollback();
            statement.executeUpdate("DELETE FROM shop WHERE id = 101");
            connection.commit();
        }
        connection.setAutoCommit(true);
        connection.isValid(1);
        connection.setCatalog("mysql");
        connection.setCatalog(MysqlServer.DATABASE);
    }

    private static void procedure(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP PROCEDURE IF EXISTS both_ways");
            statement.execute("CREATE PROCEDURE both_ways(IN a INT, OUT b INT)"
                    + " BEGIN SELECT id FROM shop WHERE id < a; SELECT a; SET b = a + 1; END");
        }
        try (CallableStatement call = connection.prepareCall("{call both_ways(?, ?)}")) {
            call.setInt(1, 5);
            call.registerOutParameter(2, Types.INTEGER);
            call.execute();
            call.getInt(2);
        }
    }

    private static void several(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT id FROM shop WHERE id < 4; UPDATE shop SET note = 'x' WHERE id < 3; SELECT 1");
            while (statement.getMoreResults() || statement.getUpdateCount() >= 0) {
                // on to the next one
            }
        }
    }

    private static void attributes(MysqlInstallation server, int port) throws SQLException {
        try (Connection connection = DriverManager.getConnection(String.format(CONNECTOR, port));
                Statement statement = connection.createStatement()) {
            JdbcStatement attributed = statement.unwrap(JdbcStatement.class);
            attributed.setAttribute("traceparent", MysqlClientsIT.TRACEPARENT);
            attributed.setAttribute("shop", 7);
            rows(statement.executeQuery("SELECT 1 AS traced"));
            attributed.clearAttributes();
            rows(statement.executeQuery("SELECT 2 AS bare"));
        }
    }

    private static void commandLine(MysqlInstallation server, int port, String... options) throws Exception {
        List<String> command = new ArrayList<>(server.client());
        command.addAll(List.of("--host=127.0.0.1", "--port=" + port, "--user=" + MysqlServer.USER));
        command.add("--password=" + MysqlServer.PASSWORD);
        command.add("--force");
        // No TLS: nobody could read it on the way.
        command.addAll(
                server == MysqlInstallation.MYSQL
                        ? List.of("--ssl-mode=DISABLED", "--get-server-public-key")
                        : List.of("--skip-ssl"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "--execute=CREATE TEMPORARY TABLE c (a INT PRIMARY KEY, b TEXT);"
                        + " INSERT INTO c VALUES (1, 'x'), (2, REPEAT('y', 20000)), (3, NULL);"
                        + " SELECT * FROM c; UPDATE c SET b = 'z' WHERE a > 1; SELECT * FROM nowhere;"
                        + " INSERT INTO c VALUES (1, 'again'); USE mysql; SELECT DATABASE(); DELETE FROM test.c",
                MysqlServer.DATABASE));
        run(command);
    }

    private static void pymysql(MysqlInstallation server, int port) throws Exception {
        String program = """
                import pymysql, sys
                c = pymysql.connect(host='127.0.0.1', port=int(sys.argv[1]), user=sys.argv[2], password=sys.argv[3],
                                    database='test', local_infile=True, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
                u = c.cursor()
                u.execute('CREATE TEMPORARY TABLE p (a INT, b VARCHAR(20))')
                u.executemany('INSERT INTO p VALUES (%s, %s)', [(i, 'n%d' % i) for i in range(7)])
                u.execute('SELECT * FROM p WHERE a > %s', (2,))
                u.execute('SELECT a FROM p; SELECT 2')
                while u.nextset():
                    pass
                try:
                    u.execute('SELECT * FROM nowhere')
                except pymysql.err.ProgrammingError:
                    pass
                u.execute("LOAD DATA LOCAL INFILE '%s' INTO TABLE p" % sys.argv[4])
                c.commit()
                s = c.cursor(pymysql.cursors.SSCursor)
                s.execute('SELECT * FROM p')
                s.fetchall()
                c.select_db('mysql')
                c.ping()
                c.close()
                """;
        Path file = Files.createTempFile("weir-rows-", ".txt");
        try {
            Files.writeString(file, "100\tone\n101\ttwo\n102\tthree\n");
            run(List.of(
                    "/usr/bin/python3",
                    "-c",
                    program,
                    String.valueOf(port),
                    MysqlServer.USER,
                    MysqlServer.PASSWORD,
                    file.toString()));
        } finally {
            Files.delete(file);
        }
    }

    /** Errors of statements are part of it: only what does not end is a failure, or an end that nobody asked for. */
    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("no end: " + command);
        }
        if (process.exitValue() > 1) {
            throw new IOException(command + " ended with " + process.exitValue());
        }
    }

    private interface Attempt {
        void run() throws SQLException;
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (SQLException expected) {
            return;
        }
        throw new AssertionError("no error (expected: one)");
    }

    private static void rows(ResultSet result) throws SQLException {
        try (result) {
            while (result.next()) {
                result.getString(1);
            }
        }
    }

    /** Pairs of all servers here and their clients. */
    static Stream<Arguments> pairs() {
        return MysqlInstallation.available().stream()
                .flatMap(server -> of(server).stream().map(client -> Arguments.of(server, client)));
    }
}
