package dev.weir.http;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The matrix of {@link JettyMatrix} with TLS on both sides, where ALPN says what is spoken. */
class JettyTlsIT extends JettyMatrix {
    private static Peers peers;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        X509Bundle ca = new CertificateBuilder()
                .ecp256()
                .subject("CN=Weir test")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        X509Bundle own = new CertificateBuilder()
                .ecp256()
                .subject("CN=peer")
                .addSanIpAddress("127.0.0.1")
                .addExtendedKeyUsageServerAuth()
                .buildIssuedBy(ca);
        String authority = Files.writeString(folder.resolve("ca.pem"), ca.getCertificatePEM())
                .toString();
        String certificate = Files.writeString(folder.resolve("own.pem"), own.getCertificatePEM())
                .toString();
        String key = Files.writeString(folder.resolve("own.key"), own.getPrivateKeyPEM())
                .toString();
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", ca.getCertificate());
        SslContextFactory.Client client = new SslContextFactory.Client();
        client.setTrustStore(trusted);
        SslContextFactory.Server server = new SslContextFactory.Server();
        char[] password = "throw-away".toCharArray();
        server.setKeyStore(own.toKeyStore(password));
        server.setKeyStorePassword("throw-away");
        peers = new Peers(
                new JettyServer(new MirrorHandler(), server),
                Map.of(
                        "tls",
                        Map.of(
                                "alpn",
                                List.of("h2", "http/1.1"),
                                "certificates",
                                List.of(Map.of("certificate", certificate, "private_key", key)))),
                Map.of("tls", Map.of("ca", authority)),
                Map.of("tls", Map.of("ca", authority, "alpn", List.of("h2", "http/1.1"))),
                client);
    }

    @AfterAll
    static void stop() throws Exception {
        peers.close();
    }

    @Override
    int large() {
        return 3 << 20;
    }

    @Override
    Peers peers() {
        return peers;
    }
}
