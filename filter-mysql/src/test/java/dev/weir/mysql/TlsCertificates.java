package dev.weir.mysql;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;

/**
 * Certificates of a test, as files that go with it: {@code ca.pem}; {@code weir} for 127.0.0.1, 127.0.0.2 and localhost, {@code server} for the database;
 * {@code ca.p12} with {@link #PASSWORD}; {@code other.pem} of an authority that has issued none of them.
 */
final class TlsCertificates implements AutoCloseable {
    static final String PASSWORD = "throw-away";

    private final Path folder;

    TlsCertificates() {
        try {
            folder = Files.createTempDirectory("weir-mysql-tls-");
            X509Bundle ca = authority("CN=Weir test");
            write("weir", leaf("CN=weir").buildIssuedBy(ca));
            write("server", leaf("CN=server").buildIssuedBy(ca));
            Files.writeString(folder.resolve("ca.pem"), ca.getCertificatePEM());
            Files.writeString(
                    folder.resolve("other.pem"), authority("CN=Somebody else").getCertificatePEM());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("ca", ca.getCertificate());
            try (OutputStream out = Files.newOutputStream(folder.resolve("ca.p12"))) {
                trusted.store(out, PASSWORD.toCharArray());
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Bundle authority(String name) throws Exception {
        return new CertificateBuilder()
                .rsa2048()
                .subject(name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    private static CertificateBuilder leaf(String name) {
        return new CertificateBuilder()
                .rsa2048()
                .subject(name)
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1")
                .addSanIpAddress("127.0.0.2")
                .addExtendedKeyUsageServerAuth();
    }

    private void write(String name, X509Bundle bundle) throws IOException {
        Files.writeString(folder.resolve(name + ".pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve(name + ".key"), bundle.getPrivateKeyPEM());
    }

    /** The path of a file. */
    String file(String name) {
        return folder.resolve(name).toString();
    }

    /** Weir's section toward clients. */
    Map<String, ?> clients() {
        return Map.of(
                "certificates", List.of(Map.of("certificate", file("weir.pem"), "private_key", file("weir.key"))));
    }

    /** Weir's section toward servers. */
    Map<String, ?> upstreams() {
        return Map.of("ca", file("ca.pem"));
    }

    /** What a server is started with. */
    String[] server() {
        return new String[] {
            "--ssl-ca=" + file("ca.pem"), "--ssl-cert=" + file("server.pem"), "--ssl-key=" + file("server.key")
        };
    }

    @Override
    public void close() throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
