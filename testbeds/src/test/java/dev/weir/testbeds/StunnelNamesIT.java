package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.config.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code connect} with a name that has three addresses: real stunnel and {@code weir stunnel} use the same ones in the same order. */
class StunnelNamesIT {
    private static final List<String> ADDRESSES = List.of("127.0.0.3", "127.0.0.2", "127.0.0.4");
    private static final String HEAD = "foreground = yes\npid =\nsyslog = no\ndebug = 6\n[s]\naccept = 127.0.0.1:";

    @TempDir
    Path folder;

    private final List<ServerSocket> backends = new ArrayList<>();
    private String stunnel = "";

    @BeforeEach
    void prepare() throws Exception {
        String found = PeerProxy.installed("stunnel", "/usr/bin/stunnel4", "/usr/bin/stunnel");
        assumeTrue(found != null, "no stunnel (testbeds/install-servers.sh)");
        stunnel = String.valueOf(found);
        StunnelCertificates.make(folder);
        StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n127.0.0.3 both.test\n::1 both.test\n");
        ADDRESSES.forEach(address -> hosts.append(address).append(" many.test\n"));
        Files.writeString(folder.resolve("hosts"), hosts);
        assumeTrue(run("true") == 0, "SKIPPED-NEEDS: unshare with the right to mount");
        int port = 0;
        for (String address : ADDRESSES) {
            ServerSocket backend = new ServerSocket();
            backend.bind(at(address, port));
            port = backend.getLocalPort();
            backends.add(backend);
            Thread thread = new Thread(() -> answer(backend));
            thread.setDaemon(true);
            thread.start();
        }
    }

    @AfterEach
    void stop() throws IOException {
        for (ServerSocket backend : backends) {
            backend.close();
        }
    }

    private static InetSocketAddress at(String ip, int port) {
        return new InetSocketAddress(Objects.requireNonNull(new Address(ip, port).literal()), port);
    }

    /** Says to each client who it is. */
    private static void answer(ServerSocket backend) {
        while (!backend.isClosed()) {
            try (Socket socket = backend.accept()) {
                String own = backend.getInetAddress().getHostAddress() + "\n";
                socket.getOutputStream().write(own.getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // The next one.
            }
        }
    }

    /** A command that sees the names of this test, in a mount namespace of its own. */
    private List<String> named(List<String> command) {
        List<String> all = new ArrayList<>(List.of(
                "unshare",
                "-m",
                "sh",
                "-c",
                "mount --bind '" + folder.resolve("hosts") + "' /etc/hosts && exec \"$@\"",
                "sh"));
        all.addAll(command);
        return all;
    }

    private int run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(named(List.of(command))).start();
            return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
        } catch (IOException e) {
            return -1;
        }
    }

    private PeerProxy serve(List<String> command, String more) throws Exception {
        return serve(command, "many.test", more);
    }

    private PeerProxy serve(List<String> command, String name, String more) throws Exception {
        return PeerProxy.start(
                folder,
                named(command),
                1,
                ".conf",
                ports -> HEAD + ports.get(0) + "\ncert = server.pem\nkey = server.key\nconnect = " + name + ":"
                        + backends.get(0).getLocalPort() + "\n" + more);
    }

    private static List<String> weir() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return List.of(java, "-XX:TieredStopAtLevel=1", "-cp", classPath, "dev.weir.proxy.Main", "stunnel");
    }

    /** Who answers so many clients of a real stunnel, one after the other. */
    private List<String> ask(PeerProxy server, int times) throws Exception {
        List<String> answers = new ArrayList<>();
        try (PeerProxy client = PeerProxy.start(
                folder,
                List.of(stunnel),
                1,
                ".conf",
                ports -> HEAD + ports.get(0) + "\nclient = yes\nconnect = 127.0.0.1:"
                        + server.ports().get(0) + "\nsessionResume = no\n")) {
            for (int i = 0; i < times; i++) {
                try (Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), client.ports().get(0))) {
                    socket.setSoTimeout(10_000);
                    answers.add(String.valueOf(new BufferedReader(
                                    new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                            .readLine()));
                }
            }
        }
        return answers;
    }

    private List<String> inOrder(List<String> command, String more) throws Exception {
        try (PeerProxy server = serve(command, more)) {
            List<String> answers = ask(server, 2);
            backends.get(0).close();
            answers.addAll(ask(server, 2));
            return answers;
        }
    }

    @Test
    void takesTheAddressesInTheirOrder() throws Exception {
        List<String> weir = inOrder(weir(), "");

        assertThat(weir).containsExactly("127.0.0.3", "127.0.0.3", "127.0.0.2", "127.0.0.2");
    }

    @Test
    void takesThemInStunnelsOrder() throws Exception {
        List<String> real = inOrder(List.of(stunnel), "");

        assertThat(real).containsExactly("127.0.0.3", "127.0.0.3", "127.0.0.2", "127.0.0.2");
    }

    @Test
    void takesThemInTheirOrderWhereNamesAreLookedUpLate() throws Exception {
        List<String> weir = inOrder(weir(), "delay = yes\nfailover = rr\n");

        assertThat(weir).containsExactly("127.0.0.3", "127.0.0.3", "127.0.0.2", "127.0.0.2");
    }

    @Test
    void takesTheFamilyThatStunnelTakes() throws Exception {
        List<String> answers = new ArrayList<>();
        try (ServerSocket ipv6 = new ServerSocket()) {
            ipv6.bind(at("::1", backends.get(0).getLocalPort()));
            Thread thread = new Thread(() -> answer(ipv6));
            thread.setDaemon(true);
            thread.start();
            for (List<String> command : List.of(List.of(stunnel), weir())) {
                try (PeerProxy server = serve(command, "both.test", "")) {
                    answers.addAll(ask(server, 1));
                }
            }
        } catch (BindException e) {
            assumeTrue(false, "no IPv6");
        }

        assertThat(answers.get(1)).isEqualTo(answers.get(0)).isNotEqualTo("null");
    }

    @Test
    void takesOneAfterTheOther() throws Exception {
        for (List<String> command : List.of(List.of(stunnel), weir())) {
            try (PeerProxy server = serve(command, "failover = rr\n")) {
                List<String> answers = ask(server, 7);

                assertThat(answers.subList(1, 4)).as("%s", command).containsExactlyInAnyOrderElementsOf(ADDRESSES);
                assertThat(answers.subList(4, 7)).as("%s", command).isEqualTo(answers.subList(1, 4));
            }
        }
    }
}
