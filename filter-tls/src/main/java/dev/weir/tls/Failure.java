package dev.weir.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a handshake failed: a closed set, for a metric label. The numbers are OpenSSL's (x509_vfy.h); to ask BoringSSL for them would load it. */
enum Failure {
    /** The peer's certificate leads to none that is trusted. */
    UNKNOWN_CA(20),
    /** It is its own issuer, and not trusted. */
    SELF_SIGNED(18),
    /** It, or one above it, has expired. */
    EXPIRED(10),
    /** It is not valid yet. */
    NOT_YET_VALID(9),
    /** It was revoked. */
    REVOKED(23),
    /** Nobody could tell whether it was revoked. */
    REVOCATION_UNKNOWN(3),
    /** It is for another host. */
    WRONG_NAME(28),
    /** It is none of those that are pinned. */
    NOT_PINNED(27),
    /** No rule lets its owner in. */
    UNAUTHORIZED(50),
    /** It is wrong in another way. */
    BAD_CERTIFICATE(28),
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
