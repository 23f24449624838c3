package dev.weir.tls;

import static dev.weir.tls.TlsBed.ask;
import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS toward clients, which are the JDK's. */
class TlsListenerTest {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.server("server", "one.example", "127.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({"auto,TLSv1.3", "auto,TLSv1.2", "jdk,TLSv1.3", "jdk,TLSv1.2"})
    void endsTlsAndPassesWhatIsInIt(String provider, String version) throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "provider", provider));
                SSLSocket client = bed.client(pki.context(null), "one.example", version)) {
            String text = "x".repeat(100_000);
            Thread writer = new Thread(() -> {
                try {
                    client.getOutputStream().write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            client.startHandshake();
            writer.start();

            String echoed = TlsBed.read(client.getInputStream(), text.length());

            writer.join();
            assertThat(echoed).isEqualTo(text);
            assertThat(client.getSession().getProtocol()).isEqualTo(version);
            assertThat(bed.count("weir.tls.handshakes", "kind", "full", "name", "l", "side", "client"))
                    .isEqualTo(1);
            assertThat(bed.count("weir.tls.connections", "version", version)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"auto,TLSv1.3", "auto,TLSv1.2", "jdk,TLSv1.3"}) // the JDK ends both ways at once in TLS 1.2
    void anEndOfTheClientsStreamLeavesTheWayBackOpen(String provider, String version) throws Exception {
        pki.server("backend", "backend.example");
        try (SlowServer server = new SlowServer();
                TlsBed bed = TlsBed.of(
                        Map.of(
                                "tls",
                                section(List.of(certificate(pki, "server")), "provider", provider),
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "c"))),
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port()))));
                SSLSocket client = bed.client(pki.context(null), "one.example", version)) {
            client.getOutputStream().write("hello".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            client.shutdownOutput();

            String answer = new String(client.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);

            assertThat(answer).isEqualTo("5 bytes, then the end");
        }
    }

    @Test
    void choosesTheCertificateByName() throws Exception {
        pki.server("two", "two.example", "a.many.example");
        Map<String, Object> two = new java.util.HashMap<>(certificate(pki, "two"));
        two.put("server_names", List.of("two.example", "*.many.example"));
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server"), two)))) {
            assertThat(subject(bed, "one.example")).isEqualTo("CN=server");
            assertThat(subject(bed, "two.example")).isEqualTo("CN=two");
            assertThat(subject(bed, "a.many.example")).isEqualTo("CN=two");
        }
    }

    private String subject(TlsBed bed, String name) throws Exception {
        try (SSLSocket client = bed.client(pki.context(null), name)) {
            assertThat(ask(client, "ping")).isEqualTo("ping");
            return ((X509Certificate) client.getSession().getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName();
        }
    }

    @Test
    void anUnknownNameIsRefusedWhereSoConfigured() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "unknown_server_name", "refuse"))) {
            assertThat(subject(bed, "one.example")).isEqualTo("CN=server");

            try (SSLSocket client = bed.client(pki.context(null), "other.example")) {
                assertThatThrownBy(client::startHandshake)
                        .isInstanceOf(SSLException.class)
                        .hasMessageContaining("unrecognized_name");
            }
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "unknown_server_name"))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void aCertificateOfTheClientMustLeadToTheAuthority(String version) throws Exception {
        var good = pki.issue("client", b -> b.ecp256().addSanUriName(java.net.URI.create("spiffe://test/client")));
        var bad = pki.selfSigned("stranger", b -> b);
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("ca.pem").toString()))) {
            try (SSLSocket client = bed.client(pki.context(good), "one.example", version)) {
                assertThat(ask(client, "ping")).isEqualTo("ping");
            }
            try (SSLSocket client = bed.client(pki.context(bad), "one.example", version)) {
                assertThatThrownBy(() -> ask(client, "ping")).isInstanceOf(IOException.class);
            }
            try (SSLSocket client = bed.client(pki.context(null), "one.example", version)) {
                assertThatThrownBy(() -> ask(client, "ping")).isInstanceOf(IOException.class);
            }
            eventually(() -> bed.count("weir.tls.handshake.failures") >= 2);
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "no_certificate"))
                    .isBetween(1.0, 2.0); // the JDK shows none that the authorities asked for did not issue
        }
    }

    @Test
    void sessionsAreResumedByTickets() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server"))))) {
            var context = pki.context(null);
            for (String version : List.of("TLSv1.3", "TLSv1.2")) {
                for (int i = 0; i < 3; i++) {
                    try (SSLSocket client = bed.client(context, "one.example", version)) {
                        assertThat(ask(client, "ping")).isEqualTo("ping");
                    }
                }
            }

            assertThat(bed.count("weir.tls.handshakes", "kind", "full")).isEqualTo(2);
            assertThat(bed.count("weir.tls.handshakes", "kind", "resumed")).isEqualTo(4);
        }
    }

    @Test
    void whatIsNoTlsIsRefusedAndCounted() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server"))));
                var client = bed.plain()) {
            client.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            client.getOutputStream().flush();

            client.getInputStream().readAllBytes();

            assertThat(bed.count("weir.tls.handshake.failures", "reason", "not_tls"))
                    .isEqualTo(1);
            eventually(() -> bed.proxy().listeners().get(0).connectionsActive() == 0);
        }
    }
}
