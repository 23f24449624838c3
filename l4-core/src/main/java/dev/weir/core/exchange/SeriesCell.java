package dev.weir.core.exchange;

import org.jspecify.annotations.Nullable;

/** The buckets of one series on one event loop, and what its scope finds it by. */
final class SeriesCell {
    private final Operation operation;
    private final @Nullable String collection;
    private final @Nullable String summary;
    private final @Nullable String error;
    private final @Nullable SeriesLabels labels;
    private final long[] buckets = new long[Buckets.COUNT];
    private long nanos;

    /** The next one in the same place of the scope's table. */
    @Nullable
    SeriesCell next;

    /** One that nobody looks for. */
    SeriesCell() {
        this(SeriesScope.NO_OPERATION, null, null, null, null);
    }

    SeriesCell(
            Operation operation,
            @Nullable String collection,
            @Nullable String summary,
            @Nullable String error,
            @Nullable SeriesLabels labels) {
        this.operation = operation;
        this.collection = collection;
        this.summary = summary;
        this.error = error;
        this.labels = labels;
    }

    boolean of(Operation op) {
        return operation.equals(op);
    }

    boolean is(
            Operation op,
            @Nullable String coll,
            @Nullable String summ,
            @Nullable String err,
            @Nullable SeriesLabels more) {
        return operation.equals(op)
                && same(collection, coll)
                && same(summary, summ)
                && same(error, err)
                && same(labels, more);
    }

    @SuppressWarnings("ReferenceEquality") // Nearly always the same instance, or both null.
    private static boolean same(@Nullable Object a, @Nullable Object b) {
        return a == b || (a != null && a.equals(b));
    }

    int hash() {
        return hash(operation, collection, summary, error, labels);
    }

    /** Strings keep their hash: nothing is computed here for those that were seen before. */
    static int hash(
            Operation op,
            @Nullable String coll,
            @Nullable String summ,
            @Nullable String err,
            @Nullable SeriesLabels more) {
        int hash = op.index();
        if (coll != null) {
            hash += 31 * coll.hashCode();
        }
        if (summ != null) {
            hash += 37 * summ.hashCode();
        }
        if (err != null) {
            hash += 41 * err.hashCode();
        }
        if (more != null) {
            hash += 43 * more.hashCode();
        }
        return hash ^ (hash >>> 16);
    }

    void time(long duration) {
        buckets[Buckets.of(duration)]++;
        nanos += duration;
    }

    /** Adds the buckets to {@code sums}; returns the sum of the durations. From any thread. */
    long addTo(long[] sums) {
        for (int i = 0; i < Buckets.COUNT; i++) {
            sums[i] += Cells.get(buckets, i);
        }
        return nanos;
    }
}
