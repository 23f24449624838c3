package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weir stunnel} as a process: in the background, with signals, on standard input, with a program; real stunnel is the other end. */
class StunnelProcessIT {
    @TempDir
    Path folder;

    private String stunnel = "";
    private ServerSocket backend;

    @BeforeEach
    void prepare() throws Exception {
        String found = PeerProxy.installed("stunnel", "/usr/bin/stunnel4", "/usr/bin/stunnel");
        assumeTrue(found != null, "no stunnel (testbeds/install-servers.sh)");
        stunnel = String.valueOf(found);
        StunnelCertificates.make(folder);
        backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::answer);
        thread.setDaemon(true);
        thread.start();
    }

    @AfterEach
    void stop() throws IOException {
        if (backend != null) {
            backend.close();
        }
    }

    private void answer() {
        while (!backend.isClosed()) {
            try (Socket socket = backend.accept()) {
                String line = new BufferedReader(
                                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                        .readLine();
                socket.getOutputStream().write(("got " + line + "\n").getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // The next one.
            }
        }
    }

    private PeerProxy server() throws Exception {
        return PeerProxy.start(
                folder,
                List.of(stunnel),
                1,
                ".conf",
                ports ->
                        "foreground = yes\npid =\nsyslog = no\n[s]\ncert = server.pem\nkey = server.key\naccept = 127.0.0.1:"
                                + ports.get(0) + "\nconnect = 127.0.0.1:" + backend.getLocalPort() + "\n");
    }

    private ProcessBuilder weir(String name, String text) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Path file = Files.writeString(folder.resolve(name), text);
        return new ProcessBuilder(new ArrayList<>(List.of(
                        java,
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath,
                        "dev.weir.proxy.Main",
                        "stunnel",
                        file.toString())))
                .directory(folder.toFile());
    }

    private static void eventually(BooleanSupplier condition) throws InterruptedException {
        assertThat(Setup.eventually(condition)).isTrue();
    }

    private String read(String name) {
        try {
            Path path = folder.resolve(name);
            return Files.exists(path) ? Files.readString(path) : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static void signal(String name, String pid) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor())
                .isZero();
    }

    @Test
    void goesToTheBackgroundAndObeysSignals() throws Exception {
        String good =
                "pid = weir.pid\noutput = weir.log\ndebug = 6\nsyslog = no\n[a]\nclient = yes\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:1\n";
        Process parent = weir("a.conf", good).redirectErrorStream(true).start();

        assertThat(parent.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(parent.exitValue()).isZero();
        String pid = read("weir.pid").trim();
        assertThat(pid).matches("\\d+");
        assertThat(read("weir.log")).contains("bound to 127.0.0.1:", "Accepting new connections");

        signal("USR2", pid);
        eventually(() -> read("weir.log").contains("LOG0[ui]: Listed 0 active connection(s)"));
        Files.move(folder.resolve("weir.log"), folder.resolve("old.log"));
        signal("USR1", pid);
        eventually(() -> read("weir.log").contains("Log file reopened"));
        Files.writeString(folder.resolve("a.conf"), good + "bogus\n");
        signal("HUP", pid);
        eventually(() -> read("weir.log").contains("Failed to reload the configuration file"));
        assertThat(read("weir.log")).contains("\"bogus\": No '=' found");
        signal("TERM", pid);
        eventually(() -> !Files.exists(folder.resolve("weir.pid")));
        assertThat(read("weir.log")).contains("Terminated").doesNotContain("Accepting");
    }

    @Test
    void failsInTheBackgroundWithItsExitCode() throws Exception {
        Process parent = weir("a.conf", "[a]\naccept = 127.0.0.1:0\n")
                .redirectErrorStream(true)
                .start();

        String said = new String(parent.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(parent.waitFor()).isEqualTo(1);
        assertThat(said).contains("[!] Service [a]: TLS server needs a certificate", "[!] Configuration failed");
    }

    @Test
    void servesStandardInputAndOutput() throws Exception {
        try (PeerProxy server = server()) {
            String text =
                    "client = yes\nsyslog = no\nverifyChain = yes\nCAfile = ca.pem\ncheckHost = server.example\nconnect = 127.0.0.1:"
                            + server.ports().get(0) + "\n";
            Process process = weir("a.conf", text).start();
            process.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();

            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

            assertThat(said).isEqualTo("got hello\n");
            assertThat(process.waitFor()).isZero();
        }
    }

    @Test
    void startsAProgramAgainAndAgain() throws Exception {
        Path program = Files.writeString(
                folder.resolve("program"),
                "#!/bin/sh\necho \"$1\"\nread line\necho \"$line\" >> " + folder + "/answers\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        try (PeerProxy server = server()) {
            String text = "foreground = yes\npid =\nsyslog = no\ndebug = 6\n[job]\nclient = yes\nretry = yes\nexec = "
                    + program + "\nexecArgs = program hi\nconnect = 127.0.0.1:"
                    + server.ports().get(0) + "\n";
            Process process = weir("a.conf", text)
                    .redirectError(folder.resolve("log").toFile())
                    .start();
            try {
                eventually(() -> read("answers").startsWith("got hi\ngot hi\n"));
            } finally {
                process.destroy();
            }

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(read("log"))
                    .contains("Starting exec+connect service [job]", "Terminated")
                    .doesNotContain("bound to");
        }
    }

    @Test
    void startsAndEndsProgramsAtAReload() throws Exception {
        Path program = Files.writeString(
                folder.resolve("program"),
                "#!/bin/sh\necho \"$1\"\nread line\necho \"$line\" >> " + folder + "/answers\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        try (PeerProxy server = server()) {
            String connect = "connect = 127.0.0.1:" + server.ports().get(0) + "\n";
            String head = "foreground = yes\npid = weir.pid\nsyslog = no\ndebug = 6\nclient = yes\n";
            String service = "[a]\naccept = 127.0.0.1:0\n" + connect;
            String job = "[job]\nretry = 50\nexec = " + program + "\nexecArgs = program hi\n" + connect;
            Process process = weir("a.conf", head + service)
                    .redirectError(folder.resolve("log").toFile())
                    .start();
            try {
                eventually(() -> !read("weir.pid").isEmpty());
                String pid = read("weir.pid").trim();
                Files.writeString(folder.resolve("a.conf"), head + service + job);
                signal("HUP", pid);
                eventually(() -> read("answers").startsWith("got hi\ngot hi\n"));
                Files.writeString(folder.resolve("a.conf"), head + service + job.replace("hi\n", "ho\n"));
                signal("HUP", pid);
                eventually(() -> read("answers").endsWith("got ho\ngot ho\n"));
                Files.writeString(folder.resolve("a.conf"), head + service);
                signal("HUP", pid);
                eventually(() -> read("log").split("Configuration successful", -1).length == 5);
                eventually(this::answersStay);
            } finally {
                process.destroy();
            }

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(read("log").split("Starting exec\\+connect service \\[job]", -1))
                    .hasSize(3);
        }
    }

    /** Whether nothing more has come in ten times the time after which it would. */
    private boolean answersStay() {
        String before = read("answers");
        java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
        return read("answers").equals(before);
    }

    @Test
    void takesSocketsOfSystemd() throws Exception {
        String activate = PeerProxy.installed("systemd-socket-activate", "/usr/bin/systemd-socket-activate");
        assumeTrue(activate != null, "no systemd-socket-activate");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (PeerProxy server = server()) {
            String text = "foreground = yes\npid =\nsyslog = no\ndebug = 6\n[a]\nclient = yes\naccept = 127.0.0.1:"
                    + port + "\nconnect = 127.0.0.1:" + server.ports().get(0) + "\n";
            ProcessBuilder builder = weir("a.conf", text);
            builder.command().addAll(0, List.of(String.valueOf(activate), "-l", "127.0.0.1:" + port));
            Process process =
                    builder.redirectError(folder.resolve("log").toFile()).start();
            try {
                eventually(() -> read("log").contains("Listening on"));
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    socket.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));

                    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                            .isEqualTo("got hello\n");
                }
            } finally {
                process.destroy();
            }

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(read("log")).contains("Service [a] (FD=3) bound to 127.0.0.1:" + port);
        }
    }
}
