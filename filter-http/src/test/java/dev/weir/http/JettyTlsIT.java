package dev.weir.http;

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
        PeerCertificate files = PeerCertificate.in(folder);
        String authority = files.authority();
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", files.issuer().getCertificate());
        SslContextFactory.Client client = new SslContextFactory.Client();
        client.setTrustStore(trusted);
        SslContextFactory.Server server = new SslContextFactory.Server();
        char[] password = "throw-away".toCharArray();
        server.setKeyStore(files.own().toKeyStore(password));
        server.setKeyStorePassword("throw-away");
        peers = new Peers(
                new JettyServer(new MirrorHandler(), server),
                Map.of(
                        "tls",
                        Map.of(
                                "alpn",
                                List.of("h2", "http/1.1"),
                                "certificates",
                                List.of(Map.of("certificate", files.certificate(), "private_key", files.key())))),
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
