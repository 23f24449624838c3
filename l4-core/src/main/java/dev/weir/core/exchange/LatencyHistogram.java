package dev.weir.core.exchange;

import java.util.Arrays;

/**
 * Durations in 850 bytes, from 1 µs to 134 s (longer ones count as that), with a relative error of at most 5 %:
 * exact below 32 µs, then eight buckets per power of two. For tables with many rows. One thread records; it publishes
 * its counts by an ordered store of its own now and then, and any thread reads.
 */
public final class LatencyHistogram {
    private static final int LINEAR = 32;
    private static final int PER_OCTAVE = 8;
    private static final int FIRST_OCTAVE = 5;
    private static final int LAST_OCTAVE = 26;
    private static final long MAX_MICROS = (1L << (LAST_OCTAVE + 1)) - 1;

    /** Number of buckets: the length of the array that {@link #addTo} wants. */
    public static final int SIZE = LINEAR + (LAST_OCTAVE - FIRST_OCTAVE + 1) * PER_OCTAVE;

    /** The eight bits after a value's first one → which eighth (on a logarithmic scale) of its octave. */
    private static final byte[] EIGHTH = eighths();

    private final int[] counts = new int[SIZE];

    private static byte[] eighths() {
        byte[] table = new byte[256];
        for (int i = 0; i < table.length; i++) {
            table[i] = (byte) Math.floor(PER_OCTAVE * Math.log1p((i + 0.5) / 256) / Math.log(2));
        }
        return table;
    }

    /** Counts one duration. On the writing thread. */
    public void record(long micros) {
        int i = index(micros);
        int n = counts[i] + 1;
        if (n == Integer.MAX_VALUE) {
            halve();
            n = counts[i] + 1;
        }
        counts[i] = n;
    }

    /** The shape stays, and so do the percentiles. */
    private void halve() {
        for (int i = 0; i < SIZE; i++) {
            counts[i] >>>= 1;
        }
    }

    private static int index(long micros) {
        if (micros < LINEAR) {
            return (int) Math.max(0, micros);
        }
        long value = Math.min(micros, MAX_MICROS);
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
        int fraction = (int) ((value << 8) >>> octave) & 0xff;
        return LINEAR + ((octave - FIRST_OCTAVE) << 3) + EIGHTH[fraction];
    }

    /** Adds what was counted so far to {@code sums}. From any thread. */
    public void addTo(long[] sums) {
        for (int i = 0; i < SIZE; i++) {
            sums[i] += Cells.get(counts, i);
        }
    }

    /** Takes over what {@code other} has. On the writing thread of both. */
    public void add(LatencyHistogram other) {
        for (int i = 0; i < SIZE; i++) {
            long sum = (long) counts[i] + other.counts[i];
            counts[i] = (int) Math.min(sum, Integer.MAX_VALUE - 1);
        }
    }

    /** Forgets all. On the writing thread. */
    public void clear() {
        Arrays.fill(counts, 0);
    }

    /**
     * The duration in microseconds that a share of {@code quantile} does not exceed, -1 if there is none.
     *
     * @param sums filled by {@link #addTo}
     * @param quantile 0…1
     */
    public static long quantile(long[] sums, double quantile) {
        long total = 0;
        for (long n : sums) {
            total += n;
        }
        long rank = Math.max(1, (long) Math.ceil(quantile * total));
        long seen = 0;
        for (int i = 0; i < SIZE; i++) {
            seen += sums[i];
            if (sums[i] > 0 && seen >= rank) {
                return middle(i);
            }
        }
        return -1;
    }

    /** The value whose relative distance to both ends of the bucket is the same. */
    private static long middle(int i) {
        if (i < LINEAR) {
            return i;
        }
        double low = lowest(i);
        double high = i + 1 == SIZE ? MAX_MICROS : lowest(i + 1) - 1.0;
        return Math.round(2 * low * high / (low + high));
    }

    private static long lowest(int i) {
        long below = 0;
        long within = MAX_MICROS;
        while (within - below > 1) {
            long probe = (below + within) >>> 1;
            if (index(probe) < i) {
                below = probe;
            } else {
                within = probe;
            }
        }
        return within;
    }
}
