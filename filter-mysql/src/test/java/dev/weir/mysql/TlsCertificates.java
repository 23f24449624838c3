package dev.weir.mysql;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Certificates of a test, as files that go with it: {@code ca.pem}; {@code weir} for 127.0.0.1, 127.0.0.2 and localhost, {@code server} for the database;
 * {@code client} for a client; {@code ca.p12} with {@link #PASSWORD}; {@code other.pem} of an authority that has issued none of them.
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
            write(
                    "client",
                    new CertificateBuilder()
                            .rsa2048()
                            .subject("CN=client")
                            .addExtendedKeyUsageClientAuth()
                            .buildIssuedBy(ca));
            Files.writeString(folder.resolve("ca.pem"), ca.getCertificatePEM());
            Files.writeString(folder.resolve("ca.key"), ca.getPrivateKeyPEM());
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

    /** Makes {@code crl.pem} anew, by the command openssl, with these revoked. */
    void revoke(String... names) throws IOException, InterruptedException {
        Files.writeString(folder.resolve("ca.cnf"), """
                [ca]
                default_ca=a
                [a]
                database=index.txt
                default_md=sha256
                default_crl_days=30
                default_days=30
                certificate=ca.pem
                private_key=ca.key
                """);
        Files.writeString(folder.resolve("index.txt"), "");
        for (String name : names) {
            openssl("ca", "-config", "ca.cnf", "-revoke", name + ".pem");
        }
        openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "next.pem");
        Files.move(
                folder.resolve("next.pem"),
                folder.resolve("crl.pem"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void openssl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(Files.readString(log));
        }
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
