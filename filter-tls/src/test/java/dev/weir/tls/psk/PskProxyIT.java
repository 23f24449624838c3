package dev.weir.tls.psk;

import static dev.weir.tls.psk.PskBed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PSK in the places of a proxy where TLS may be: listener, cluster, mid-stream. */
class PskProxyIT {
    @TempDir
    Path folder;

    private Path secrets;

    @BeforeEach
    void writeSecrets() throws IOException {
        secrets = folder.resolve("secrets");
        Files.writeString(secrets, "a:" + KEY + "\n");
        if (!Files.isExecutable(Path.of("/usr/bin/openssl"))) {
            System.out.println("SKIPPED-NEEDS: openssl");
            Assumptions.abort("no openssl");
        }
    }

    private Map<String, Object> tls(String version) {
        return Map.of("psk", Map.of("secrets", secrets.toString()), "min_version", version, "max_version", version);
    }

    private Proxy proxy(List<?> filters, Map<String, ?> listener, int upstream, Map<String, ?> cluster)
            throws IOException {
        Map<String, Object> first = new HashMap<>(listener);
        first.putAll(Map.of("name", "l", "address", "127.0.0.1:0", "filters", filters));
        Map<String, Object> last = new HashMap<>(cluster);
        last.putAll(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + upstream)));
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "drain_timeout",
                        "1s",
                        "listeners",
                        List.of(first),
                        "clusters",
                        List.of(last))));
    }

    private static final Map<String, ?> FORWARD = Map.of("type", "tcp_proxy", "cluster", "c");

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void fromAListenerToAClusterAndThroughBoth(String version) throws Exception {
        byte[] data = new byte[8 << 20];
        new Random(1).nextBytes(data);
        try (ServerSocket echo = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                Proxy server = proxy(List.of(FORWARD), Map.of("tls", tls(version)), echo.getLocalPort(), Map.of());
                Proxy client =
                        proxy(List.of(FORWARD), Map.of(), server.address("l").port(), Map.of("tls", tls(version)))) {
            Thread echoing = daemon(() -> {
                try (Socket one = echo.accept()) {
                    one.getInputStream().transferTo(one.getOutputStream());
                }
            });
            try (Socket socket = new Socket(
                    InetAddress.getLoopbackAddress(), client.address("l").port())) {
                socket.setSoTimeout(60_000);
                daemon(() -> {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                });

                // Behind the end of what it has sent comes the rest of the answer.
                assertThat(socket.getInputStream().readAllBytes()).isEqualTo(data);
            }
            echoing.join(20_000);
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static Thread daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException over) {
                // the test has ended
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private String openssl(int port, String more) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Process process = new ProcessBuilder(
                        ("openssl s_client -quiet -no_ign_eof -psk_identity a -connect 127.0.0.1:" + port + " " + more)
                                .split(" "))
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try (OutputStream to = process.getOutputStream()) {
            to.write("hello\n".getBytes(StandardCharsets.US_ASCII));
            to.flush();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (process.isAlive()
                    && !Files.readString(out, StandardCharsets.ISO_8859_1).contains("\nhello")
                    && System.nanoTime() < deadline) {
                java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
            }
        } catch (IOException gone) {
            // refused
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return Files.readString(out, StandardCharsets.ISO_8859_1);
    }

    @Test
    void behindStarttlsAndWithAnAlertForAWrongKey() throws Exception {
        try (ServerSocket mail = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            daemon(() -> {
                while (true) {
                    Socket one = mail.accept();
                    daemon(() -> {
                        one.getOutputStream().write("220 mail\r\n".getBytes(StandardCharsets.US_ASCII));
                        one.getInputStream().transferTo(one.getOutputStream());
                    });
                }
            });
            for (String version : List.of("TLSv1.2", "TLSv1.3")) {
                Map<String, ?> starttls = Map.of("type", "starttls", "protocol", "smtp", "tls", tls(version));
                try (Proxy proxy = proxy(List.of(starttls, FORWARD), Map.of(), mail.getLocalPort(), Map.of())) {
                    int port = proxy.address("l").port();

                    assertThat(openssl(port, "-starttls smtp -psk " + KEY)).contains("\nhello");
                    assertThat(openssl(port, "-starttls smtp -psk ffeeddccbbaa99887766554433221100"))
                            .contains(version.equals("TLSv1.3") ? "alert decrypt error" : "alert bad record mac");
                }
            }
        }
    }

    @Test
    void tellsAClientThatItsKeyIsWrong() throws Exception {
        try (Proxy proxy = proxy(List.of(Map.of("type", "echo")), Map.of("tls", tls("TLSv1.3")), 1, Map.of())) {
            int port = proxy.address("l").port();

            assertThat(openssl(port, "-psk " + KEY)).contains("hello");
            assertThat(openssl(port, "-psk ffeeddccbbaa99887766554433221100")).contains("alert decrypt error");
        }
    }
}
