package dev.weir.http;

import dev.weir.core.cluster.Endpoint.Outcome;
import dev.weir.core.filter.CloseReason;

/** Why an exchange, or one try of it, did not come to its end. The set is closed: labels are metric labels and the {@code error} of exchanges. */
enum Failure {
    /** The client closed its connection. */
    CLIENT_CLOSED(499, Outcome.SUCCESS, false),
    /** The client reset the stream. */
    CLIENT_RESET(499, Outcome.SUCCESS, false),
    /** The client broke the protocol. */
    CLIENT_PROTOCOL(400, Outcome.SUCCESS, false),
    /** The request's body did not come in time. */
    CLIENT_TIMEOUT(408, Outcome.SUCCESS, false),
    /** The cluster has no endpoint to offer. */
    NO_ENDPOINT(503, Outcome.SUCCESS, true),
    /** A limit of the cluster is reached. */
    OVERFLOW(503, Outcome.SUCCESS, true),
    /** The upstream could not be connected to. */
    CONNECT_FAILED(503, Outcome.CONNECT_FAILED, true),
    /** It did not accept in time. */
    CONNECT_TIMEOUT(503, Outcome.CONNECT_FAILED, true),
    /** TLS with it failed. */
    TLS_FAILED(503, Outcome.CONNECT_FAILED, true),
    /** It has not processed the request and says so: {@code REFUSED_STREAM}, or {@code GOAWAY} with a smaller stream number. */
    REFUSED(503, Outcome.SUCCESS, true),
    /** It takes no head as large as this one. */
    HEAD_TOO_LARGE(431, Outcome.SUCCESS, true),
    /** It closed a connection that was kept open before it had sent a byte of the answer: perhaps it has not seen the request. */
    STALE(502, Outcome.SUCCESS, false),
    /** It ended or reset the connection or the stream. */
    UPSTREAM_RESET(502, Outcome.FAILURE, false),
    /** It broke the protocol. */
    UPSTREAM_PROTOCOL(502, Outcome.FAILURE, false),
    /** It did not answer in time. */
    UPSTREAM_TIMEOUT(504, Outcome.TIMEOUT, false),
    /** Nothing moved for too long. */
    IDLE_TIMEOUT(504, Outcome.TIMEOUT, false),
    /** A policy lets it fail. */
    POLICY(503, Outcome.SUCCESS, false),
    /** Weir goes away, and its time to do so is over. */
    SHUTDOWN(503, Outcome.SUCCESS, false),
    /** An error of Weir itself. */
    INTERNAL(500, Outcome.SUCCESS, false);

    private final int status;
    private final Outcome outcome;
    private final boolean unprocessed;
    private final String label = name().toLowerCase(java.util.Locale.ROOT);

    Failure(int status, Outcome outcome, boolean unprocessed) {
        this.status = status;
        this.outcome = outcome;
        this.unprocessed = unprocessed;
    }

    /** What a client is answered. */
    int status() {
        return status;
    }

    /** What an endpoint's statistics are told. */
    Outcome outcome() {
        return outcome;
    }

    /** Whether the upstream has for sure not processed the request, so that any may be sent again. */
    boolean isUnprocessed() {
        return unprocessed;
    }

    /** For the client: what has happened. */
    String sentence() {
        return label.replace('_', ' ');
    }

    /** Why a client's connection ends for it. */
    CloseReason closeReason() {
        return switch (this) {
            case UPSTREAM_RESET, STALE -> CloseReason.UPSTREAM_RESET;
            case CLIENT_PROTOCOL -> CloseReason.PROTOCOL_ERROR;
            case CLIENT_CLOSED, CLIENT_RESET -> CloseReason.CLIENT_CLOSED;
            case CLIENT_TIMEOUT, UPSTREAM_TIMEOUT, IDLE_TIMEOUT -> CloseReason.IDLE_TIMEOUT;
            case POLICY -> CloseReason.FAULT;
            case SHUTDOWN -> CloseReason.SHUTDOWN;
            case INTERNAL -> CloseReason.INTERNAL_ERROR;
            default -> CloseReason.UPSTREAM_CLOSED;
        };
    }

    /** As in metrics and exchanges. */
    String label() {
        return label;
    }
}
