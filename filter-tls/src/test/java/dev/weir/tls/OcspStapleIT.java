package dev.weir.tls;

import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is stapled is asked from the responder that the certificate names: OpenSSL's. */
class OcspStapleIT {
    private static final String GOOD = "V\t350101000000Z\t";
    private static final String REVOKED = "R\t350101000000Z\t260101000000Z";

    @TempDir
    Path folder;

    private int port;
    private Process responder;

    @BeforeAll
    static void needsOpenSsl() {
        OpenSslPeer.required();
    }

    @BeforeEach
    void makeCertificates() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        key("root");
        run("req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=Root", "-days", "30", "-out", "ca.pem");
        issue(
                "server",
                "subjectAltName=DNS:one.example\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:" + port + "/x\n");
        issue("silent", "subjectAltName=DNS:one.example\n");
        issue("delegate", "extendedKeyUsage=OCSPSigning\n");
        issue("anybody", "extendedKeyUsage=serverAuth\n");
        for (String name : List.of("server", "silent")) {
            Files.writeString(
                    folder.resolve(name + "-chain.pem"),
                    Files.readString(folder.resolve(name + ".pem")) + Files.readString(folder.resolve("ca.pem")));
        }
    }

    @AfterEach
    void stop() {
        if (responder != null) {
            responder.destroyForcibly().onExit().join();
        }
    }

    private void run(String... arguments) throws Exception {
        OpenSslPeer.run(folder, arguments);
    }

    private void key(String name) throws Exception {
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name + ".key");
    }

    private void issue(String name, String extensions) throws Exception {
        key(name);
        run("req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr");
        Files.writeString(folder.resolve("extensions"), extensions);
        run(
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                "extensions",
                "-out",
                name + ".pem");
    }

    /** Of {@code server} it says {@code state}. */
    private void respond(String state, String signer, String key, String... more) throws Exception {
        run("x509", "-in", "server.pem", "-noout", "-serial", "-out", "serial");
        String serial = Files.readString(folder.resolve("serial")).strip().replace("serial=", "");
        Files.writeString(folder.resolve("index.txt"), state + "\t" + serial + "\tunknown\t/CN=server\n");
        List<String> command = new ArrayList<>(List.of(
                OpenSslPeer.PROGRAM.toString(),
                "ocsp",
                "-port",
                Integer.toString(port),
                "-index",
                "index.txt",
                "-rsigner",
                signer,
                "-rkey",
                key,
                "-CA",
                "ca.pem"));
        command.addAll(List.of(more));
        Path log = folder.resolve("responder.log");
        responder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        eventually(() -> !responder.isAlive() || waits(log));
        assertThat(responder.isAlive()).as("responder on a port that was free").isTrue();
    }

    private static boolean waits(Path log) {
        try {
            return Files.readString(log).contains("waiting for OCSP client connections");
        } catch (IOException e) {
            return false;
        }
    }

    private TlsBed serve(String name) {
        Map<String, Object> certificate = new HashMap<>();
        certificate.put("certificate", folder.resolve(name + ".pem").toString());
        certificate.put(
                "private_key",
                folder.resolve(name.replace("-chain", "") + ".key").toString());
        certificate.put("ocsp", Map.of("fetch", true));
        return TlsBed.echo(section(List.of(certificate), "reload_interval", "20ms"));
    }

    private static String asked(TlsBed bed, String version) throws Exception {
        var result = OpenSslPeer.client(bed.port(), "ping", version, "-status");
        assertThat(result.output()).contains("ping\n");
        return result.output();
    }

    @ParameterizedTest
    @CsvSource({"ca.pem,root.key", "delegate.pem,delegate.key"})
    void staplesWhatTheResponderSays(String signer, String key) throws Exception {
        respond(GOOD, signer, key, "-ndays", "3");
        try (TlsBed bed = serve("server-chain")) {
            eventually(() -> bed.count("weir.tls.staples", "result", "success") == 1);

            for (String version : List.of("-tls1_3", "-tls1_2")) {
                assertThat(asked(bed, version))
                        .contains("OCSP Response Status: successful")
                        .contains("Cert Status: good");
            }

            // The same certificate is read again, and nobody asked.
            Path file = folder.resolve("server-chain.pem");
            Files.writeString(file, Files.readString(file) + "\n");
            eventually(() -> bed.count("weir.tls.reloads", "result", "success") == 1);
            assertThat(asked(bed, "-tls1_3")).contains("Cert Status: good");
            assertThat(bed.count("weir.tls.staples", "result", "success")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"V,anybody.pem,anybody.key", "R,ca.pem,root.key"})
    void staplesNothingThatAClientWouldNotTake(String state, String signer, String key) throws Exception {
        respond(state.equals("V") ? GOOD : REVOKED, signer, key, "-ndays", "3");
        try (TlsBed bed = serve("server-chain")) {
            eventually(() -> bed.count("weir.tls.staples", "result", "failure") == 1);

            assertThat(asked(bed, "-tls1_3")).contains("OCSP response: no response sent");
        }
    }

    @Test
    void takesNoAnswerOfAnotherTime() throws Exception {
        respond(GOOD, "ca.pem", "root.key", "-nmin", "10");
        Map<String, ?> certificate = Map.of(
                "certificate", folder.resolve("server-chain.pem").toString(),
                "private_key", folder.resolve("server.key").toString());
        Credential.Source source = Credential.Source.from(ConfigNode.of(certificate, new ConfigErrors()), true);
        OcspQuestion question =
                OcspQuestion.about(Objects.requireNonNull(source).load(2));
        Instant now = Instant.now();

        OcspQuestion.Answer answer = question.ask(now);

        assertThat(answer.until()).isBetween(now.plusSeconds(500), now.plusSeconds(700));
        for (Instant other : List.of(now.minusSeconds(3_600), now.plusSeconds(3_600))) {
            assertThatThrownBy(() -> question.ask(other))
                    .isInstanceOf(OcspQuestion.Failed.class)
                    .hasMessageContaining("of another time");
        }
    }

    @Test
    void isEitherAFileOrAResponder() {
        ConfigErrors errors = new ConfigErrors();
        Map<String, ?> certificate = Map.of(
                "certificate", folder.resolve("server-chain.pem").toString(),
                "ocsp_response", folder.resolve("server.pem").toString(),
                "ocsp", Map.of("fetch", true, "fetsh", false));

        Credential.Source.from(ConfigNode.of(certificate, errors), true);

        assertThat(errors.problems())
                .extracting(ConfigErrors.Problem::toString)
                .containsExactlyInAnyOrder(
                        "ocsp: fetch beside ocsp_response (expected: one of the two)",
                        "ocsp.fetsh: unknown key (did you mean \"fetch\"?)");
    }

    /** Nobody there, no responder named, no issuer known. */
    @ParameterizedTest
    @CsvSource({"server-chain", "silent-chain", "server"})
    void servesWithoutAStapleWhereThereIsNoAnswer(String name) throws Exception {
        try (TlsBed bed = serve(name)) {
            eventually(() -> bed.count("weir.tls.staples", "result", "failure") >= 1);

            assertThat(asked(bed, "-tls1_3")).contains("OCSP response: no response sent");
        }
    }
}
