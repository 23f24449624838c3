package dev.weir.core.sql;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.LatencyHistogram;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A place of the table, used for one digest after another. Its version is odd while it changes hands. */
final class DigestEntry {
    /** Bytes of heap besides the statement's: this, the counters, the histogram, its place in chain and heap. */
    static final long BYTES = 72
            + (24 + 16 + 8L * DigestCounts.SIZE + 16 + 4L * DigestCounts.MAX_CODES)
            + (16 + 16 + 4L * LatencyHistogram.SIZE)
            + (3 * 8 + 32);

    private static final VarHandle VERSION;

    static {
        try {
            VERSION = MethodHandles.lookup().findVarHandle(DigestEntry.class, "version", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private int version;
    String listener;
    SqlStatement statement;
    final DigestCounts counts = new DigestCounts();
    final LatencyHistogram latency = new LatencyHistogram();
    /** Calls that the digests before it had, which may have been its own. */
    long inherited;

    // The writer's own.
    long id;
    long bytes;
    int heapIndex;
    int slot;

    @Nullable
    DigestEntry next;

    DigestEntry(String listener, SqlStatement statement) {
        this.listener = listener;
        this.statement = statement;
        this.id = statement.id();
    }

    /** Calls by Space-Saving's count, not less than the true one. */
    long rank() {
        return counts.cells[DigestCounts.CALLS] + inherited;
    }

    void add(Exchange e, long nanos) {
        counts.add(e, nanos);
        if (nanos >= 0 && !e.continued) {
            latency.record(nanos / 1_000);
        }
    }

    void add(DigestEntry other) {
        counts.add(other.counts);
        latency.add(other.latency);
    }

    @SuppressWarnings("ReferenceEquality") // Listeners' names are nearly always the same instance.
    boolean is(long id, String listener) {
        return this.id == id && (this.listener == listener || this.listener.equals(listener));
    }

    void reuse(String listener, SqlStatement statement, long inherited) {
        VERSION.setOpaque(this, version + 1);
        VarHandle.storeStoreFence();
        this.listener = listener;
        this.statement = statement;
        this.id = statement.id();
        this.inherited = inherited;
        counts.clear();
        latency.clear();
        VERSION.setRelease(this, version + 1);
    }

    /** A copy of one digest's numbers, null if it changes hands right now. From any thread. */
    @Nullable
    DigestRow copy() {
        int before = (int) VERSION.getAcquire(this);
        long[] times = new long[LatencyHistogram.SIZE];
        DigestRow row = new DigestRow(listener, statement, counts.copy(), times, inherited);
        latency.addTo(times);
        VarHandle.acquireFence();
        return (before & 1) == 0 && before == (int) VERSION.getOpaque(this) ? row : null;
    }
}
