package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ServerNames;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A certificate with its chain and key, as they were read.
 *
 * @param chain its own first
 * @param key the private key
 * @param ocsp what a responder said of it (RFC 6960), or null
 * @param fetches whether its responder is asked
 * @param names hosts it is for
 */
record Credential(
        List<X509Certificate> chain, PrivateKey key, byte @Nullable [] ocsp, boolean fetches, ServerNames names) {
    /** Bits of RSA keys, and of keys on curves, that OpenSSL asks for at its security levels. */
    private static final int[] RSA_BITS = {0, 1024, 2048, 3072, 7680, 15_360};

    private static final int[] CURVE_BITS = {0, 160, 224, 256, 384, 512};

    /**
     * Where it is read from.
     *
     * @param certificate PEM, or PKCS #12
     * @param key PEM; the same file where nothing else is said
     * @param password of the key, or null
     * @param passwordFile of the key, or null
     * @param pkcs12 whether {@code certificate} is PKCS #12
     * @param ocsp DER, or null
     * @param fetches whether the responder that the certificate names is asked in its place
     * @param names hosts; empty for those of the certificate
     */
    record Source(
            Path certificate,
            Path key,
            @Nullable String password,
            @Nullable Path passwordFile,
            boolean pkcs12,
            @Nullable Path ocsp,
            boolean fetches,
            ServerNames names) {
        /** Null where nothing is named. {@code server}: in a list of certificates that clients are shown. */
        static @Nullable Source from(ConfigNode node, boolean server) {
            Path pkcs12 = TrustSettings.path(node, "pkcs12");
            Path certificate = TrustSettings.path(node, "certificate");
            Path key = TrustSettings.path(node, "private_key");
            String password = node.string("password", null);
            Path passwordFile = TrustSettings.path(node, "password_file");
            Path ocsp = TrustSettings.path(node, "ocsp_response");
            boolean fetches = server && node.has("ocsp") && fetches(node);
            ServerNames names = ServerNames.from(node, "server_names");
            if (pkcs12 != null && (certificate != null || key != null)) {
                node.error("pkcs12", "beside certificate or private_key (expected: one of the two)");
            }
            if (password != null && passwordFile != null) {
                node.error("password", "beside password_file (expected: one of the two)");
            }
            Path file = pkcs12 == null ? certificate : pkcs12;
            if (file == null) {
                if (key != null) {
                    node.error("private_key", "without certificate (expected: both)");
                }
                return null;
            }
            return new Source(
                    file, key == null ? file : key, password, passwordFile, pkcs12 != null, ocsp, fetches, names);
        }

        private static boolean fetches(ConfigNode node) {
            ConfigNode section = node.section("ocsp");
            boolean fetches = section.bool("fetch", false);
            section.rejectUnknown();
            if (fetches && node.has("ocsp_response")) {
                node.error("ocsp", "fetch beside ocsp_response (expected: one of the two)");
            }
            return fetches;
        }

        Credential load(int securityLevel) throws TlsFileException {
            char[] secret = passwordFile != null
                    ? PemFiles.password(passwordFile)
                    : password == null ? null : password.toCharArray();
            PemFiles.Identity identity = pkcs12
                    ? PemFiles.pkcs12(certificate, secret)
                    : new PemFiles.Identity(PemFiles.certificates(certificate), PemFiles.key(key, secret));
            X509Certificate own = identity.chain().get(0);
            if (!Keys.belong(own.getPublicKey(), identity.key())) {
                throw new TlsFileException(key, "is not the private key of \"" + certificate + "\"", null);
            }
            if (!isStrong(own, securityLevel)) {
                throw new TlsFileException(certificate, "has a key too weak for security_level " + securityLevel, null);
            }
            return new Credential(
                    identity.chain(),
                    identity.key(),
                    ocsp == null ? null : PemFiles.bytes(ocsp),
                    fetches,
                    names.isEmpty() ? namesOf(own) : names);
        }

        List<Path> files() {
            List<Path> files = new ArrayList<>(List.of(certificate));
            if (!key.equals(certificate)) {
                files.add(key);
            }
            if (passwordFile != null) {
                files.add(passwordFile);
            }
            if (ocsp != null) {
                files.add(ocsp);
            }
            return files;
        }

        /** Its password is no business of logs. */
        @Override
        public String toString() {
            return certificate.toString();
        }
    }

    /** Whether something is, or will be, stapled to it. */
    boolean isStapled() {
        return ocsp != null || fetches;
    }

    private static ServerNames namesOf(X509Certificate certificate) {
        CertificateNames names = CertificateNames.of(certificate);
        String common = names.commonName();
        return new ServerNames(
                !names.dns().isEmpty() || common == null
                        ? names.dns()
                        : List.of(common.toLowerCase(java.util.Locale.ROOT)));
    }

    /** Whether a certificate's key is strong enough. */
    static boolean isStrong(X509Certificate certificate, int level) {
        if (certificate.getPublicKey() instanceof RSAKey rsa) {
            return rsa.getModulus().bitLength() >= RSA_BITS[level];
        }
        return !(certificate.getPublicKey() instanceof ECKey curve)
                || curve.getParams().getCurve().getField().getFieldSize() >= CURVE_BITS[level];
    }
}
