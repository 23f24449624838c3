package dev.weir.tls;

import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Revocation as OpenSSL's responder tells it: stapled for clients, and asked about clients. */
class OcspIT {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeAll
    static void needsOpenSsl() {
        OpenSslPeer.required();
    }

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.issue("server", b -> b.ecp256().addSanDnsName("one.example"));
        StringBuilder index = new StringBuilder();
        for (String name : List.of("server", "good", "revoked")) {
            if (!name.equals("server")) {
                pki.issue(name, b -> b.ecp256());
            }
            String serial = serial(name);
            String state = name.equals("revoked") ? "R\t350101000000Z\t260101000000Z" : "V\t350101000000Z\t";
            index.append(state + "\t" + serial + "\tunknown\t/CN=" + name + "\n");
        }
        Files.writeString(folder.resolve("index.txt"), index);
        Pki.write(pki.path("root.key"), pki.root().getPrivateKeyPEM());
    }

    private String serial(String name) throws Exception {
        OpenSslPeer.run(
                folder,
                "x509",
                "-in",
                pki.path(name + ".pem").toString(),
                "-noout",
                "-serial",
                "-out",
                "serial-" + name);
        return Files.readString(folder.resolve("serial-" + name)).strip().replace("serial=", "");
    }

    @Test
    void whatAResponderSaidIsStapled() throws Exception {
        OpenSslPeer.run(
                folder,
                "ocsp",
                "-index",
                "index.txt",
                "-rsigner",
                "ca.pem",
                "-rkey",
                "root.key",
                "-CA",
                "ca.pem",
                "-issuer",
                "ca.pem",
                "-cert",
                "server.pem",
                "-respout",
                "staple.der",
                "-ndays",
                "3",
                "-noverify");
        Map<String, Object> certificate = new HashMap<>(certificate(pki, "server"));
        certificate.put("ocsp_response", pki.path("staple.der").toString());
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate)))) {
            for (String version : List.of("-tls1_3", "-tls1_2")) {
                var result = OpenSslPeer.client(bed.port(), "ping", version, "-status");

                assertThat(result.output())
                        .contains("OCSP Response Status: successful")
                        .contains("Cert Status: good");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"good,true", "revoked,false"})
    void aResponderIsAskedAboutClients(String who, boolean welcome) throws Exception {
        int port = free();
        Process responder = responder(port);
        for (int attempt = 1; !ready(responder) && attempt < 3; attempt++) {
            port = free(); // somebody was faster
            responder = responder(port);
        }
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("ca.pem").toString(),
                "client_ocsp",
                Map.of("responder", "http://127.0.0.1:" + port)))) {
            for (String version : List.of("-tls1_3", "-tls1_2")) {
                var result = OpenSslPeer.client(
                        bed.port(),
                        "ping",
                        version,
                        "-cert",
                        pki.path(who + ".pem").toString(),
                        "-key",
                        pki.path(who + ".key").toString());

                assertThat(result.output().contains("ping\n"))
                        .as(result.output())
                        .isEqualTo(welcome);
            }
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "revoked"))
                    .isEqualTo(welcome ? 0 : 2);
        } finally {
            responder.destroyForcibly().onExit().join();
        }
    }

    @ParameterizedTest
    @CsvSource({"true,false", "false,true"})
    void aResponderThatIsNotThereRefusesUnlessItIsNotRequired(boolean required, boolean welcome) throws Exception {
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("ca.pem").toString(),
                "client_ocsp",
                Map.of("responder", "http://127.0.0.1:" + free(), "required", required)))) {
            var result = OpenSslPeer.client(
                    bed.port(),
                    "ping",
                    "-cert",
                    pki.path("good.pem").toString(),
                    "-key",
                    pki.path("good.key").toString());

            assertThat(result.output().contains("ping\n")).as(result.output()).isEqualTo(welcome);
        }
    }

    private Process responder(int port) throws IOException {
        return new ProcessBuilder(
                        OpenSslPeer.PROGRAM.toString(),
                        "ocsp",
                        "-port",
                        Integer.toString(port),
                        "-index",
                        "index.txt",
                        "-rsigner",
                        "ca.pem",
                        "-rkey",
                        "root.key",
                        "-CA",
                        "ca.pem",
                        "-ndays",
                        "3")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("responder.log").toFile())
                .start();
    }

    /** A connection without a question would stop it, so its log is asked. */
    private boolean ready(Process responder) throws Exception {
        eventually(() -> !responder.isAlive() || waits());
        return responder.isAlive();
    }

    private boolean waits() {
        try {
            return Files.readString(folder.resolve("responder.log")).contains("waiting for OCSP client connections");
        } catch (IOException e) {
            return false;
        }
    }

    private static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
