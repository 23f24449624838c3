package dev.weir.tls;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Clients with something wrong about them, and a list of those that were revoked. */
final class ClientCertificates {
    private ClientCertificates() {}

    static void make(Pki pki, Path folder) throws Exception {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        pki.issue("good", b -> b.ecp256());
        pki.issue(
                "expired",
                b -> b.ecp256().notBefore(now.minus(20, ChronoUnit.DAYS)).notAfter(now.minus(1, ChronoUnit.DAYS)));
        pki.issue(
                "future",
                b -> b.ecp256().notBefore(now.plus(5, ChronoUnit.DAYS)).notAfter(now.plus(9, ChronoUnit.DAYS)));
        BigInteger revoked =
                pki.issue("revoked", b -> b.ecp256()).getCertificate().getSerialNumber();
        pki.issue("unnamed", b -> b.ecp256());
        pki.selfSigned("stranger", b -> b);
        Pki other = new Pki(java.nio.file.Files.createDirectories(folder.resolve("other")), "Other Root");
        var stranger = other.issue("other", b -> b.ecp256());
        Pki.write(pki.path("other.pem"), stranger.getCertificatePEM());
        Pki.write(pki.path("other.key"), stranger.getPrivateKeyPEM());
        Pki.write(pki.path("ca.pem"), pki.root().getCertificatePEM());
        revoke(pki, revoked);
    }

    static void revoke(Pki pki, BigInteger... serials) throws Exception {
        Date now = Date.from(Instant.now());
        X509v2CRLBuilder list = new X509v2CRLBuilder(
                X500Name.getInstance(
                        pki.root().getCertificate().getSubjectX500Principal().getEncoded()),
                now);
        list.setNextUpdate(Date.from(Instant.now().plus(5, ChronoUnit.DAYS)));
        for (BigInteger serial : serials) {
            list.addCRLEntry(serial, now, CRLReason.keyCompromise);
        }
        PrivateKey key = pki.root().getKeyPair().getPrivate();
        byte[] encoded = list.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key))
                .getEncoded();
        Pki.write(
                pki.path("crl.pem"),
                "-----BEGIN X509 CRL-----\n"
                        + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                                .encodeToString(encoded)
                        + "\n-----END X509 CRL-----\n");
    }
}
