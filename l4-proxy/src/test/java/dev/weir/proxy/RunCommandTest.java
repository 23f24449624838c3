package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weir run} as a process: signals, reloads, what it prints and how it ends. */
class RunCommandTest {
    private static final String HELLO = "hello";

    @TempDir
    Path folder;

    private static String echo(String... names) {
        StringBuilder text = new StringBuilder("admin: { address: \"127.0.0.1:0\" }\ndrain_timeout: 2s\nlisteners:\n");
        for (String name : names) {
            text.append("  - { name: " + name + ", address: \"127.0.0.1:0\", filters: [ { type: echo } ] }\n");
        }
        return text.toString();
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("weir.yaml"), text);
    }

    /** Another file: the first one is watched by who runs with it. */
    private Path beside(String text) throws IOException {
        return Files.writeString(folder.resolve("other.yaml"), text);
    }

    private static void echoes(Address address) throws IOException {
        try (Socket socket = new Socket(address.host(), address.port())) {
            echoes(socket);
        }
    }

    private static void echoes(Socket socket) throws IOException {
        socket.getOutputStream().write(HELLO.getBytes(StandardCharsets.US_ASCII));
        byte[] answer = socket.getInputStream().readNBytes(HELLO.length());
        assertThat(new String(answer, StandardCharsets.US_ASCII)).isEqualTo(HELLO);
    }

    @Test
    void runsUntilASignalAndEndsWithZero() throws Exception {
        try (WeirProcess weir = WeirProcess.start("run", write(echo("a", "b")).toString())) {
            echoes(weir.address("a"));
            echoes(weir.address("b"));
            assertThat(new AdminClient(weir.address("admin"))
                            .send("GET", "/ready")
                            .status())
                    .isEqualTo(200);

            weir.signal("TERM");

            assertThat(weir.exitCode()).isZero();
            assertThat(weir.err())
                    .contains("weir: draining, at most 2s; a second signal leaves at once", "weir: ended");
            assertThat(weir.out()).isEmpty();
        }
    }

    @Test
    void closesWhatIsStillOpenWhenTheTimeIsOver() throws Exception {
        try (WeirProcess weir = WeirProcess.start("run", write(echo("a")).toString());
                Socket open = open(weir.address("a"))) {
            echoes(open);

            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            assertThat(open.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void leavesAtOnceAtTheSecondSignal() throws Exception {
        // A sniffer that waits for an answer keeps its connection from being at a boundary.
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                WeirProcess weir = WeirProcess.start(
                        "run", write(sniffing(silent.getLocalPort())).toString());
                Socket open = open(weir.address("a"))) {
            open.getOutputStream().write("GET k\r\n".getBytes(StandardCharsets.US_ASCII));
            silent.accept().getInputStream().read();

            weir.signal("TERM");
            weir.awaitErr("draining");
            weir.signal("TERM");

            assertThat(weir.exitCode()).isEqualTo(1);
            assertThat(weir.err()).contains("weir: leaving at once").doesNotContain("weir: ended");
        }
    }

    private static Socket open(Address address) throws IOException {
        return new Socket(address.host(), address.port());
    }

    private static String sniffing(int upstream) {
        return """
                drain_timeout: 1h
                listeners:
                  - name: a
                    address: 127.0.0.1:0
                    filters: [ { type: redis_stats }, { type: tcp_proxy, cluster: c } ]
                clusters: [ { name: c, endpoints: [ "127.0.0.1:%d" ] } ]
                """.formatted(upstream);
    }

    @Test
    void reloadsWhenTheFileChangesAndAtASignal() throws Exception {
        Path file = write(echo("a"));
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            weir.address("a");

            Files.writeString(folder.resolve("next"), echo("a", "changed"));
            Files.move(folder.resolve("next"), file, StandardCopyOption.ATOMIC_MOVE);
            assertThat(weir.awaitErr("the file changed; reloaded: ")).contains("changed listens on 127.0.0.1:");

            weir.signal("HUP");
            weir.awaitErr("SIGHUP; reloaded: ");

            weir.signal("TERM");
            assertThat(weir.exitCode()).isZero();
        }
    }

    @Test
    void keepsWhatRunsWhenTheNewConfigurationIsBad() throws Exception {
        Path file = write(echo("a"));
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            Address listener = weir.address("a");
            Address admin = weir.address("admin");
            Files.writeString(file, echo("a").replace("echo", "ecko") + "nonsense: 1\n");

            WeirProcess reload = WeirProcess.start("reload", "--admin", admin.toString());

            assertThat(reload.exitCode()).isEqualTo(2);
            assertThat(String.join("\n", reload.err()))
                    .startsWith(file + ": 2 problems\n")
                    .contains(
                            "listeners[0].filters[0].type: \"ecko\" (did you mean \"echo\"?)", "nonsense: unknown key");
            echoes(listener);
            Files.writeString(file, echo("a"));
            WeirProcess again = WeirProcess.start("reload", "--admin", admin.toString());
            assertThat(again.exitCode()).isZero();
            assertThat(again.out()).containsExactly("reloaded: a listens on " + listener);
        }
    }

    @Test
    void followsTheLinkThatKubernetesSwaps() throws Exception {
        Files.createDirectories(folder.resolve("v1"));
        Files.createDirectories(folder.resolve("v2"));
        Files.writeString(folder.resolve("v1/weir.yaml"), echo("a"));
        Files.writeString(folder.resolve("v2/weir.yaml"), echo("a", "swapped"));
        Files.createSymbolicLink(folder.resolve("..data"), Path.of("v1"));
        Path file = Files.createSymbolicLink(folder.resolve("linked.yaml"), Path.of("..data/weir.yaml"));
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            weir.address("a");

            Files.createSymbolicLink(folder.resolve("..next"), Path.of("v2"));
            Files.move(folder.resolve("..next"), folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);

            assertThat(weir.awaitErr("the file changed; reloaded: ")).contains("swapped listens on");
        }
    }

    @Test
    void movesTheAdminServerWhereAReloadSaysSo() throws Exception {
        Path file = write(echo("a"));
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            Address admin = weir.address("admin");
            String socket = folder.resolve("admin.sock").toString();
            Files.writeString(file, echo("a").replace("127.0.0.1:0\" }\ndrain", "unix:" + socket + "\" }\ndrain"));

            assertThat(new AdminClient(admin).send("POST", "/reload").status()).isEqualTo(200);

            assertThat(new AdminClient(new Address(socket, -1))
                            .send("GET", "/ready")
                            .status())
                    .isEqualTo(200);
            WeirProcess.await(() -> !answers(admin));
        }
    }

    private static boolean answers(Address admin) {
        try {
            return new AdminClient(admin).send("GET", "/ready").status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void saysWhatAddressItCannotHave() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            Path file = write(echo("a")
                    .replaceFirst("address: \"127.0.0.1:0\", filters", "address: \"" + address + "\", filters"));
            try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
                assertThat(weir.exitCode()).isEqualTo(1);
                assertThat(String.join("\n", weir.err()))
                        .contains("cannot", address)
                        .doesNotContain("\tat ");
            }
            Path admin = write(echo("a").replaceFirst("127.0.0.1:0", address));
            try (WeirProcess weir = WeirProcess.start("run", admin.toString())) {
                assertThat(weir.exitCode()).isEqualTo(1);
                assertThat(String.join("\n", weir.err()))
                        .contains("weir: admin: cannot listen on " + address)
                        .doesNotContain("\tat ");
            }
        }
    }

    @Test
    void doesNotShareTheAddressesOfAnother() throws Exception {
        String socket = folder.resolve("weir.sock").toString();
        Path file = write(echo("a", "b").replaceFirst("(b, address: )[^,]*", "$1\"unix:" + socket + "\""));
        try (WeirProcess first = WeirProcess.start("run", file.toString())) {
            Address taken = first.address("a");
            Path same = beside(echo("c").replace("c, address: \"127.0.0.1:0\"", "c, address: \"" + taken + "\""));
            try (WeirProcess second = WeirProcess.start("run", same.toString())) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.err())
                        .containsExactly("weir: listener c cannot listen on " + taken + ": Address already in use");
            }
            Path unix = beside(echo("c").replace("c, address: \"127.0.0.1:0", "c, address: \"unix:" + socket));
            try (WeirProcess second = WeirProcess.start("run", unix.toString())) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.err()).singleElement().asString().contains("unix:" + socket + ": Address already");
            }
            assertThat(Path.of(socket)).exists();
            echoes(taken);
        }
    }

    @Test
    void removesNoFileThatIsNoSocket() throws Exception {
        Path precious = Files.writeString(folder.resolve("precious"), "data");
        for (String text : new String[] {
            echo("a").replace("a, address: \"127.0.0.1:0", "a, address: \"unix:" + precious),
            echo("a").replace("admin: { address: \"127.0.0.1:0", "admin: { address: \"unix:" + precious)
        }) {
            try (WeirProcess weir = WeirProcess.start("run", write(text).toString())) {
                assertThat(weir.exitCode()).isEqualTo(1);
                assertThat(String.join("\n", weir.err())).contains("no socket").doesNotContain("\tat ");
            }
            assertThat(precious).hasContent("data");
        }
    }

    @Test
    void startsWhereASocketOfADeadOneIsLeft() throws Exception {
        String socket = folder.resolve("weir.sock").toString();
        Path file = write(echo("a")
                .replace("a, address: \"127.0.0.1:0", "a, address: \"unix:" + socket)
                .replaceFirst("admin:.*\n", ""));
        try (WeirProcess dead = WeirProcess.start("run", file.toString())) {
            dead.awaitErr("a listens on");
            dead.signal("KILL");
            dead.exitCode();
        }
        assertThat(Path.of(socket)).exists();

        try (WeirProcess next = WeirProcess.start("run", file.toString())) {
            assertThat(next.awaitErr("a listens on")).endsWith("unix:" + socket);
        }
    }

    @Test
    void writesItsLogAsJsonWhereAskedTo() throws Exception {
        Path file = write(echo("a") + "log: { format: json }\n");
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            weir.address("a");
            weir.signal("HUP");

            String line = weir.awaitErr("SIGHUP");

            assertThat(Json.read(line)).isInstanceOf(java.util.Map.class);
        }
    }

    @Test
    void trainsForTheClassDataArchive() throws Exception {
        try (WeirProcess weir = WeirProcess.start("train")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();
            assertThat(weir.out()).isEmpty();
        }
    }
}
