package dev.weir.core.filter;

/**
 * Why a connection ended, and who caused it. The set is closed, so both may be metric labels
 * ({@code weir_connections_closed_total{reason, side}}). The first reason that is given wins.
 */
public enum CloseReason {
    /** Both directions ended with end of stream, the client's first. */
    CLIENT_CLOSED(Culprit.CLIENT),
    /** The client reset the connection. */
    CLIENT_RESET(Culprit.CLIENT),
    /** The upstream ended the stream first. */
    UPSTREAM_CLOSED(Culprit.UPSTREAM),
    /** The upstream reset the connection. */
    UPSTREAM_RESET(Culprit.UPSTREAM),
    /** No endpoint accepted the connection. */
    CONNECT_FAILED(Culprit.UPSTREAM),
    /** No endpoint answered in time. */
    CONNECT_TIMEOUT(Culprit.UPSTREAM),
    /** The cluster had no endpoint to offer. */
    NO_ENDPOINT(Culprit.UPSTREAM),
    /** No byte in either direction for the idle timeout. */
    IDLE_TIMEOUT(Culprit.WEIR),
    /** The connection reached its maximum duration. */
    MAX_DURATION(Culprit.WEIR),
    /** The listener drains, and the connection stood at a boundary. */
    DRAINED(Culprit.WEIR),
    /** The process leaves; the connection was still busy when the drain timeout ended. */
    SHUTDOWN(Culprit.WEIR),
    /** A filter held bytes beyond its deadline. */
    HOLD_TIMEOUT(Culprit.WEIR),
    /** The {@code access} filter refused the client. */
    DENIED(Culprit.WEIR),
    /** A connection limit was reached. */
    LIMIT(Culprit.WEIR),
    /** It did not take its answers, and too much of them waited. */
    SLOW_CLIENT(Culprit.CLIENT),
    /** It sent what its protocol does not allow. */
    PROTOCOL_ERROR(Culprit.CLIENT),
    /** The {@code rate_limit} filter refused a connection, or a command whose limit closes. */
    RATE_LIMITED(Culprit.WEIR),
    /** The limit on buffer memory was reached. */
    MEMORY(Culprit.WEIR),
    /** No filter chain matches the connection. */
    NO_CHAIN(Culprit.WEIR),
    /** A filter decided so. */
    FILTER(Culprit.WEIR),
    /** The {@code fault} filter closed it on purpose. */
    FAULT(Culprit.WEIR),
    /** The terminal answered all there is to answer. */
    COMPLETE(Culprit.WEIR),
    /** A PROXY protocol header was wrong, or missing where one is required. */
    PROXY_PROTOCOL(Culprit.CLIENT),
    /** A TLS handshake with the client failed, or its TLS broke. */
    TLS_FAILED(Culprit.CLIENT),
    /** The same with the upstream. */
    UPSTREAM_TLS_FAILED(Culprit.UPSTREAM),
    /** The client's certificate is good, but it may not use this listener. */
    UNAUTHORIZED(Culprit.WEIR),
    /** An error of Weir itself. */
    INTERNAL_ERROR(Culprit.WEIR);

    /** Who caused the end of a connection. */
    public enum Culprit {
        /** The client. */
        CLIENT,
        /** The upstream, or the way to it. */
        UPSTREAM,
        /** Weir: a limit, a rule, a time-out, or a bug. */
        WEIR
    }

    private final Culprit culprit;
    private final String label;

    CloseReason(Culprit culprit) {
        this.culprit = culprit;
        this.label = name().toLowerCase(java.util.Locale.ROOT);
    }

    /** Who caused it. */
    public Culprit culprit() {
        return culprit;
    }

    /** The metric label: the name in lower case. */
    public String label() {
        return label;
    }
}
