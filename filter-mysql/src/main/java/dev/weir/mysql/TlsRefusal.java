package dev.weir.mysql;

import dev.weir.core.filter.CloseReason;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Why {@code mysql_tls} ends a connection, and what it tells the client. */
enum TlsRefusal {
    /** A client without TLS where that is required. */
    CLIENT_PLAIN(
            CloseReason.FILTER,
            3159,
            "Connections using insecure transport are prohibited: connect with TLS (--ssl-mode=REQUIRED)"),
    /** The server has no TLS where that is required. */
    UPSTREAM_PLAIN(CloseReason.UPSTREAM_TLS_FAILED, 1043, "TLS with the server is required, but it does not offer it"),
    /** The handshake with the server failed. */
    UPSTREAM_HANDSHAKE(CloseReason.UPSTREAM_TLS_FAILED, 1043, "TLS with the server failed"),
    /** The client asks for TLS that it was not offered. */
    NOT_OFFERED(CloseReason.PROTOCOL_ERROR, 1043, "TLS was asked for, but not offered"),
    /** Too many handshakes at a time. The client waits for TLS, and would not understand an error. */
    HANDSHAKES(CloseReason.LIMIT, 0, null),
    /** What the server says first is no greeting. */
    GREETING(CloseReason.FILTER, 1043, "The server's greeting is not MySQL's"),
    /** A packet of the client that makes no sense. */
    CLIENT_PACKET(CloseReason.PROTOCOL_ERROR, 1043, "Bad handshake"),
    /** A packet of the client that is not its turn. */
    CLIENT_SEQUENCE(CloseReason.PROTOCOL_ERROR, 1156, "Got packets out of order"),
    /** A packet of the client that is longer than log-ins are. */
    CLIENT_SIZE(CloseReason.PROTOCOL_ERROR, 1153, "Got a packet bigger than log-ins are"),
    /** A packet of the server that makes no sense. */
    UPSTREAM_PACKET(CloseReason.FILTER, 1043, "Bad handshake of the server"),
    /** The server's key cannot be used. */
    UPSTREAM_KEY(CloseReason.FILTER, 1045, "Access denied: the server's public key cannot be used"),
    /** A password that was not sealed with our key. */
    PASSWORD(
            CloseReason.PROTOCOL_ERROR,
            1045,
            "Access denied: the password is not sealed with the public key that clients without TLS get here");

    private final CloseReason reason;
    private final int code;
    private final @Nullable String text;

    TlsRefusal(CloseReason reason, int code, @Nullable String text) {
        this.reason = reason;
        this.code = code;
        this.text = text;
    }

    CloseReason reason() {
        return reason;
    }

    String code() {
        return Integer.toString(code);
    }

    /** What the client is told, or null for nothing. */
    @Nullable
    String text() {
        return text;
    }

    /** The metric label. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
