package dev.weir.core.sql;

import dev.weir.core.exchange.LatencyHistogram;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A place of the table, used for one digest after another. Its version is odd while it changes hands. */
final class DigestEntry {
    /** Bytes of heap besides the statement's: this, the counters and the histogram, its place in chain and heap. */
    static final long BYTES = 64 + 24 + 16 + 8L * DigestCounts.SIZE + 16 + 16 + 4L * LatencyHistogram.SIZE + 3 * 8 + 32;

    private static final VarHandle VERSION;

    static {
        try {
            VERSION = MethodHandles.lookup().findVarHandle(DigestEntry.class, "version", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private int version;
    SqlStatement statement;
    final DigestCounts counts = new DigestCounts();
    /** Calls that the digests before it had, which may have been its own. */
    long inherited;

    // The writer's own.
    long bytes;
    int heapIndex;
    int slot;

    @Nullable
    DigestEntry next;

    DigestEntry(SqlStatement statement) {
        this.statement = statement;
    }

    /** Calls by Space-Saving's count, not less than the true one. */
    long rank() {
        return counts.cells[DigestCounts.CALLS] + inherited;
    }

    void reuse(SqlStatement statement, long inherited) {
        VERSION.setOpaque(this, version + 1);
        VarHandle.storeStoreFence();
        this.statement = statement;
        this.inherited = inherited;
        counts.clear();
        VERSION.setRelease(this, version + 1);
    }

    /** A copy of one digest's numbers, null if it changes hands right now. From any thread. */
    @Nullable
    DigestRow copy() {
        int before = (int) VERSION.getAcquire(this);
        SqlStatement of = statement;
        DigestRow row = new DigestRow(of, counts.cells.clone(), new long[LatencyHistogram.SIZE], inherited);
        counts.latency.addTo(row.latency);
        VarHandle.acquireFence();
        return (before & 1) == 0 && before == (int) VERSION.getOpaque(this) ? row : null;
    }
}
