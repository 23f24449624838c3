package dev.weir.mysql;

import dev.weir.core.sql.SqlStatement;
import org.jspecify.annotations.Nullable;

/** A prepared statement of a connection. */
final class Prepared {
    /** Most parameters and attributes whose types are remembered. */
    static final int MAX_TYPES = 256;

    /** Attributes besides. */
    private static final int FURTHER = 16;

    private static final byte[] NO_TYPES = new byte[0];
    /** This, its types without their values, its place among the statements of a connection. */
    private static final long BYTES = 128;

    @Nullable
    SqlStatement sql;

    /** As it was sent, where opted in. */
    final @Nullable String text;
    /** Whether it may hold a password or key. */
    final boolean secret;
    /** Its number at the server, once that has answered. */
    int id;

    /** Placeholders, once the server has answered. */
    int parameters;

    /** Types of the values of its last execution that named them. */
    byte[] types = NO_TYPES;

    /** Which of them is the trace context, -1 if none. */
    int traceAt = -1;
    /** Closed before the server had answered. */
    boolean closed;

    Prepared(@Nullable SqlStatement sql, @Nullable String text, boolean secret) {
        this.sql = sql;
        this.text = text;
        this.secret = secret;
    }

    /** Types are kept for a trace only, and where there are hardly more of them than placeholders. */
    boolean keeps(int types) {
        return types <= Math.min(parameters, MAX_TYPES) + FURTHER;
    }

    /** Estimate of the heap it takes, without that of {@link #sql}; the same once {@link #parameters} is known. */
    long bytes() {
        return BYTES + Math.min(parameters, MAX_TYPES) + (text == null ? 0 : 40 + 2L * text.length());
    }
}
