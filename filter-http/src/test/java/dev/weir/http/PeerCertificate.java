package dev.weir.http;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A certificate for 127.0.0.1 by an authority of its own, in files.
 *
 * @param authority path of the authority's certificate, PEM
 * @param certificate path, PEM
 * @param key path, PEM
 */
record PeerCertificate(X509Bundle issuer, X509Bundle own, String authority, String certificate, String key) {
    static PeerCertificate in(Path folder) throws Exception {
        X509Bundle issuer = new CertificateBuilder()
                .ecp256()
                .subject("CN=Weir test")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        X509Bundle own = new CertificateBuilder()
                .ecp256()
                .subject("CN=peer")
                .addSanIpAddress("127.0.0.1")
                .addExtendedKeyUsageServerAuth()
                .buildIssuedBy(issuer);
        return new PeerCertificate(
                issuer,
                own,
                write(folder, "ca.pem", issuer.getCertificatePEM()),
                write(folder, "own.pem", own.getCertificatePEM()),
                write(folder, "own.key", own.getPrivateKeyPEM()));
    }

    private static String write(Path folder, String name, String pem) throws Exception {
        return Files.writeString(folder.resolve(name), pem).toString();
    }
}
