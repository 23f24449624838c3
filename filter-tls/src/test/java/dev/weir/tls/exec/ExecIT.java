package dev.weir.tls.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real programs. */
class ExecIT {
    @TempDir
    Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void needsEpoll() {
        if (!Epoll.isAvailable()) {
            System.out.println("SKIPPED-NEEDS: epoll");
            Assumptions.abort("no epoll");
        }
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    private Proxy proxy(Map<String, ?> terminal, Map<String, ?> listener) {
        Map<String, Object> last = new HashMap<>(terminal);
        last.put("type", "exec");
        Map<String, Object> all = new HashMap<>(listener);
        all.putAll(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(last)));
        Proxy proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops", 1, "drain_timeout", "1s", "listeners", List.of(all), "clusters", List.of())));
        open.add(proxy);
        return proxy;
    }

    private Proxy sh(String script, String... more) {
        List<String> arguments = new ArrayList<>(List.of("sh", "-c", script));
        arguments.addAll(List.of(more));
        return proxy(Map.of("program", "/bin/sh", "arguments", arguments), Map.of());
    }

    private static Socket connect(Proxy proxy) throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address("l").port());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static String all(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    private static String line(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read();
                c >= 0 && c != '\n';
                c = socket.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static boolean eventually(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
        }
        return true;
    }

    private double count(String name, String tag, String value) {
        return meters.find(name).tag(tag, value).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static boolean alive(int pid) {
        return Files.exists(Path.of("/proc/" + pid));
    }

    @Test
    void carriesBytesBothWaysUntilTheClientEnds() throws Exception {
        byte[] data = new byte[4 << 20];
        new Random(1).nextBytes(data);
        try (Proxy proxy = proxy(Map.of("program", "/bin/cat"), Map.of());
                Socket client = connect(proxy)) {
            Thread writer = new Thread(() -> {
                try {
                    client.getOutputStream().write(data);
                    client.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            writer.start();

            assertThat(client.getInputStream().readAllBytes()).isEqualTo(data);
            writer.join();
        }
        assertThat(eventually(() -> count("weir_exec_ended", "status", "ok") == 1))
                .isTrue();
    }

    @Test
    void stopsReadingWhereTheOtherSideDoesNot() throws Exception {
        // It writes for ever, and counts what it could write.
        Path count = folder.resolve("count");
        try (Proxy proxy = sh("yes | tee /dev/null | while read x; do echo x >> " + count + "; echo " + "y".repeat(1000)
                        + "; done");
                Socket client = connect(proxy)) {
            assertThat(client.isConnected()).isTrue();
            assertThat(eventually(() -> Files.exists(count))).isTrue();
            long before = -1;
            long now = 0;
            while (now != before) {
                before = now;
                java.util.concurrent.locks.LockSupport.parkNanos(300_000_000);
                now = Files.size(count);
            }

            // Two bytes for a thousand: all buffers on the way together.
            assertThat(now / 2 * 1000).isLessThan(20 << 20);
        }
    }

    @Test
    void isOneSocketInBothDirections() throws Exception {
        try (Proxy proxy = sh("readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2; ls /proc/self/fd | wc -l");
                Socket client = connect(proxy)) {
            String in = line(client);

            assertThat(in).startsWith("socket:");
            assertThat(line(client)).isEqualTo(in);
            assertThat(line(client)).isEqualTo(in);
            // Three, the folder, and nothing of Weir's.
            assertThat(line(client).strip()).isEqualTo("4");
        }
    }

    @Test
    void canLeaveStandardErrorToWeir() throws Exception {
        try (Proxy proxy = proxy(
                        Map.of(
                                "program",
                                "/bin/sh",
                                "arguments",
                                List.of("sh", "-c", "readlink /proc/self/fd/2"),
                                "stderr",
                                "inherit"),
                        Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client).strip())
                    .isEqualTo(
                            Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString());
        }
    }

    @Test
    void namesTheProgramAsItIsTold() throws Exception {
        try (Proxy proxy = proxy(
                        Map.of("program", "/bin/bash", "arguments", List.of("-other", "-c", "echo $0 $1", "a b", "c")),
                        Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEqualTo("a b c\n");
        }
        try (Proxy proxy = proxy(
                        Map.of("program", "/bin/cat", "arguments", List.of("other", "/proc/self/cmdline")), Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEqualTo("other\0/proc/self/cmdline\0");
        }
    }

    @Test
    void tellsTheProgramWhoTheClientIs() throws Exception {
        try (Proxy proxy = sh("echo $REMOTE_HOST $REMOTE_PORT ${SSL_CLIENT_DN-none} $PATH");
                Socket client = connect(proxy)) {
            assertThat(all(client).strip())
                    .isEqualTo("127.0.0.1 " + client.getLocalPort() + " none " + System.getenv("PATH"));
        }
    }

    @Test
    void endsTheConnectionWithTheProgram() throws Exception {
        try (Proxy proxy = sh("echo bye; exit 3");
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEqualTo("bye\n");
            // It is not only half of it that has ended.
            assertThat(eventually(() -> {
                        try {
                            say(client, "x");
                            return false;
                        } catch (IOException closed) {
                            return true;
                        }
                    }))
                    .isTrue();
        }
        assertThat(eventually(() -> count("weir_exec_ended", "status", "error") == 1))
                .isTrue();
    }

    @Test
    void letsAProgramReadOnThatSaysNoMore() throws Exception {
        if (!Files.isExecutable(Path.of("/usr/bin/python3"))) {
            System.out.println("SKIPPED-NEEDS: python3");
            Assumptions.abort("no python3");
        }
        Path out = folder.resolve("out");
        String script =
                "import socket,sys\ns=socket.socket(fileno=0)\ns.sendall(b'over\\n')\ns.shutdown(socket.SHUT_WR)\n"
                        + "d=b''\nwhile True:\n  p=s.recv(100)\n  if not p: break\n  d+=p\nopen('" + out
                        + "','wb').write(d)\n";
        try (Proxy proxy = proxy(
                        Map.of("program", "/usr/bin/python3", "arguments", List.of("python3", "-c", script)),
                        Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEqualTo("over\n");
            say(client, "some more");
            client.shutdownOutput();

            assertThat(eventually(() -> {
                        try {
                            return Files.exists(out) && Files.readString(out).equals("some more");
                        } catch (IOException e) {
                            return false;
                        }
                    }))
                    .isTrue();
        }
    }

    @Test
    void leavesNoZombies() throws Exception {
        List<Integer> pids = new ArrayList<>();
        try (Proxy proxy = sh("echo $$; read x; echo $x")) {
            for (int i = 0; i < 20; i++) {
                try (Socket client = connect(proxy)) {
                    pids.add(Integer.parseInt(line(client)));
                    say(client, "hello\n");
                    assertThat(line(client)).isEqualTo("hello");
                }
            }

            assertThat(eventually(() -> pids.stream().noneMatch(ExecIT::alive))).isTrue();
        }
    }

    @Test
    void endsAProgramThatStaysWhenItsConnectionHasGone() throws Exception {
        int pid;
        try (Proxy proxy = proxy(
                Map.of(
                        "program",
                        "/bin/sh",
                        "arguments",
                        List.of("sh", "-c", "trap '' HUP PIPE; echo $$; while :; do sleep 1; done"),
                        "stop_timeout",
                        "100ms",
                        "idle_timeout",
                        "200ms"),
                Map.of())) {
            try (Socket client = connect(proxy)) {
                pid = Integer.parseInt(line(client));
                assertThat(alive(pid)).isTrue();
            }

            assertThat(eventually(() -> !alive(pid))).isTrue();
            assertThat(eventually(() -> count("weir_exec_ended", "status", "signal") == 1))
                    .isTrue();
        }
    }

    @Test
    void endsProgramsWhenWeirLeaves() throws Exception {
        int pid;
        Proxy proxy = sh("echo $$; while :; do sleep 1; done");
        try (Socket client = connect(proxy)) {
            pid = Integer.parseInt(line(client));
            proxy.close();

            assertThat(eventually(() -> !alive(pid))).isTrue();
        }
    }

    @Test
    void saysWhyAProgramCannotBeStarted() throws Exception {
        try (Proxy proxy = proxy(Map.of("program", "/no/such/program"), Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEmpty();
            assertThat(count("weir_exec_failed", "reason", "start")).isEqualTo(1);
        }
        assertThatThrownBy(() -> Spawn.start("/no/such", List.of("x"), List.of(), true))
                .hasMessage("/no/such: No such file or directory");
        assertThatThrownBy(() -> Spawn.start("/etc/passwd", List.of("x"), List.of(), true))
                .hasMessage("/etc/passwd: Permission denied");
    }

    @Test
    void closesConnectionsWhereThereIsNoEpoll() throws Exception {
        Proxy proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "transport",
                        "nio",
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "exec", "program", "/bin/cat")))),
                        "clusters",
                        List.of())));
        open.add(proxy);
        try (Socket client = connect(proxy)) {
            assertThat(all(client)).isEmpty();
        }
        assertThat(count("weir_exec_failed", "reason", "transport")).isEqualTo(1);
    }

    @Test
    void startsNoMoreThanItMay() throws Exception {
        try (Proxy proxy = proxy(Map.of("program", "/bin/cat", "max_programs", 1), Map.of())) {
            try (Socket first = connect(proxy);
                    Socket second = connect(proxy)) {
                say(first, "x\n");
                assertThat(line(first)).isEqualTo("x");
                assertThat(all(second)).isEmpty();
                assertThat(count("weir_exec_failed", "reason", "limit")).isEqualTo(1);
            }
            assertThat(eventually(() -> {
                        try (Socket third = connect(proxy)) {
                            say(third, "y\n");
                            return line(third).equals("y");
                        } catch (IOException e) {
                            return false;
                        }
                    }))
                    .isTrue();
        }
    }

    @Test
    void tellsTheProgramTheClientsCertificate() throws Exception {
        for (String name : List.of("server", "client")) {
            String subject =
                    name.equals("server") ? "/CN=localhost" : "/C=DE/O=Weir, Inc./CN=a client/emailAddress=a@b.example";
            Process made = new ProcessBuilder(
                            "openssl",
                            "req",
                            "-x509",
                            "-newkey",
                            "ec",
                            "-pkeyopt",
                            "ec_paramgen_curve:P-256",
                            "-nodes",
                            "-subj",
                            subject,
                            "-keyout",
                            folder.resolve(name + ".key").toString(),
                            "-out",
                            folder.resolve(name + ".pem").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("req").toFile())
                    .start();
            assertThat(made.waitFor()).isZero();
        }
        Map<String, ?> tls = Map.of(
                "certificates",
                List.of(Map.of(
                        "certificate",
                        folder.resolve("server.pem").toString(),
                        "private_key",
                        folder.resolve("server.key").toString())),
                "client_ca",
                folder.resolve("client.pem").toString());
        try (Proxy proxy = proxy(
                Map.of(
                        "program",
                        "/bin/sh",
                        "arguments",
                        List.of("sh", "-c", "echo \"$SSL_CLIENT_DN|$SSL_CLIENT_I_DN\"")),
                Map.of("tls", tls))) {
            Path out = folder.resolve("said");
            Process client = new ProcessBuilder(
                            "openssl",
                            "s_client",
                            "-quiet",
                            "-connect",
                            "127.0.0.1:" + proxy.address("l").port(),
                            "-cert",
                            folder.resolve("client.pem").toString(),
                            "-key",
                            folder.resolve("client.key").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            assertThat(client.waitFor(30, TimeUnit.SECONDS)).isTrue();
            // As stunnel tells it.
            String name = "C=DE, O=\"Weir, Inc.\", CN=a client, emailAddress=a@b.example";

            assertThat(Files.readString(out)).contains(name + "|" + name + "\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "program,cat,'\"cat\" (expected: a path from the root)'",
        "stderr,nowhere,'\"nowhere\"'",
        "stop_timeout,2000h,'(expected: 0s..1d)'",
        "x,y,unknown key",
    })
    void saysWhatIsWrong(String key, String value, String problem) {
        Map<String, Object> settings = new HashMap<>(Map.of("program", "/bin/cat"));
        settings.put(key, value);

        assertThatThrownBy(() -> proxy(settings, Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem);
    }
}
