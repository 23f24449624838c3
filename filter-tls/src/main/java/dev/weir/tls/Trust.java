package dev.weir.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXReason;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Decides whom to trust, for both engines: made of what files held when they were read. Immutable; on any thread. */
final class Trust extends X509ExtendedTrustManager {
    private static final X509Certificate[] NONE = {};
    private static final int DEEPEST = 10;

    private final TrustSettings settings;
    private final boolean deferred;
    private final int securityLevel;
    private final List<X509Certificate> authorities;
    private final Map<String, X509Certificate> peers;
    private final List<X509CRL> revocations;
    private final @Nullable X509TrustManager chains;

    private Trust(
            TrustSettings settings,
            boolean deferred,
            int securityLevel,
            List<X509Certificate> authorities,
            Map<String, X509Certificate> peers,
            List<X509CRL> revocations,
            @Nullable X509TrustManager chains) {
        this.settings = settings;
        this.deferred = deferred;
        this.securityLevel = securityLevel;
        this.authorities = authorities;
        this.peers = peers;
        this.revocations = revocations;
        this.chains = chains;
    }

    /**
     * Reads the files.
     *
     * @param deferred whether handshakes never fail by it; who asks calls {@link #verify} afterwards
     */
    static Trust load(TrustSettings settings, boolean deferred, int securityLevel)
            throws TlsFileException, GeneralSecurityException {
        List<X509Certificate> authorities = new ArrayList<>();
        for (Path file : settings.ca()) {
            authorities.addAll(PemFiles.certificates(file));
        }
        if (settings.caPath() != null) {
            authorities.addAll(PemFiles.certificatesIn(settings.caPath()));
        }
        if (authorities.isEmpty() && settings.caPath() != null && (settings.chain() || settings.peer())) {
            throw new TlsFileException(settings.caPath(), "holds no certificates", null);
        }
        Map<String, X509Certificate> peers = new HashMap<>();
        for (X509Certificate one : authorities) {
            peers.put(mark(one), one);
        }
        List<X509CRL> revocations = revocations(settings);
        return new Trust(
                settings,
                deferred,
                securityLevel,
                List.copyOf(authorities),
                peers,
                revocations,
                settings.chain() ? chains(settings, authorities, revocations) : null);
    }

