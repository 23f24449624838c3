package dev.weir.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Asks the responder that a certificate names whether it is still good (RFC 6960, over HTTP, without a nonce: answers are made before). What it answers is only
 * taken if a client would take it. Blocks.
 */
final class OcspQuestion {
    private static final int MILLIS = 5_000;
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final int LONGEST = 64 << 10;
    /** How far the responder's clock may be ahead. */
    private static final long SKEW_SECONDS = 300;

    private final X509Certificate own;
    private final X509Certificate issuer;
    private final URI responder;

    private OcspQuestion(X509Certificate own, X509Certificate issuer, URI responder) {
        this.own = own;
        this.issuer = issuer;
        this.responder = responder;
    }

    /**
     * An answer.
     *
     * @param der as it came, to be stapled
     * @param from when it became true
     * @param until when something newer is there at the latest; null where nobody says so
     */
    record Answer(byte[] der, Instant from, @Nullable Instant until) {}

    /** Why there is no answer that could be used. */
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1L;

        Failed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** Fails where a certificate names no responder, or its issuer is not known. */
    static OcspQuestion about(Credential credential) throws Failed {
        X509Certificate own = credential.chain().get(0);
        if (credential.chain().size() < 2) {
            throw new Failed("the certificate of its issuer does not stand behind it in its file", null);
        }
        try {
            URI responder = responder(new JcaX509CertificateHolder(own));
            if (responder == null) {
                throw new Failed("it names no responder by http or https", null);
            }
            return new OcspQuestion(own, credential.chain().get(1), responder);
        } catch (GeneralSecurityException | RuntimeException e) {
            throw new Failed("it cannot be read", e);
        }
    }

    private static @Nullable URI responder(X509CertificateHolder certificate) {
        AuthorityInformationAccess access = AuthorityInformationAccess.fromExtensions(certificate.getExtensions());
        if (access == null) {
            return null;
        }
        for (AccessDescription one : access.getAccessDescriptions()) {
            GeneralName at = one.getAccessLocation();
            if (one.getAccessMethod().equals(AccessDescription.id_ad_ocsp)
                    && at.getTagNo() == GeneralName.uniformResourceIdentifier) {
                URI uri = URI.create(at.getName().toString());
                if ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) {
                    return uri;
                }
            }
        }
        return null;
    }

    private Failed failed(String why, @Nullable Throwable cause) {
        return new Failed(responder + ": " + why, cause);
    }

    /** Asks; {@code now} is the time of the wall clock. */
    Answer ask(Instant now) throws Failed {
        try {
            DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder().build();
            CertificateID id = new CertificateID(
                    digests.get(CertificateID.HASH_SHA1), new JcaX509CertificateHolder(issuer), own.getSerialNumber());
            byte[] der = post(new OCSPReqBuilder().addRequest(id).build().getEncoded());
            return judge(der, digests, now);
        } catch (IOException | OCSPException | OperatorException | GeneralSecurityException | RuntimeException e) {
            throw failed(String.valueOf(e.getMessage()), e);
        }
    }

    private byte[] post(byte[] question) throws IOException {
        long begin = System.nanoTime();
        HttpURLConnection connection = (HttpURLConnection) responder.toURL().openConnection();
        try {
            connection.setConnectTimeout(MILLIS);
            connection.setReadTimeout(MILLIS);
            connection.setInstanceFollowRedirects(false);
            connection.setRequestProperty("Content-Type", "application/ocsp-request");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(question.length);
            write(connection, question);
            if (connection.getResponseCode() != 200) {
                throw new IOException("HTTP status " + connection.getResponseCode());
            }
            return read(connection, begin);
        } finally {
            connection.disconnect();
        }
    }

    private static void write(HttpURLConnection connection, byte[] question) throws IOException {
        try (OutputStream out = connection.getOutputStream()) {
            out.write(question);
        }
    }

    private static byte[] read(HttpURLConnection connection, long begin) throws IOException {
        byte[] bytes = new byte[LONGEST + 1];
        int length = 0;
        try (InputStream in = connection.getInputStream()) {
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes, length, bytes.length - length)) {
                length += n;
                if (length > LONGEST || System.nanoTime() - begin > MOST_NANOS) {
                    throw new IOException("too long an answer");
                }
            }
        }
        return Arrays.copyOf(bytes, length);
    }

    // ---- what came

    private Answer judge(byte[] der, DigestCalculatorProvider digests, Instant now)
            throws IOException, OCSPException, GeneralSecurityException, Failed {
        OCSPResp response = new OCSPResp(der);
        if (response.getStatus() != OCSPResp.SUCCESSFUL
                || !(response.getResponseObject() instanceof BasicOCSPResp basic)) {
            throw failed("the responder answers with status " + response.getStatus(), null);
        }
        if (!isSigned(basic, now)) {
            throw failed("the answer is not signed by the issuer or for it", null);
        }
        for (SingleResp one : basic.getResponses()) {
            if (own.getSerialNumber().equals(one.getCertID().getSerialNumber())
                    && one.getCertID().matchesIssuer(new JcaX509CertificateHolder(issuer), digests)) {
                return judge(one, der, now);
            }
        }
        throw failed("the answer is about other certificates", null);
    }

    private Answer judge(SingleResp one, byte[] der, Instant now) throws Failed {
        if (one.getCertStatus() != CertificateStatus.GOOD) {
            throw failed("the responder says that the certificate is not good: revoked, or unknown", null);
        }
        Instant from = one.getThisUpdate().toInstant();
        Date until = one.getNextUpdate();
        if (from.isAfter(now.plusSeconds(SKEW_SECONDS))
                || until != null && !until.toInstant().isAfter(now)) {
            throw failed("the answer is of another time: " + from + " to " + until, null);
        }
        return new Answer(der, from, until == null ? null : until.toInstant());
    }

    private boolean isSigned(BasicOCSPResp basic, Instant now) throws GeneralSecurityException {
        if (isSignedBy(basic, issuer)) {
            return true;
        }
        for (X509CertificateHolder holder : basic.getCerts()) {
            X509Certificate delegate = new JcaX509CertificateConverter().getCertificate(holder);
            if (isDelegate(delegate, now) && isSignedBy(basic, delegate)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSignedBy(BasicOCSPResp basic, X509Certificate signer) {
        try {
            return basic.isSignatureValid(new JcaContentVerifierProviderBuilder().build(signer.getPublicKey()));
        } catch (OCSPException | OperatorException | RuntimeException e) {
            return false; // a key of another kind
        }
    }

    /** RFC 6960 §4.2.2.2. */
    private boolean isDelegate(X509Certificate delegate, Instant now) throws GeneralSecurityException {
        if (!delegate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
                || delegate.getExtendedKeyUsage() == null
                || !delegate.getExtendedKeyUsage().contains(KeyPurposeId.id_kp_OCSPSigning.getId())) {
            return false;
        }
        delegate.verify(issuer.getPublicKey());
        delegate.checkValidity(Date.from(now));
        return true;
    }
}
