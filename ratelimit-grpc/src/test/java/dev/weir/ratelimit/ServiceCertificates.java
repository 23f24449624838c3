package dev.weir.ratelimit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** Authorities and certificates in files. */
final class ServiceCertificates {
    private final Path folder;

    ServiceCertificates(Path folder) {
        this.folder = folder;
    }

    File file(String name) {
        return folder.resolve(name).toFile();
    }

    X509Bundle authority(String name) throws Exception {
        X509Bundle ca = new CertificateBuilder()
                .subject("CN=" + name)
                .ecp256()
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve(name + ".pem"), ca.getCertificatePEM());
        return ca;
    }

    void issue(X509Bundle authority, String name, String host) throws Exception {
        X509Bundle own = new CertificateBuilder()
                .subject("CN=" + name)
                .ecp256()
                .addSanDnsName(host)
                .buildIssuedBy(authority);
        Files.writeString(folder.resolve(name + ".pem"), own.getCertificatePEM());
        Files.writeString(folder.resolve(name + ".key"), own.getPrivateKeyPEM());
    }
}
