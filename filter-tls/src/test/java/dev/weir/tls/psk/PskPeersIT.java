package dev.weir.tls.psk;

import static dev.weir.tls.psk.PskBed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenSSL and stunnel in both roles. */
class PskPeersIT {
    @TempDir
    Path folder;

    private PskBed bed;
    private final List<Process> running = new ArrayList<>();

    @BeforeEach
    void begin() {
        bed = new PskBed(folder);
    }

    @AfterEach
    void end() throws Exception {
        for (Process process : running) {
            process.destroyForcibly().waitFor();
        }
        bed.close();
    }

    private static void needs(String program) {
        if (!Files.isExecutable(Path.of("/usr/bin/" + program))) {
            System.out.println("SKIPPED-NEEDS: " + program);
            Assumptions.abort("no " + program);
        }
    }

    private static boolean eventually(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
        }
        return true;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private Process start(Path out, String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        running.add(process);
        return process;
    }

    private static boolean accepts(int port) {
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** What {@code openssl s_client} says when it has sent a line and got it back, or has failed. */
    private String client(int port, String more) throws Exception {
        needs("openssl");
        Path out = Files.createTempFile(folder, "client", "");
        Process process = start(
                out,
                ("openssl s_client -connect 127.0.0.1:" + port + " -no_ign_eof -psk_identity a -psk " + KEY + " "
                                + more)
                        .strip()
                        .split(" +"));
        try (OutputStream to = process.getOutputStream()) {
            to.write("hello weir\n".getBytes(StandardCharsets.US_ASCII));
            to.flush();
            eventually(() -> !process.isAlive() || text(out).contains("\nhello weir"));
        } catch (IOException gone) {
            // it has failed
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return text(out);
    }

    @ParameterizedTest
    @CsvSource({
        "-tls1_2 -cipher PSK,TLSv1.2",
        "-tls1_2 -cipher ECDHE-PSK-CHACHA20-POLY1305,TLSv1.2",
        "-tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA256,TLSv1.2",
        "-tls1_2 -cipher ECDHE-PSK-AES256-CBC-SHA384,TLSv1.2",
        "-tls1_2 -cipher PSK-AES256-GCM-SHA384,TLSv1.2",
        "-tls1_2 -cipher PSK-AES128-GCM-SHA256,TLSv1.2",
        "-tls1_2 -cipher PSK-CHACHA20-POLY1305,TLSv1.2",
        "-tls1_3,TLSv1.3",
        "-tls1_3 -groups P-384,TLSv1.3",
        "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256,TLSv1.3",
    })
    void opensslAsTheClient(String how, String version) throws Exception {
        int port = bed.server(bed.psk("x:" + KEY + "\na:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3");

        assertThat(client(port, how)).contains("\nhello weir");
        assertThat(bed.accepted.get(0).session().version()).isEqualTo(version);
        assertThat(bed.accepted.get(0).session().identity()).isEqualTo("a");
        assertThat(bed.accepted.get(0).failure).isNull();
    }

    /** Each peer has more than the section names, and something that it does not. */
    @ParameterizedTest
    @CsvSource({
        "ciphers,PSK-AES256-GCM-SHA384,-tls1_2 -cipher PSK,TLS_PSK_WITH_AES_256_GCM_SHA384",
        "ciphers,PSK-AES256-GCM-SHA384,-tls1_2 -cipher PSK-AES128-GCM-SHA256,",
        "ciphers,ECDHE-PSK-AES128-CBC-SHA256,-tls1_2 -cipher PSK,TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256",
        "cipher_suites,TLS_CHACHA20_POLY1305_SHA256,-tls1_3,TLS_CHACHA20_POLY1305_SHA256",
        "cipher_suites,TLS_CHACHA20_POLY1305_SHA256,-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256,",
        "curves,P-384,-tls1_3 -groups X25519:P-384,TLS_AES_128_GCM_SHA256",
        "curves,P-384,-tls1_3 -groups X25519,",
        "curves,X448,-tls1_3 -groups X448,TLS_AES_128_GCM_SHA256",
        "curves,P-521,-tls1_2 -groups X25519:P-521 -cipher ECDHE-PSK-AES128-CBC-SHA256,TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256",
        "curves,P-521,-tls1_2 -groups X25519 -cipher ECDHE-PSK-AES128-CBC-SHA256,",
    })
    void speaksOnlyWhatItsSectionNames(String key, String value, String how, @Nullable String expected)
            throws Exception {
        bed.choice = Map.of(key, List.of(value));
        int port = bed.server(bed.psk("a:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3");

        String said = client(port, how);

        if (expected == null) {
            assertThat(said).contains("alert handshake failure").doesNotContain("\nhello weir");
        } else {
            assertThat(said).contains("\nhello weir");
            assertThat(bed.accepted.get(0).session().cipher()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ciphers,PSK-AES256-GCM-SHA384,TLSv1.2,-cipher PSK,TLS_PSK_WITH_AES_256_GCM_SHA384",
        "ciphers,PSK-AES256-GCM-SHA384,TLSv1.2,-cipher PSK-AES128-GCM-SHA256,",
        "cipher_suites,TLS_CHACHA20_POLY1305_SHA256,TLSv1.3,,TLS_CHACHA20_POLY1305_SHA256",
        "curves,P-384,TLSv1.3,-groups P-384:X25519,TLS_AES_128_GCM_SHA256",
        "curves,P-384,TLSv1.3,-groups X25519,",
        "curves,P-521,TLSv1.2,-groups X25519 -cipher ECDHE-PSK-AES128-CBC-SHA256,",
    })
    void asksOnlyForWhatItsSectionNames(
            String key, String value, String version, @Nullable String how, @Nullable String expected)
            throws Exception {
        needs("openssl");
        bed.choice = Map.of(key, List.of(value));
        int port = freePort();
        Path out = folder.resolve("server");
        String more = how == null ? "" : how + " ";
        start(
                out,
                ("openssl s_server -nocert -rev " + more + "-psk_identity a -psk " + KEY + " -accept 127.0.0.1:" + port)
                        .split(" "));
        assertThat(eventually(() -> text(out).contains("ACCEPT"))).isTrue();

        var client = bed.client(bed.psk("a:" + KEY + "\n", Map.of()), version, version, port, true);

        assertThat(client.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(client.session() == null ? null : client.session().cipher()).isEqualTo(expected);
    }

    @Test
    void opensslWithAnotherKeyOrWithoutOne() throws Exception {
        int port = bed.server(bed.psk("a:ffeeddccbbaa99887766554433221100\n", Map.of()), "TLSv1.2", "TLSv1.3");

        assertThat(client(port, "-tls1_2 -cipher PSK"))
                .contains("alert bad record mac")
                .doesNotContain("\nhello");
        assertThat(client(port, "-tls1_3")).contains("alert decrypt error").doesNotContain("\nhello");
        assertThat(client(port, "-tls1_3 -psk_identity b")).contains("alert decrypt error");
        // A client of certificates.
        Path out = folder.resolve("plain");
        assertThat(start(out, "openssl", "s_client", "-connect", "127.0.0.1:" + port)
                        .waitFor(20, TimeUnit.SECONDS))
                .isTrue();
        assertThat(text(out)).contains("alert handshake failure");
        assertThat(start(out, "openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:" + port)
                        .waitFor(20, TimeUnit.SECONDS))
                .isTrue();
        assertThat(text(out)).contains("alert handshake failure");
        assertThat(start(
                                out,
                                "openssl",
                                "s_client",
                                "-tls1_1",
                                "-cipher",
                                "ALL@SECLEVEL=0",
                                "-connect",
                                "127.0.0.1:" + port)
                        .waitFor(20, TimeUnit.SECONDS))
                .isTrue();
        assertThat(text(out)).contains("alert protocol version");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void opensslAsTheServer(String version) throws Exception {
        needs("openssl");
        int port = freePort();
        Path out = folder.resolve("server");
        start(
                out,
                ("openssl s_server -nocert -rev -psk_identity a -psk " + KEY + " -accept 127.0.0.1:" + port)
                        .split(" "));
        assertThat(eventually(() -> text(out).contains("ACCEPT"))).isTrue();
        var client = bed.client(bed.psk("a:" + KEY + "\n", Map.of()), version, version, port, true);
        client.context.writeAndFlush(Unpooled.copiedBuffer("olleh\n", StandardCharsets.US_ASCII));

        assertThat(eventually(() -> client.text().contains("hello\n"))).isTrue();
        assertThat(client.session().version()).isEqualTo(version);
    }

    @Test
    void takesNoCertificateForAKey() throws Exception {
        needs("openssl");
        Path cert = folder.resolve("cert.pem");
        start(
                        folder.resolve("req"),
                        ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=db.example -keyout "
                                        + cert + ".key -out " + cert)
                                .split(" "))
                .waitFor();
        int port = freePort();
        Path out = folder.resolve("server");
        start(
                out,
                ("openssl s_server -rev -cert " + cert + " -key " + cert + ".key -accept 127.0.0.1:" + port)
                        .split(" "));
        assertThat(eventually(() -> text(out).contains("ACCEPT"))).isTrue();
        var client = bed.client(bed.psk("a:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3", port, true);
        client.context.writeAndFlush(Unpooled.copiedBuffer("secret\n", StandardCharsets.US_ASCII));

        assertThat(client.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(client.tls.handshakeFuture().isSuccess()).isFalse();
        assertThat(eventually(() -> client.failure != null)).isTrue();
    }

    private int stunnel(String options) throws Exception {
        needs("stunnel");
        Path secrets = folder.resolve("secrets");
        Files.writeString(secrets, "a:" + KEY + "\n");
        for (int attempt = 0; attempt < 3; attempt++) {
            int port = freePort();
            Path config = folder.resolve("stunnel-" + port);
            Path log = folder.resolve("stunnel-log-" + port);
            Files.writeString(
                    config,
                    "foreground = yes\npid =\n[s]\naccept = 127.0.0.1:" + port + "\nPSKsecrets = " + secrets + "\n"
                            + options);
            Process process = start(log, "stunnel", config.toString());
            eventually(() -> !process.isAlive() || text(log).contains("Configuration successful"));
            if (process.isAlive() && eventually(() -> accepts(port))) {
                return port;
            }
        }
        throw new IllegalStateException("stunnel does not start");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void stunnelAsTheClient(String version) throws Exception {
        int weir = bed.server(bed.psk("a:" + KEY + "\n", Map.of()), version, version);
        int stunnel = stunnel("client = yes\nconnect = 127.0.0.1:" + weir + "\n");

        for (int i = 0; i < 3; i++) { // later ones may want to resume
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stunnel)) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();

                assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("hello");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void stunnelAsTheServer(String version) throws Exception {
        int stunnel = stunnel("exec = /bin/cat\nexecArgs = cat\n");
        for (int i = 0; i < 3; i++) {
            var client = bed.client(bed.psk("a:" + KEY + "\n", Map.of()), version, version, stunnel, true);
            client.context.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
            assertThat(eventually(() -> client.text().equals("hello"))).isTrue();
            client.context.executor().execute(() -> client.tls.closeOutbound());

            assertThat(eventually(() -> client.ended)).isTrue();
            assertThat(client.session().version()).isEqualTo(version);
        }
    }
}
