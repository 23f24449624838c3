package dev.weir.mysql;

import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.sql.SqlScan;

/** A prepared statement, as a command gate knows it. */
final class GateStatement {
    /** One that was not seen being prepared: it may be anything. */
    static final GateStatement UNKNOWN = new GateStatement(SqlScan.OTHER, Kind.WRITE, ~0);

    final String keyword;
    final Kind kind;
    /** What its execution may change of the session: see {@link dev.weir.core.sql.SqlScan}. */
    final int effects;
    /** Closed before the server had answered. */
    boolean closed;
    /** Values were sent for its next execution. */
    boolean longData;

    GateStatement(String keyword, Kind kind, int effects) {
        this.keyword = keyword;
        this.kind = kind;
        this.effects = effects;
    }
}
