package dev.weir.core.protocol;

/**
 * Thrown by a sniffer that cannot go on. Without a stack trace: it is made from bytes that a peer chose, so it
 * must be cheap. The reason is a metric label: take it from a closed set, never from the bytes.
 */
public final class SniffException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code reason} is a short snake_case word, a constant. */
    public SniffException(String reason) {
        super(reason, null, false, false);
    }

    /** The reason, as in the metric label. */
    public String reason() {
        String reason = getMessage();
        return reason == null ? "unknown" : reason;
    }
}
