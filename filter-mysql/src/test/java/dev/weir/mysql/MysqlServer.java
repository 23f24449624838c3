package dev.weir.mysql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real server for a test, on a free port of 127.0.0.1, with a fresh data folder that goes with it, a binary log, and
 * all statements in performance_schema. Users are {@code root} without a password, who may come from here only, and
 * {@link #USER}; both may do everything. There is an empty database {@link #DATABASE}.
 */
public final class MysqlServer implements AutoCloseable {
    /** A user with {@link #PASSWORD} and the way to log in that is the server's default. */
    static final String USER = "app";
    /** Of {@link #USER}. */
    static final String PASSWORD = "throw-away";
    /** A database without tables. */
    static final String DATABASE = "test";
    /** A user of MariaDB 10.11 with {@link #PASSWORD} who logs in with ed25519. */
    static final String ED25519_USER = "ed";

    private static final long PATIENCE_SECONDS = 180;
    private static final int ATTEMPTS = 3;

    private final MysqlInstallation installation;
    private final Path folder;
    private final Process process;
    private final int port;
    private final Thread hook = new Thread(this::end, "mysql-server-end");

    private MysqlServer(MysqlInstallation installation, Path folder, Process process, int port) {
        this.installation = installation;
        this.folder = folder;
        this.process = process;
        this.port = port;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Starts one, with {@code options} besides the usual ones; returns when it takes connections. */
    public static MysqlServer start(MysqlInstallation installation, String... options)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            MysqlServer server = begin(installation, freePort(), options);
            try {
                server.await();
                return server;
            } catch (IOException e) {
                server.close();
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Starts one where another has been. */
    static MysqlServer startOn(int port, MysqlInstallation installation) throws IOException, InterruptedException {
        MysqlServer server = begin(installation, port);
        try {
            server.await();
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private static MysqlServer begin(MysqlInstallation installation, int port, String... options)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(MysqlInstallation.folder(), installation + "-");
        installation.newData(folder.resolve("data"));
        Files.writeString(folder.resolve("init.sql"), initial(installation));
        Process process = new ProcessBuilder(command(installation, folder, port, List.of(options)))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        return new MysqlServer(installation, folder, process, port);
    }

    private static List<String> command(MysqlInstallation installation, Path folder, int port, List<String> options)
            throws IOException {
        List<String> command = new ArrayList<>(installation.server());
        command.addAll(List.of(
                "--datadir=" + folder.resolve("data"),
                // A server that starts clears the folder that others have their temporary tables in.
                "--tmpdir=" + folder,
                "--init-file=" + folder.resolve("init.sql"),
                "--socket=" + folder.resolve("s"),
                "--pid-file=" + folder.resolve("pid"),
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--secure-file-priv=",
                "--local-infile=1",
                "--max-allowed-packet=64M",
                "--server-id=1",
                "--log-bin=bin",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M",
                "--performance-schema=ON",
                "--performance-schema-consumer-events-statements-current=ON",
                "--performance-schema-consumer-events-statements-history-long=ON",
                "--performance-schema-events-statements-history-long-size=20000",
                "--performance-schema-instrument=statement/%=ON"));
        if (installation == MysqlInstallation.MYSQL) {
            command.addAll(List.of("--mysqlx=OFF", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"));
            command.add("--innodb-redo-log-capacity=16M");
        } else {
            command.addAll(List.of("--loose-plugin-load-add=auth_ed25519", "--innodb-log-file-size=16M"));
        }
        command.addAll(options);
        return command;
    }

    private static String initial(MysqlInstallation installation) {
        List<String> statements = new ArrayList<>(List.of(
                "CREATE DATABASE IF NOT EXISTS " + DATABASE,
                "CREATE USER IF NOT EXISTS root@'127.0.0.1'",
                "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION",
                "CREATE USER " + USER + "@'%' IDENTIFIED BY '" + PASSWORD + "'",
                "GRANT ALL ON *.* TO " + USER + "@'%'"));
        if (installation == MysqlInstallation.MARIADB) {
            statements.add(
                    "CREATE USER " + ED25519_USER + "@'%' IDENTIFIED VIA ed25519 USING PASSWORD('" + PASSWORD + "')");
            statements.add("GRANT ALL ON *.* TO " + ED25519_USER + "@'%'");
        }
        return String.join(";\n", statements) + ";\n";
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void await() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try (Connection connection = connect();
                    Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery("SELECT @@pid_file")) {
                // Another server may have been faster with the port.
                if (result.next() && result.getString(1).startsWith(folder.toString())) {
                    return;
                }
                throw new IOException("another server is on port " + port);
            } catch (SQLException e) {
                if (process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                    throw new IOException(
                            installation + " does not answer: " + Files.readString(folder.resolve("log")), e);
                }
            }
        }
    }

    /** A connection past everything, of {@code root}, with no database chosen. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/?user=root&sslMode=disable");
    }

    /** Where it comes from. */
    MysqlInstallation installation() {
        return installation;
    }

    /** The Unix socket it listens on. */
    Path socket() {
        return folder.resolve("s");
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    @Override
    public void close() {
        end();
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private void end() {
        // Nothing of it is kept, so there is nothing to end in good order for.
        process.destroyForcibly();
        if (!Files.exists(folder)) {
            return;
        }
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return installation.toString();
    }
}
