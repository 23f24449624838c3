package dev.weir.mysql;

import dev.weir.core.sql.SqlStatement;
import org.jspecify.annotations.Nullable;

/** A prepared statement of a connection. */
final class Prepared {
    /** Most parameters and attributes whose types are remembered. */
    static final int MAX_TYPES = 256;

    private static final byte[] NO_TYPES = new byte[0];

    final @Nullable SqlStatement sql;
    /** As it was sent, where opted in. */
    final @Nullable String text;
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

    Prepared(@Nullable SqlStatement sql, @Nullable String text) {
        this.sql = sql;
        this.text = text;
    }
}
