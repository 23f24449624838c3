package dev.weir.http;

import dev.weir.core.config.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** After what a request may be sent once more. */
enum RetryOn {
    /** No connection: refused, not in time, or TLS failed. */
    CONNECT_FAILED(
            "connect_failure", EnumSet.of(Failure.CONNECT_FAILED, Failure.CONNECT_TIMEOUT, Failure.TLS_FAILED), 0, 0),
    /** The upstream says that it has not processed it. */
    REFUSED("refused", EnumSet.of(Failure.REFUSED), 0, 0),
    /** A connection that was kept open had been closed by the upstream when it was used again. */
    STALE("stale", EnumSet.of(Failure.STALE), 0, 0),
    /** The connection or the stream ended before the answer, or what came was none. */
    RESET("reset", EnumSet.of(Failure.STALE, Failure.UPSTREAM_RESET, Failure.UPSTREAM_PROTOCOL), 0, 0),
    /** The answer is 502, 503 or 504, or would be: reset, or too late. */
    GATEWAY_ERROR(
            "gateway_error",
            EnumSet.of(Failure.STALE, Failure.UPSTREAM_RESET, Failure.UPSTREAM_PROTOCOL, Failure.UPSTREAM_TIMEOUT),
            502,
            504),
    /** The answer is 500 to 599, or would be, whatever went wrong at the upstream. */
    SERVER_ERROR(
            "5xx",
            EnumSet.of(
                    Failure.CONNECT_FAILED,
                    Failure.CONNECT_TIMEOUT,
                    Failure.TLS_FAILED,
                    Failure.REFUSED,
                    Failure.STALE,
                    Failure.UPSTREAM_RESET,
                    Failure.UPSTREAM_PROTOCOL,
                    Failure.UPSTREAM_TIMEOUT),
            500,
            599),
    /** The answer is 429. */
    TOO_MANY_REQUESTS("429", EnumSet.noneOf(Failure.class), 429, 429);

    private static final Map<String, RetryOn> BY_LABEL = new LinkedHashMap<>();

    static {
        for (RetryOn one : values()) {
            BY_LABEL.put(one.label, one);
        }
    }

    private final String label;
    /** A bit for each. */
    private final long failures;

    private final int from;
    private final int to;

    RetryOn(String label, Set<Failure> failures, int from, int to) {
        this.label = label;
        long bits = 0;
        for (Failure failure : failures) {
            bits |= 1L << failure.ordinal();
        }
        this.failures = bits;
        this.from = from;
        this.to = to;
    }

    /** As in the configuration. */
    static Collection<String> labels() {
        return List.copyOf(new ArrayList<>(BY_LABEL.keySet()));
    }

    static RetryOn of(String label) {
        RetryOn one = BY_LABEL.get(label);
        if (one == null) {
            throw new IllegalArgumentException("\"" + label + "\"" + Names.suggest(label, BY_LABEL.keySet()));
        }
        return one;
    }

    boolean covers(Failure failure) {
        return (failures >> failure.ordinal() & 1) == 1;
    }

    boolean covers(int status) {
        return status >= from && status <= to;
    }
}
