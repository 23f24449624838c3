package dev.weir.tls;

import static dev.weir.tls.TlsBed.ask;
import static dev.weir.tls.TlsBed.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.X509Bundle;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS toward upstreams, which are the JDK's. */
class TlsUpstreamTest {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
    }

    private static TlsBed bed(int port, Map<String, Object> tls) {
        return TlsBed.of(
                Map.of("filters", List.of(Map.of("type", "tcp_proxy", "cluster", "c", "connect_attempts", 1))),
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + port), "tls", tls)));
    }

    private Map<String, Object> trusting(Object... more) {
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("ca", pki.path("ca.pem").toString());
        for (int i = 0; i < more.length; i += 2) {
            section.put((String) more[i], more[i + 1]);
        }
        return section;
    }

    private TlsServerSocket server(X509Bundle own) throws Exception {
        return new TlsServerSocket(pki.context(own), false);
    }

    @ParameterizedTest
    @CsvSource({"auto,TLSv1.3", "auto,TLSv1.2", "jdk,TLSv1.3", "jdk,TLSv1.2"})
    void beginsTlsAndVerifiesTheAddress(String provider, String version) throws Exception {
        try (TlsServerSocket server = server(pki.server("server", "127.0.0.1"));
                TlsBed bed = bed(server.port(), trusting("provider", provider, "max_version", version));
                Socket client = bed.plain()) {
            assertThat(ask(client, "hello")).isEqualTo("hello");

            assertThat(bed.count("weir.tls.handshakes", "side", "upstream", "name", "c"))
                    .isEqualTo(1);
            assertThat(server.version()).isEqualTo(version);
            assertThat(server.serverName())
                    .as("addresses are asked for by nobody")
                    .isEqualTo("none");
            assertThat(bed.proxy().clusters().get(0).tls()).isEqualTo("verified");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "jdk"})
    void asksForTheNameAndVerifiesIt(String provider) throws Exception {
        try (TlsServerSocket server = server(pki.server("server", "db.example"));
                TlsBed bed = bed(server.port(), trusting("provider", provider, "server_name", "db.example"));
                Socket client = bed.plain()) {
            assertThat(ask(client, "hello")).isEqualTo("hello");

            assertThat(server.serverName()).isEqualTo("db.example");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "jdk"})
    void anotherNameCanBeAskedForThanIsVerified(String provider) throws Exception {
        try (TlsServerSocket server = server(pki.server("server", "db.example"));
                TlsBed bed = bed(
                        server.port(),
                        trusting("provider", provider, "server_name", "db.example", "sni", "route.example"));
                Socket client = bed.plain()) {
            assertThat(ask(client, "hello")).isEqualTo("hello");

            assertThat(server.serverName()).isEqualTo("route.example");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "wrong-name,wrong_name",
        "expired,expired",
        "self-signed,self_signed",
        "other-authority,unknown_ca",
    })
    void whoIsNotTrustedGetsNothing(String what, String reason) throws Exception {
        Instant now = Instant.now();
        Pki other = new Pki(java.nio.file.Files.createDirectories(folder.resolve("other")), "Other");
        X509Bundle own = switch (what) {
            case "wrong-name" -> pki.server("server", "other.example");
            case "expired" ->
                pki.issue(
                        "server",
                        b -> b.ecp256()
                                .addSanIpAddress("127.0.0.1")
                                .notBefore(now.minus(9, ChronoUnit.DAYS))
                                .notAfter(now.minus(1, ChronoUnit.DAYS)));
            case "self-signed" -> pki.selfSigned("server", b -> b.addSanIpAddress("127.0.0.1"));
            default -> other.server("server", "127.0.0.1");
        };
        try (TlsServerSocket server = server(own);
                TlsBed bed = bed(server.port(), trusting());
                Socket client = bed.plain()) {
            client.getOutputStream().write("secret".getBytes(StandardCharsets.UTF_8));

            assertThat(client.getInputStream().readAllBytes()).isEmpty();
            eventually(() -> bed.count("weir.tls.handshake.failures", "reason", reason) == 1);
            assertThat(bed.count("weir.upstream.connect.failures", "reason", "tls"))
                    .isEqualTo(1);
            assertThat(server.received()).isEmpty();
        }
    }

    @Test
    void insecureMustBeSpeltOutAndIsShown() throws Exception {
        try (TlsServerSocket server = server(pki.selfSigned("server", b -> b));
                TlsBed bed = bed(server.port(), Map.of("insecure", true));
                Socket client = bed.plain()) {
            assertThat(ask(client, "hello")).isEqualTo("hello");

            assertThat(bed.proxy().clusters().get(0).tls()).isEqualTo("insecure");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "jdk"})
    void showsItsOwnCertificate(String provider) throws Exception {
        X509Bundle own = pki.server("server", "127.0.0.1");
        pki.issue("proxy", b -> b.rsa2048());
        try (TlsServerSocket server = new TlsServerSocket(pki.context(own), true);
                TlsBed bed = bed(
                        server.port(),
                        trusting(
                                "provider",
                                provider,
                                "certificate",
                                pki.path("proxy.pem").toString(),
                                "private_key",
                                pki.path("proxy.key").toString()));
                Socket client = bed.plain()) {
            assertThat(ask(client, "hello")).isEqualTo("hello");

            assertThat(server.peer()).isEqualTo("CN=proxy");
        }
    }

    @ParameterizedTest
    @CsvSource({"auto,TLSv1.3", "auto,TLSv1.2", "jdk,TLSv1.3", "jdk,TLSv1.2"})
    void sessionsAreResumed(String provider, String version) throws Exception {
        try (TlsServerSocket server = server(pki.server("server", "127.0.0.1"));
                TlsBed bed = bed(server.port(), trusting("provider", provider, "max_version", version))) {
            for (int i = 0; i < 3; i++) {
                try (Socket client = bed.plain()) {
                    assertThat(ask(client, "hello")).isEqualTo("hello");
                }
            }

            eventually(() -> server.sessions() == 1);
            if (provider.equals("auto")) {
                assertThat(bed.count("weir.tls.handshakes", "kind", "resumed")).isEqualTo(2);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"auto,TLSv1.3", "auto,TLSv1.2", "jdk,TLSv1.3"})
    void anEndOfTheServersStreamIsPassedOnBehindItsBytes(String provider, String version) throws Exception {
        try (TlsServerSocket server = server(pki.server("server", "127.0.0.1"));
                TlsBed bed = bed(server.port(), trusting("provider", provider, "max_version", version));
                Socket client = bed.plain()) {
            String text = "y".repeat(300_000);
            client.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();

            byte[] echoed = client.getInputStream().readAllBytes();

            assertThat(echoed.length).isEqualTo(text.length());
            assertThat(new String(echoed, StandardCharsets.UTF_8)).isEqualTo(text);
        }
    }

    @Test
    void aServerThatDoesNotSpeakTlsIsCounted() throws Exception {
        try (SlowServer server = new SlowServer();
                TlsBed bed = bed(server.port(), trusting("handshake_timeout", "300ms"));
                Socket client = bed.plain()) {
            assertThat(client.getInputStream().readAllBytes()).isEmpty();

            eventually(() -> bed.count("weir.tls.handshake.failures", "reason", "timeout") == 1);
        }
    }
}
