package dev.weir.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.internal.tcnative.CertificateVerifier;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a handshake failed: a closed set, for a metric label. */
enum Failure {
    /** The peer's certificate leads to none that is trusted. */
    UNKNOWN_CA(CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
    /** It is its own issuer, and not trusted. */
    SELF_SIGNED(CertificateVerifier.X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT),
    /** It, or one above it, has expired. */
    EXPIRED(CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED),
    /** It is not valid yet. */
    NOT_YET_VALID(CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID),
    /** It was revoked. */
    REVOKED(CertificateVerifier.X509_V_ERR_CERT_REVOKED),
    /** Nobody could tell whether it was revoked. */
    REVOCATION_UNKNOWN(CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_CRL),
    /** It is for another host. */
    WRONG_NAME(CertificateVerifier.X509_V_ERR_CERT_REJECTED),
    /** It is none of those that are pinned. */
    NOT_PINNED(CertificateVerifier.X509_V_ERR_CERT_UNTRUSTED),
    /** No rule lets its owner in. */
    UNAUTHORIZED(CertificateVerifier.X509_V_ERR_APPLICATION_VERIFICATION),
    /** It is wrong in another way. */
    BAD_CERTIFICATE(CertificateVerifier.X509_V_ERR_CERT_REJECTED),
    /** The peer has shown none. */
    NO_CERTIFICATE(0),
    /** No cipher suite, or no kind of key, that both know. */
    NO_SHARED_CIPHER(0),
    /** No version that both know. */
    VERSION(0),
    /** The peer does not speak TLS. */
    NOT_TLS(0),
    /** A name that no certificate is for. */
    UNKNOWN_SERVER_NAME(0),
    /** It took too long. */
    TIMEOUT(0),
    /** The peer hung up. */
    PEER_CLOSED(0),
    /** The peer refused. */
    PEER_ALERT(0),
    /** Anything else. */
    OTHER(0);

    private final int code;
    private final String label;

    Failure(int code) {
        this.code = code;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** For the metric and the log. */
    String label() {
        return label;
    }

    /** How BoringSSL calls it, which chooses the alert by it. */
    int code() {
        return code;
    }

    /** The reason behind an exception of either engine. */
    static Failure of(@Nullable Throwable cause) {
        for (Throwable one = cause; one != null; one = one.getCause()) {
            if (one instanceof Distrust distrust) {
                return distrust.failure();
            }
            if (one instanceof SslHandshakeTimeoutException) {
                return TIMEOUT;
            }
            if (one instanceof NotSslRecordException) {
                return NOT_TLS;
            }
        }
        return cause instanceof SSLException || cause != null && cause.getCause() instanceof SSLException
                ? ofText(text(cause))
                : cause instanceof ClosedChannelException || cause instanceof IOException ? PEER_CLOSED : OTHER;
    }

    private static String text(Throwable cause) {
        StringBuilder all = new StringBuilder();
        for (Throwable one = cause; one != null; one = one.getCause()) {
            all.append(one.getMessage()).append('\n');
        }
        return all.toString().toUpperCase(Locale.ROOT).replace(' ', '_');
    }

    private static Failure ofText(String text) {
        if (text.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE")
                || text.contains("EMPTY_CLIENT_CERTIFICATE_CHAIN")
                || text.contains("EMPTY_CERTIFICATE_CHAIN")) {
            return NO_CERTIFICATE;
        }
        if (text.contains("NO_SHARED_CIPHER")
                || text.contains("NO_CIPHER_SUITES_IN_COMMON")
                || text.contains("NO_COMMON_SIGNATURE")
                || text.contains("NO_SHARED_GROUP")) {
            return NO_SHARED_CIPHER;
        }
        if (text.contains("UNSUPPORTED_PROTOCOL")
                || text.contains("WRONG_VERSION_NUMBER")
                || text.contains("PROTOCOL_VERSION")) {
            return text.contains("ALERT") ? PEER_ALERT : VERSION;
        }
        if (text.contains("HTTP_REQUEST") || text.contains("NOT_AN_SSL")) {
            return NOT_TLS;
        }
        if (text.contains("ALERT")) {
            return PEER_ALERT;
        }
        if (text.contains("CLOSED") || text.contains("CONNECTION_RESET")) {
            return PEER_CLOSED;
        }
        return OTHER;
    }
}