    private static X509TrustManager chains(
            TrustSettings settings, List<X509Certificate> authorities, List<X509CRL> revoked)
            throws TlsFileException, GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        if (authorities.isEmpty()
                && settings.crl().isEmpty()
                && settings.crlPath() == null
                && settings.ocsp() == null) {
            factory.init((KeyStore) null);
        } else {
            factory.init(new CertPathTrustManagerParameters(parameters(settings, authorities, revoked)));
        }
        for (TrustManager one : factory.getTrustManagers()) {
            if (one instanceof X509TrustManager found) {
                return found;
            }
        }
        throw new GeneralSecurityException("no trust manager for X.509");
    }

    private static PKIXBuilderParameters parameters(
            TrustSettings settings, List<X509Certificate> authorities, List<X509CRL> revoked)
            throws TlsFileException, GeneralSecurityException {
        Set<TrustAnchor> anchors = new HashSet<>();
        List<X509Certificate> between = new ArrayList<>();
        for (X509Certificate one : authorities.isEmpty() ? system() : authorities) {
            // Nothing above an anchor is looked at: one whose issuer is here, too, is none.
            if (isOwnIssuer(one) || issuers(one, authorities).isEmpty()) {
                anchors.add(new TrustAnchor(one, null));
            } else {
                between.add(one);
            }
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
        parameters.setRevocationEnabled(false);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(between)));
        PKIXRevocationChecker checker =
                (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
        TrustSettings.Ocsp ocsp = settings.ocsp();
        if (ocsp != null) {
            checker.setOptions(options(ocsp, !revoked.isEmpty()));
            if (ocsp.responder() != null) {
                checker.setOcspResponder(URI.create(ocsp.responder()));
            }
        } else {
            checker.setOptions(
                    EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
        }
        if (!revoked.isEmpty()) {
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(revoked)));
        }
        if (!revoked.isEmpty() || ocsp != null) {
            parameters.addCertPathChecker(checker);
        }
        return parameters;
    }

    private static List<X509CRL> revocations(TrustSettings settings) throws TlsFileException {
        List<X509CRL> revoked = new ArrayList<>();
        for (Path file : settings.crl()) {
            revoked.addAll(PemFiles.revocations(file));
        }
        if (settings.crlPath() != null) {
            revoked.addAll(PemFiles.revocationsIn(settings.crlPath()));
        }
        if (revoked.isEmpty() && settings.crlPath() != null) {
            throw new TlsFileException(settings.crlPath(), "holds no lists of revoked certificates", null);
        }
        return List.copyOf(revoked);
    }

    private static boolean isOwnIssuer(X509Certificate one) {
        return one.getSubjectX500Principal().equals(one.getIssuerX500Principal());
    }

    private static List<X509Certificate> issuers(X509Certificate of, List<X509Certificate> among) {
        return among.stream()
                .filter(one -> one.getSubjectX500Principal().equals(of.getIssuerX500Principal()))
                .toList();
    }

    /** The JDK takes anchors whatever their dates: a chain whose authorities have all ended has ended. */
    private void current(X509Certificate[] chain, CertificateNames names) throws Distrust {
        X509Certificate at = chain[0];
        for (int depth = 0; depth < DEEPEST && !isOwnIssuer(at); depth++) {
            List<X509Certificate> above = new ArrayList<>(issuers(at, authorities));
            above.addAll(issuers(at, List.of(chain)));
            if (above.isEmpty()) {
                return;
            }
            X509Certificate next = null;
            for (X509Certificate one : above) {
                next = next == null && isCurrent(one) ? one : next;
            }
            if (next == null) {
                throw new Distrust(Failure.EXPIRED, "its authority has expired: " + names.subject(), null);
            }
            at = next;
        }
    }

    private static boolean isCurrent(X509Certificate one) {
        try {
            one.checkValidity();
            return true;
        } catch (CertificateException e) {
            return false;
        }
    }

    private static Set<PKIXRevocationChecker.Option> options(TrustSettings.Ocsp ocsp, boolean lists) {
        Set<PKIXRevocationChecker.Option> options = EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY);
        if (!lists) {
            options.add(PKIXRevocationChecker.Option.NO_FALLBACK);
        }
        if (!ocsp.required()) {
            options.add(PKIXRevocationChecker.Option.SOFT_FAIL);
        }
        return options;
    }

    private static List<X509Certificate> system() throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init((KeyStore) null);
        for (TrustManager one : factory.getTrustManagers()) {
            if (one instanceof X509TrustManager found) {
                return List.of(found.getAcceptedIssuers());
            }
        }
        return List.of();
    }

    TrustSettings settings() {
        return settings;
    }

    // ---- deciding

    /**
     * Whether a peer is trusted.
     *
     * @param chain its certificates, its own first; at least one
     * @param host what the connection goes to, or null for clients
     */
    void verify(X509Certificate[] chain, String kind, @Nullable String host) throws Distrust {
        X509Certificate own = chain[0];
        CertificateNames names = names(own);
        if (chains != null) {
            revoked(own, names);
            chain(chains, chain, kind, host, names);
            current(chain, names);
        }
        for (X509Certificate one : chain) {
            if (!Credential.isStrong(one, securityLevel)) {
                throw new Distrust(Failure.BAD_CERTIFICATE, "key too weak: " + names.subject(), null);
            }
        }
        if (settings.peer() && !peers.containsKey(mark(own))) {
            throw new Distrust(Failure.NOT_PINNED, "certificate is none of those trusted: " + names.subject(), null);
        }
        if (!settings.pins().isEmpty() && !settings.pins().contains(pin(own))) {
            throw new Distrust(Failure.NOT_PINNED, "public key is not pinned: " + names.subject(), null);
        }
        String wanted = settings.name() == null ? host : settings.name();
        if (settings.verifyName() && (wanted == null || !names.isFor(wanted))) {
            throw new Distrust(
                    Failure.WRONG_NAME,
                    "certificate is not for \"" + wanted + "\": " + names.subject() + " " + names.dns()
                            + names.addresses(),
                    null);
        }
        if (!settings.rules().matches(names)) {
            throw new Distrust(Failure.UNAUTHORIZED, "no rule lets it in: " + names.subject(), null);
        }
    }

    /**
     * The names in a certificate that are vouched for: by its authority, or, where it need not come from one, those of the certificate that is trusted in its place; none
     * where only its key is known.
     */
    CertificateNames names(X509Certificate own) {
        if (chains != null) {
            return CertificateNames.of(own);
        }
        X509Certificate trusted = settings.peer() ? peers.get(mark(own)) : null;
        if (trusted != null) {
            return CertificateNames.of(trusted);
        }
        return settings.demands() ? CertificateNames.ofKey(pin(own)) : CertificateNames.of(own);
    }

    private void revoked(X509Certificate own, CertificateNames names) throws Distrust {
        for (X509CRL list : revocations) {
            // One that is itself an authority is not looked at by the JDK.
            if (list.getIssuerX500Principal().equals(own.getIssuerX500Principal()) && list.isRevoked(own)) {
                throw new Distrust(Failure.REVOKED, "revoked: " + names.subject(), null);
            }
        }
    }

    private static void chain(
            X509TrustManager chains,
            X509Certificate[] chain,
            String kind,
            @Nullable String host,
            CertificateNames names)
            throws Distrust {
        try {
            chain[0].checkValidity(); // what is itself an authority is not looked at any closer by the JDK
            if (host == null) {
                chains.checkClientTrusted(chain, kind);
            } else {
                chains.checkServerTrusted(chain, kind);
            }
        } catch (CertificateException e) {
            Failure failure = reason(e, chain);
            throw new Distrust(failure, failure.label() + ": " + names.subject(), e);
        }
    }

    private static Failure reason(CertificateException cause, X509Certificate[] chain) {
        for (Throwable one = cause; one != null; one = one.getCause()) {
            if (one instanceof java.security.cert.CertificateExpiredException) {
                return Failure.EXPIRED;
            }
            if (one instanceof java.security.cert.CertificateNotYetValidException) {
                return Failure.NOT_YET_VALID;
            }
            if (one instanceof CertPathValidatorException path) {
                Failure failure = reason(path.getReason());
                if (failure != null) {
                    return failure;
                }
            }
        }
        boolean selfSigned =
                chain.length == 1 && chain[0].getSubjectX500Principal().equals(chain[0].getIssuerX500Principal());
        if (selfSigned) {
            return Failure.SELF_SIGNED;
        }
        return String.valueOf(cause.getMessage()).contains("path") ? Failure.UNKNOWN_CA : Failure.BAD_CERTIFICATE;
    }

    private static @Nullable Failure reason(CertPathValidatorException.Reason reason) {
        if (reason == CertPathValidatorException.BasicReason.EXPIRED) {
            return Failure.EXPIRED;
        }
        if (reason == CertPathValidatorException.BasicReason.NOT_YET_VALID) {
            return Failure.NOT_YET_VALID;
        }
        if (reason == CertPathValidatorException.BasicReason.REVOKED) {
            return Failure.REVOKED;
        }
        if (reason == CertPathValidatorException.BasicReason.UNDETERMINED_REVOCATION_STATUS) {
            return Failure.REVOCATION_UNKNOWN;
        }
        return reason == PKIXReason.NO_TRUST_ANCHOR ? Failure.UNKNOWN_CA : null;
    }

    /** Subject and key: a certificate that was renewed with the same key is the same peer. */
    private static String mark(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName() + "\n" + pin(certificate);
    }

    private static String pin(X509Certificate certificate) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(certificate.getPublicKey().getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no SHA-256", e);
        }
    }

    // ---- what engines call

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain, kind, null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain, kind, Peers.host(engine));
    }

    private void check(X509Certificate[] chain, String kind, @Nullable String host) throws CertificateException {
        if (deferred) {
            return;
        }
        try {
            verify(chain, kind, host);
        } catch (Distrust e) {
            throw new OpenSslCertificateException(e.getMessage(), e, e.failure().code());
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        check(chain, kind, null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        check(chain, kind, "");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        check(chain, kind, null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        check(chain, kind, "");
    }

    /** Told to clients as those that their certificates may come from. */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return settings.chain() ? authorities.toArray(NONE) : NONE;
    }
}
