package dev.weir.mysql;

import org.jspecify.annotations.Nullable;

/** A prepared statement, as a command gate knows it. */
final class GateStatement {
    /** One that was not seen being prepared: it may be anything. */
    static final GateStatement UNKNOWN = new GateStatement(null, false, ~0);

    final @Nullable String keyword;
    final boolean readOnly;
    /** What its execution may change of the session: see {@link dev.weir.core.sql.SqlScan}. */
    final int effects;
    /** Closed before the server had answered. */
    boolean closed;
    /** Values were sent for its next execution. */
    boolean longData;

    GateStatement(@Nullable String keyword, boolean readOnly, int effects) {
        this.keyword = keyword;
        this.readOnly = readOnly;
        this.effects = effects;
    }
}
