package dev.weir.core.exchange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.HdrHistogram.Histogram;

/**
 * Microseconds at two significant digits, in HdrHistogram's layout of buckets (256 single values, then 128 buckets
 * per power of two), growing with the longest value. One thread records; readers add what is there to an
 * {@link Histogram} at any moment. Nothing is swapped, so recording needs no atomic instruction
 * (docs/design/0005-metrics.md).
 */
final class LatencyRecorder {
    /** One hour; what takes longer counts as this. */
    static final long MAX_MICROS = 3_600_000_000L;

    static final int DIGITS = 2;
    private static final int HALF_BITS = 7;
    private static final int HALF = 1 << HALF_BITS;
    private static final VarHandle COUNTS;

    static {
        try {
            COUNTS = MethodHandles.lookup().findVarHandle(LatencyRecorder.class, "counts", long[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long[] counts = new long[2 * HALF];

    void record(long micros) {
        long value = Math.min(micros, MAX_MICROS);
        int shift = Long.SIZE - (HALF_BITS + 1) - Long.numberOfLeadingZeros(value | (2 * HALF - 1));
        int i = (shift << HALF_BITS) + (int) (value >>> shift);
        long[] c = counts;
        if (i >= c.length) {
            c = grow(shift);
        }
        c[i]++;
    }

    private long[] grow(int shift) {
        long[] longer = java.util.Arrays.copyOf(counts, (shift + 2) << HALF_BITS);
        COUNTS.setRelease(this, longer);
        return longer;
    }

    /** Adds everything recorded so far. From any thread. */
    void addTo(Histogram sum) {
        long[] c = (long[]) COUNTS.getAcquire(this);
        for (int i = 0; i < c.length; i++) {
            long n = Cells.get(c, i);
            if (n != 0) {
                sum.recordValueWithCount(lowestValue(i), n);
            }
        }
    }

    private static long lowestValue(int i) {
        int shift = Math.max(0, (i >>> HALF_BITS) - 1);
        return (long) (i - (shift << HALF_BITS)) << shift;
    }
}
