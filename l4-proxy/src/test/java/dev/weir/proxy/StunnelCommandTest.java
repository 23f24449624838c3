package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StunnelCommandTest {
    private static final String SERVICE = "[a b]\nclient = yes\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:1\n";

    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream error = new ByteArrayOutputStream();

    private Terminal terminal() {
        return new Terminal(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(error, true, StandardCharsets.UTF_8),
                code -> {});
    }

    private int weir(String... arguments) {
        return new Main(terminal()).run(arguments);
    }

    private String file(String text) throws IOException {
        return Files.writeString(folder.resolve("stunnel.conf"), text).toString();
    }

    private String said() {
        return error.toString(StandardCharsets.UTF_8);
    }

    @Test
    void saysItsVersionOnStandardError() {
        int code = weir("stunnel", "-version");

        assertThat(code).isZero();
        assertThat(said())
                .matches("(?s)stunnel 5\\.\\d+ .*Compiled with OpenSSL \\d+\\.\\d+\\.\\d+.*Running  with OpenSSL.*");
        assertThat(out.size()).isZero();
    }

    @Test
    void refusesAFileThatIsNotThere() {
        int code = weir("stunnel", "/no/such/file");

        assertThat(code).isEqualTo(1);
        assertThat(said()).contains("[!] Invalid configuration file name \"/no/such/file\"");
    }

    @Test
    void saysWhatIsWrongAsStunnelDoes() throws IOException {
        String name = file("foreground = yes\nbogus = 1\n" + SERVICE);

        int code = weir("stunnel", name);

        assertThat(code).isEqualTo(1);
        assertThat(said())
                .contains("[!] " + name + ":2: \"bogus = 1\": Specified option name is not valid here\n")
                .endsWith("[!] Configuration failed\n");
    }

    @Test
    void readsFilesInAnyEncoding() throws IOException {
        Path name = folder.resolve("latin.conf");
        Files.write(name, ("; caf\u00e9\nforeground = yes\n" + SERVICE).getBytes(StandardCharsets.ISO_8859_1));

        assertThat(weir("stunnel", "--test-conf", name.toString())).isZero();
        assertThat(said()).contains("[.] Configuration successful");
    }

    @Test
    void explainsWhatItRuns() throws IOException {
        int code = weir("stunnel", "--explain", file("foreground = yes\n" + SERVICE));

        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "# note: Service [a b] needs authentication to prevent MITM attacks",
                        "- name: a b",
                        "insecure: true");
    }

    @Test
    void takesTheAdminServerOfTheCommandLine() throws IOException {
        String name = file("foreground = yes\nweir.admin = 127.0.0.1:1\n" + SERVICE);

        int code = weir("stunnel", "--admin", "127.0.0.1:2", "--explain", name);

        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("address: 127.0.0.1:2")
                .doesNotContain("127.0.0.1:1\n    filters")
                .doesNotContain("admin:\n  address: 127.0.0.1:1\n");
    }

    @Test
    void namesTheIncludedFileAndItsLine() throws IOException {
        Path parts = Files.createDirectories(folder.resolve("conf.d"));
        Path first = Files.writeString(parts.resolve("a.conf"), "; nothing\n\n[a]\nbogus = 1\n");
        Path second = Files.writeString(
                parts.resolve("b.conf"), "[b]\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:1\ncert = /no/such/file\n");

        int parsed = weir("stunnel", file("foreground = yes\ninclude = " + parts + "\n"));
        Files.delete(first);
        int checked = weir("stunnel", file("foreground = yes\n\n\n\ninclude = " + parts + "\n"));

        assertThat(List.of(parsed, checked)).containsExactly(1, 1);
        assertThat(said())
                .contains("[!] " + first + ":4: \"bogus = 1\": Specified option name is not valid here\n")
                .contains("[!] " + second + ":4: listeners[0].tls.certificates[0].certificate: \"/no/such/file\"");
    }

    @Test
    void runsUntilItIsStopped() throws Exception {
        Path pid = folder.resolve("pid");
        AtomicReference<String> seen = new AtomicReference<>("");
        StunnelCommand command = new StunnelCommand((server, stop) -> {
            try {
                seen.set(Files.readString(pid));
            } catch (IOException e) {
                seen.set(e.toString());
            }
            stop.run();
        });
        String name = file("foreground = yes\nsyslog = no\ndebug = 6\npid = " + pid + "\n" + SERVICE);

        int code = command.run(new Arguments(Map.of(), List.of(name)), terminal());

        assertThat(code).isZero();
        assertThat(seen.get().trim())
                .isEqualTo(String.valueOf(ProcessHandle.current().pid()));
        assertThat(pid).doesNotExist();
        assertThat(said())
                .containsPattern("LOG6\\[ui]: Service \\[a b].* bound to 127\\.0\\.0\\.1:\\d+")
                .contains("Accepting new connections");
    }

    @Test
    void saysWhyItHasNoLog() throws IOException {
        int code = weir("stunnel", file("foreground = yes\nsyslog = no\noutput = /no/such/folder/x\n" + SERVICE));

        assertThat(code).isEqualTo(1);
        assertThat(said()).contains("[!] Cannot open log file: /no/such/folder/x");
    }

    @Test
    void leavesOutAddressesThatAreTakenWhileThereAreOthers() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String accept = "accept = 127.0.0.1:" + taken.getLocalPort() + "\n";
            String head = "foreground = yes\nsyslog = no\ndebug = 6\n";
            StunnelCommand command = new StunnelCommand((server, stop) -> stop.run());

            int one = command.run(new Arguments(Map.of(), List.of(file(head + SERVICE + accept))), terminal());
            String first = said();
            int none = command.run(
                    new Arguments(
                            Map.of(), List.of(file(head + "[a]\nclient = yes\nconnect = 127.0.0.1:1\n" + accept))),
                    terminal());

            assertThat(one).isZero();
            assertThat(first).contains("Address already in use (98)").contains("bound to 127.0.0.1:");
            assertThat(none).isEqualTo(1);
            assertThat(said()).contains("Binding service [a] failed");
        }
    }
}
