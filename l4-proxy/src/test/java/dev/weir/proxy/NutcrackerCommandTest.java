package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code weir nutcracker}: its options, what it says, and how it runs. Its keys are compared in the test beds. */
class NutcrackerCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    Path folder;

    private int run(String... args) {
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        String[] all = new String[args.length + 1];
        all[0] = "nutcracker";
        System.arraycopy(args, 0, all, 1, args.length);
        return new Main(new Terminal(outStream, errStream, code -> {})).run(all);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private static String pool(String name, int port, String... fields) {
        StringBuilder text = new StringBuilder(name + ":\n  listen: 127.0.0.1:" + port + "\n  redis: true\n");
        for (String field : fields) {
            text.append("  ").append(field).append('\n');
        }
        return text + "  servers:\n    - 127.0.0.1:1:1 nobody\n";
    }

    private String write(String text) throws IOException {
        return Files.writeString(folder.resolve("nutcracker.yml"), text).toString();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    // ---- without running

    @Test
    void testsAConfigurationInTheWordsOfTwemproxy() throws Exception {
        String file = write(pool("alpha", 22121, "client_connections: 3"));

        assertThat(run("-t", "-c", file)).isZero();

        assertThat(err())
                .isEqualTo("nutcracker: note: alpha.client_connections: has no effect, as in twemproxy, where it always"
                        + " becomes 0 for no limit   4:23\n"
                        + "nutcracker: configuration file '" + file + "' syntax is ok\n");
    }

    @Test
    void findsEveryProblemWithItsPlace() throws Exception {
        String file = write(pool("alpha", 22121, "hash: murmer", "timeout: -1") + "beta:\n  listen: /tmp/b.sock\n");

        assertThat(run("--test-conf", "--conf-file", file)).isEqualTo(2);

        assertThat(err())
                .startsWith(
                        "nutcracker: configuration file '" + file + "' syntax is invalid\n" + file + ": 4 problems\n")
                .containsPattern("alpha.hash: \"murmer\" \\(did you mean \"murmur\"\\?\\) +4:9\n")
                .containsPattern(
                        "alpha.timeout: \"-1\" \\(expected: a whole number in digits, 0..2147483647\\) +5:12\n")
                .containsPattern("beta.redis: a memcached pool, .* 8:1\n")
                .containsPattern("beta.servers: missing +8:1");
    }

    @Test
    void whatIsNoYamlIsAProblem() throws Exception {
        assertThat(run("-t", write("alpha: [ 1"))).isEqualTo(2);
        assertThat(err()).contains("nutcracker.yml: 1 problem\n");
        assertThat(run("-t", write("- alpha"))).isEqualTo(2);
        assertThat(err()).containsPattern("not a map \\(expected: a map of pools\\) +1:1\n");
        assertThat(run("-t", folder.resolve("none.yml").toString())).isEqualTo(2);
        assertThat(err()).contains("none.yml: 1 problem\n  no such file\n");
    }

    @Test
    void explainsTheExampleOfTheDocument() throws Exception {
        Matcher block = Pattern.compile("(?ms)^```yaml\n(.*?)^```$")
                .matcher(Files.readString(Repository.root().resolve("docs/nutcracker.md")));
        assertThat(block.find()).isTrue();
        String file = write(block.group(1));
        assertThat(block.find()).isTrue();

        assertThat(run("--explain", file)).as(err()).isZero();

        assertThat(out()).isEqualTo("# What weir runs for " + file + "; for weir run FILE.\n" + block.group(1));
        ConfigFile.parse("explained", out(), NutcrackerCommandTest.class.getClassLoader());
    }

    @Test
    void strictIsOfTheProxyOfEachPool() throws Exception {
        String file = write(pool("alpha", freePort(), "") + pool("beta", freePort(), ""));
        assertThat(run("--explain", file)).as(err()).isZero();
        assertThat(out()).doesNotContain("strict");
        out.reset();
        assertThat(run("--strict", "--explain", file)).as(err()).isZero();
        assertThat(out().split("\n        strict: true\n", -1)).hasSize(3);
        ConfigFile.parse("explained", out(), NutcrackerCommandTest.class.getClassLoader());
    }

    @Test
    void describesItsStatisticsAndSaysItsVersion() {
        assertThat(run("-D")).isZero();
        assertThat(out()).contains("server_ejects       \"# times backend server was ejected\"", "out_queue_bytes");
        assertThat(run("-V")).isZero();
        assertThat(out()).contains("This is weir ", ", in the place of nutcracker-0.5.0\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-v 12 x.yml|--verbose: \"12\" (expected: a whole number, 0..11)",
                "-s 0 x.yml|--stats-port: \"0\" (expected: a whole number, 1..65535)",
                "-m 100 x.yml|--mbuf-size: \"100\" (expected: a whole number, 512..16777216)",
                "-i x x.yml|--stats-interval: \"x\" (expected: a whole number, 1..2147483647)",
                "-c y.yml x.yml|FILE beside --conf-file (expected: one of the two)",
                "-x|Unknown option: '-x'; weir nutcracker --help explains"
            })
    void badUsageIsToldAndEndsWithTwo(String arguments, String problem) {
        assertThat(run(arguments.split(" ", -1))).isEqualTo(2);
        assertThat(err()).isEqualTo("weir: " + problem + "\n");
    }

    // ---- running

    @Test
    void runsUnderTheNameOfTwemproxyAndReloads() throws Exception {
        int port = freePort();
        int statistics = freePort();
        Path log = folder.resolve("n.log");
        Path pid = folder.resolve("n.pid");
        String file = write(pool("alpha", port, "server_connections: 2"));
        try (WeirProcess weir = WeirProcess.start(
                System.getProperty("java.class.path"),
                Map.of("JAVA_TOOL_OPTIONS", "-Dweir.calledAs=nutcracker"),
                "-c",
                file,
                "-s",
                Integer.toString(statistics),
                "-o",
                log.toString(),
                "-p",
                pid.toString(),
                "-v",
                "6",
                "-m",
                "512")) {
            weir.awaitErr("statistics on 127.0.0.1:" + statistics);
            assertThat(weir.address("alpha").port()).isEqualTo(port);
            assertThat(Files.readString(pid)).isEqualTo(weir.pid() + "\n");
            assertThat(Files.readString(log)).contains("alpha.server_connections: has no effect");
            assertThat(ask(port, "*1\r\n$4\r\nPING\r\n", 7)).isEqualTo("+PONG\r\n");
            assertThat(statistics(statistics)).contains("\"alpha\": {", "\"nobody\": {");

            Files.move(log, folder.resolve("n.log.1"));
            write(pool("alpha", port) + pool("beta", freePort()));
            weir.signal("HUP");
            WeirProcess.await(() -> statistics(statistics).contains("\"beta\": {"));
            assertThat(Files.readString(log)).contains("SIGHUP; reloaded: ").doesNotContain("server_connections");

            write("alpha: nonsense\n");
            weir.signal("HUP");
            WeirProcess.await(() -> read(log).contains("the configuration in force stays"));
            assertThat(statistics(statistics)).contains("\"beta\": {");

            weir.signal("TERM");
            assertThat(weir.exitCode()).isZero();
            assertThat(pid).doesNotExist();
        }
    }

    @Test
    void runsInTheBackground() throws Exception {
        boolean possible =
                Files.isExecutable(Path.of("/usr/bin/setsid")) && Files.isReadable(Path.of("/proc/self/exe"));
        if (!possible) {
            System.out.println("SKIPPED-NEEDS: setsid, /proc");
        }
        assumeTrue(possible, "no setsid, or no /proc");
        Path pid = folder.resolve("n.pid");
        int port = freePort();
        String file = write(pool("alpha", port));
        try (WeirProcess weir = WeirProcess.start(
                "nutcracker", "-d", "-c", file, "-s", Integer.toString(freePort()), "-p", pid.toString())) {
            assertThat(weir.exitCode()).as("%s", weir.err()).isZero();
            ProcessHandle daemon = ProcessHandle.of(
                            Long.parseLong(Files.readString(pid).trim()))
                    .orElseThrow();
            try {
                assertThat(weir.err().toString()).contains("runs in the background as process " + daemon.pid());
                assertThat(daemon.pid()).isNotEqualTo(weir.pid());
                assertThat(ask(port, "*1\r\n$4\r\nPING\r\n", 7)).isEqualTo("+PONG\r\n");
            } finally {
                daemon.destroy();
                daemon.onExit().join();
            }
            assertThat(pid).doesNotExist();
        }
    }

    @Test
    void whatGoesWrongInTheBackgroundIsToldInFront() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setsid")), "no setsid");
        try (WeirProcess weir = WeirProcess.start("nutcracker", "-d", write("alpha: 3\n"))) {
            assertThat(weir.exitCode()).isEqualTo(2);
            assertThat(weir.err().toString()).contains("(expected: a pool, ");
        }
    }

    @Test
    void anAddressThatIsTakenEndsIt() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                WeirProcess weir = WeirProcess.start(
                        "nutcracker", "-s", Integer.toString(taken.getLocalPort()), write(pool("alpha", freePort())))) {
            assertThat(weir.exitCode()).isEqualTo(1);
            assertThat(weir.err().toString()).contains("stats: cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    private static String ask(int port, String request, int length) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
        }
    }

    private static String statistics(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void verbosityIsALevelOfTheLog() {
        for (List<String> pair :
                List.of(List.of("0", "error"), List.of("4", "warn"), List.of("7", "debug"), List.of("11", "trace"))) {
            NutcrackerOptions options =
                    NutcrackerOptions.of(new Arguments(Map.of("--verbose", pair.get(0)), List.of()));
            assertThat(options.more()).isEqualTo(Map.of("log", Map.of("level", pair.get(1))));
        }
        assertThat(NutcrackerOptions.of(new Arguments(Map.of(), List.of())).more())
                .isEmpty();
    }
}
