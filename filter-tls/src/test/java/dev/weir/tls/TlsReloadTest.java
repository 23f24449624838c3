package dev.weir.tls;

import static dev.weir.tls.TlsBed.ask;
import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that change under a running proxy. */
class TlsReloadTest {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.server("server", "one.example");
        pki.issue("second", b -> b.ecp256().addSanDnsName("one.example"));
    }

    private String subject(TlsBed bed, SSLContext context) {
        try (SSLSocket client = bed.client(context, "one.example")) {
            client.startHandshake();
            return ((X509Certificate) client.getSession().getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private String subject(TlsBed bed) {
        try {
            return subject(bed, pki.context(null));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void replacedFilesAreTakenUpAndOpenConnectionsGoOn() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "reload_interval", "20ms"));
                SSLSocket open = bed.client(pki.context(null), "one.example")) {
            assertThat(ask(open, "before")).isEqualTo("before");
            double end = bed.meters
                    .get("weir.tls.certificate.expiry.timestamp")
                    .gauge()
                    .value();

            Files.move(pki.path("second.key"), pki.path("server.key"), StandardCopyOption.REPLACE_EXISTING);
            Files.move(pki.path("second.pem"), pki.path("server.pem"), StandardCopyOption.REPLACE_EXISTING);

            eventually(() -> subject(bed).equals("CN=second"));
            assertThat(ask(open, "after")).isEqualTo("after");
            assertThat(bed.count("weir.tls.reloads", "result", "success")).isGreaterThanOrEqualTo(1);
            assertThat(bed.meters
                            .get("weir.tls.certificate.expiry.timestamp")
                            .gauge()
                            .value())
                    .isGreaterThanOrEqualTo(end);
        }
    }

    /** As Kubernetes does it: the folder behind a link is another one at once. */
    @Test
    void aFolderThatIsSwappedByALinkIsSeen() throws Exception {
        Path first = Files.createDirectories(folder.resolve("..1"));
        Path second = Files.createDirectories(folder.resolve("..2"));
        for (String[] names : new String[][] {{"server", "..1"}, {"second", "..2"}}) {
            Files.copy(pki.path(names[0] + ".pem"), folder.resolve(names[1]).resolve("tls.crt"));
            Files.copy(pki.path(names[0] + ".key"), folder.resolve(names[1]).resolve("tls.key"));
        }
        Path link = folder.resolve("..data");
        Files.createSymbolicLink(link, first.getFileName());
        Files.createSymbolicLink(folder.resolve("tls.crt"), Path.of("..data/tls.crt"));
        Files.createSymbolicLink(folder.resolve("tls.key"), Path.of("..data/tls.key"));
        Map<String, Object> certificate = Map.of(
                "certificate", folder.resolve("tls.crt").toString(),
                "private_key", folder.resolve("tls.key").toString());
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate), "reload_interval", "20ms"))) {
            assertThat(subject(bed)).isEqualTo("CN=server");

            Files.createSymbolicLink(folder.resolve("..tmp"), second.getFileName());
            Files.move(folder.resolve("..tmp"), link, StandardCopyOption.ATOMIC_MOVE);

            eventually(() -> subject(bed).equals("CN=second"));
        }
    }

    @Test
    void whatIsWrongIsCountedAndTheOldOneStays() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "reload_interval", "20ms"))) {
            Files.writeString(pki.path("server.pem"), "rubbish");

            eventually(() -> bed.count("weir.tls.reloads", "result", "failure") >= 1);

            assertThat(subject(bed)).isEqualTo("CN=server");
        }
    }

    @Test
    void anAuthorityThatIsReplacedCountsForSessionsFromBefore() throws Exception {
        Pki other = new Pki(Files.createDirectories(folder.resolve("other")), "Other");
        var own = pki.issue("client", b -> b.ecp256());
        SSLContext context = pki.context(own);
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("ca.pem").toString(),
                "reload_interval",
                "20ms"))) {
            for (int i = 0; i < 2; i++) {
                try (SSLSocket client = bed.client(context, "one.example")) {
                    assertThat(ask(client, "ping")).isEqualTo("ping");
                }
            }
            assertThat(bed.count("weir.tls.handshakes", "kind", "resumed")).isEqualTo(1);

            Files.copy(other.path("ca.pem"), pki.path("ca.pem"), StandardCopyOption.REPLACE_EXISTING);
            eventually(() -> bed.count("weir.tls.reloads", "result", "success") >= 1);

            try (SSLSocket client = bed.client(context, "one.example")) {
                assertThatThrownBy(() -> ask(client, "ping")).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void twoProxiesWithTheSameTicketKeysResumeEachOthersSessions() throws Exception {
        Path keys = folder.resolve("tickets");
        byte[] secret = new byte[48];
        new java.security.SecureRandom().nextBytes(secret);
        Files.write(keys, secret);
        Map<String, Object> section =
                section(List.of(certificate(pki, "server")), "ticket_keys", List.of(keys.toString()));
        Path session = folder.resolve("session");
        OpenSslPeer.required();
        try (TlsBed one = TlsBed.echo(section);
                TlsBed two = TlsBed.echo(section);
                TlsBed without = TlsBed.echo(section(List.of(certificate(pki, "server"))))) {
            OpenSslPeer.client(one.port(), "ping", "-sess_out", session.toString());

            assertThat(OpenSslPeer.client(two.port(), "ping", "-sess_in", session.toString())
                            .output())
                    .contains("Reused, TLSv1.3");
            assertThat(OpenSslPeer.client(without.port(), "ping", "-sess_in", session.toString())
                            .output())
                    .contains("New, TLSv1.3");
        }
    }

    @Test
    void aClustersAuthorityIsTakenUp() throws Exception {
        Pki other = new Pki(Files.createDirectories(folder.resolve("other")), "Other");
        var own = other.server("server", "127.0.0.1");
        try (TlsServerSocket server = new TlsServerSocket(other.context(own), false);
                TlsBed bed = TlsBed.of(
                        Map.of("filters", List.of(Map.of("type", "tcp_proxy", "cluster", "c"))),
                        List.of(Map.of(
                                "name",
                                "c",
                                "endpoints",
                                List.of("127.0.0.1:" + server.port()),
                                "tls",
                                Map.of("ca", pki.path("ca.pem").toString(), "reload_interval", "20ms"))))) {
            try (Socket client = bed.plain()) {
                assertThat(client.getInputStream().readAllBytes()).isEmpty();
            }

            Files.copy(other.path("ca.pem"), pki.path("ca.pem"), StandardCopyOption.REPLACE_EXISTING);

            eventually(() -> bed.count("weir.tls.reloads", "result", "success") >= 1);
            try (Socket client = bed.plain()) {
                assertThat(ask(client, "ping")).isEqualTo("ping");
            }
        }
    }
}
