package dev.weir.tls;

import static dev.weir.tls.TlsBed.ask;
import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ways around what is demanded of clients. */
class TlsTrustTest {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.server("server", "one.example");
    }

    private static boolean served(TlsBed bed, SSLContext context, String... versions) {
        try (SSLSocket client = bed.client(context, "one.example", versions)) {
            return ask(client, "ping").equals("ping");
        } catch (IOException refused) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void whoWasRevokedIsNotServedByAnOldSession(String version) throws Exception {
        X509Bundle own = pki.issue("client", b -> b.ecp256());
        ClientCertificates.revoke(pki);
        SSLContext context = pki.context(own);
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("ca.pem").toString(),
                "client_crl",
                pki.path("crl.pem").toString(),
                "reload_interval",
                "20ms"))) {
            assertThat(served(bed, context, version)).isTrue();
            assertThat(served(bed, context, version)).isTrue();
            assertThat(bed.count("weir.tls.handshakes", "kind", "resumed")).isEqualTo(1);

            ClientCertificates.revoke(pki, own.getCertificate().getSerialNumber());
            eventually(() -> bed.count("weir.tls.reloads", "result", "success") >= 1);

            assertThat(served(bed, context, version)).isFalse();
            eventually(() -> bed.count("weir.tls.handshake.failures", "reason", "revoked") >= 1);
        }
    }

    /** TLS 1.3 has nothing but tickets; older sessions need the cache. */
    @ParameterizedTest
    @CsvSource({"TLSv1.3,20480", "TLSv1.3,0", "TLSv1.2,0"})
    void withoutTicketsEachHandshakeIsAFullOne(String version, int cache) throws Exception {
        SSLContext context = pki.context(null);
        try (TlsBed bed = TlsBed.echo(
                section(List.of(certificate(pki, "server")), "session_tickets", false, "session_cache", cache))) {
            for (int i = 0; i < 3; i++) {
                assertThat(served(bed, context, version)).isTrue();
            }

            assertThat(bed.count("weir.tls.handshakes", "kind", "full")).isEqualTo(3);
        }
    }

    /** Whoever has the key of a certificate that is trusted itself could write any name into another one. */
    @Test
    void namesOfACertificateThatNobodyIssuedDoNotCount() throws Exception {
        X509Bundle trusted = pki.selfSigned("peer", b -> b.addSanUriName(URI.create("spiffe://prod/reader")));
        String forged = ClientCertificates.selfSigned("CN=peer", trusted.getKeyPair(), "spiffe://prod/admin");
        for (String rule : List.of("spiffe://prod/reader", "spiffe://prod/admin")) {
            try (TlsBed bed = TlsBed.echo(section(
                    List.of(certificate(pki, "server")),
                    "client_ca",
                    pki.path("peer.pem").toString(),
                    "verify",
                    "peer",
                    "authorize",
                    List.of(Map.of("uri", rule))))) {
                assertThat(servedByOpenSsl(bed, trusted, trusted.getCertificatePEM()))
                        .isEqualTo(rule.endsWith("reader"));
                assertThat(servedByOpenSsl(bed, trusted, forged)).isEqualTo(rule.endsWith("reader"));
            }
        }
    }

    private boolean servedByOpenSsl(TlsBed bed, X509Bundle own, String certificate) throws Exception {
        OpenSslPeer.required();
        Pki.write(pki.path("own.pem"), certificate);
        Pki.write(pki.path("own.key"), own.getPrivateKeyPEM());
        return OpenSslPeer.client(
                        bed.port(),
                        "a-line-of-its-own",
                        "-cert",
                        pki.path("own.pem").toString(),
                        "-key",
                        pki.path("own.key").toString())
                .output()
                .contains("a-line-of-its-own\n");
    }

    @Test
    void aPinIsOfAKey() throws Exception {
        X509Bundle pinned = pki.issue("pinned", b -> b.ecp256());
        X509Bundle other = pki.issue("other", b -> b.ecp256());
        String pin = HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                        .digest(pinned.getCertificate().getPublicKey().getEncoded()));
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "client_pins", List.of(pin)))) {
            assertThat(servedByOpenSsl(bed, pinned, pinned.getCertificatePEM())).isTrue();
            assertThat(servedByOpenSsl(bed, other, other.getCertificatePEM())).isFalse();
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "not_pinned"))
                    .isEqualTo(1);
        }
    }

    @Test
    void anAuthorityThatHasExpiredVouchesForNobody() throws Exception {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        X509Bundle root = new CertificateBuilder()
                .subject("CN=Old Root")
                .ecp256()
                .setIsCertificateAuthority(true)
                .notBefore(now.minus(90, ChronoUnit.DAYS))
                .notAfter(now.minus(1, ChronoUnit.DAYS))
                .buildSelfSigned();
        X509Bundle own = new CertificateBuilder().subject("CN=late").ecp256().buildIssuedBy(root);
        Pki.write(pki.path("old.pem"), root.getCertificatePEM());
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "server")),
                "client_ca",
                pki.path("old.pem").toString()))) {
            assertThat(servedByOpenSsl(bed, own, own.getCertificatePEM())).isFalse();
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "expired"))
                    .isEqualTo(1);
        }
    }

    /** As OpenSSL's CRL_CHECK_ALL: also of those between. */
    @Test
    void anAuthorityBetweenThatWasRevokedVouchesForNobody() throws Exception {
        X509Bundle between = new CertificateBuilder()
                .subject("CN=Between")
                .ecp256()
                .setIsCertificateAuthority(true)
                .buildIssuedBy(pki.root());
        X509Bundle own = new CertificateBuilder().subject("CN=below").ecp256().buildIssuedBy(between);
        Pki.write(pki.path("both.pem"), pki.root().getCertificatePEM() + between.getCertificatePEM());
        for (boolean revoked : new boolean[] {false, true}) {
            Map<String, Object> section = section(
                    List.of(certificate(pki, "server")),
                    "client_ca",
                    pki.path("both.pem").toString());
            if (revoked) {
                ClientCertificates.revoke(pki, between.getCertificate().getSerialNumber());
                section.put("client_crl", pki.path("crl.pem").toString());
            }
            try (TlsBed bed = TlsBed.echo(section)) {
                assertThat(servedByOpenSsl(bed, own, own.getCertificatePEM())).isEqualTo(!revoked);
            }
        }
    }

    @Test
    void aFolderOfRevocationsMustHoldSome() throws Exception {
        Path empty = Files.createDirectories(folder.resolve("empty"));

        assertThatThrownBy(() -> TlsBed.echo(section(
                        List.of(certificate(pki, "server")),
                        "client_ca",
                        pki.path("ca.pem").toString(),
                        "client_crl_path",
                        empty.toString())))
                .hasMessageContaining("holds no lists of revoked certificates");
    }

    @Test
    void aNameThatNobodyVouchesForIsNoRule() {
        assertThatThrownBy(() -> TlsBed.echo(section(
                        List.of(certificate(pki, "server")),
                        "client_certificate",
                        "required",
                        "authorize",
                        List.of(Map.of("common_name", "admin")))))
                .hasMessageContaining("listeners[0].tls.authorize: for certificates whose names nobody vouches for");
    }

    /** What comes behind the end of a client's stream is nothing, however much it is. */
    @Test
    void nothingIsKeptOfWhatComesBehindTheEnd() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TlsBed bed = TlsBed.of(
                        Map.of(
                                "tls",
                                section(List.of(certificate(pki, "server"))),
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "c"))),
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.getLocalPort()))));
                Socket plain = bed.plain();
                SSLSocket client = (SSLSocket)
                        pki.context(null).getSocketFactory().createSocket(plain, "one.example", bed.port(), false)) {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
            try (Socket upstream = server.accept()) {
                client.shutdownOutput();
                assertThat(new String(upstream.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo("hello");
                long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
                byte[] rubbish = new byte[1 << 20];
                for (int i = 0; i < 64; i++) {
                    plain.getOutputStream().write(rubbish);
                }

                assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before)
                        .isLessThan(16 << 20);
                upstream.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
                upstream.shutdownOutput();
                assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo("answer");
            }
        }
    }
}
