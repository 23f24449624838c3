package dev.weir.core.exchange;

/** The buckets of the exported histogram, and the way from a duration to its bucket. */
final class Buckets {
    private static final double[] SECONDS = {
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    /** Number of buckets, the one for the rest included. */
    static final int COUNT = SECONDS.length + 1;

    private static final long[] NANOS = nanos();

    /** The first bucket that a duration with so many leading zeros can be in. */
    private static final byte[] FIRST = first();

    private Buckets() {}

    private static long[] nanos() {
        long[] nanos = new long[COUNT];
        for (int i = 0; i < SECONDS.length; i++) {
            nanos[i] = Math.round(SECONDS[i] * 1e9);
        }
        nanos[SECONDS.length] = Long.MAX_VALUE;
        return nanos;
    }

    private static byte[] first() {
        byte[] first = new byte[Long.SIZE + 1];
        for (int zeros = 1; zeros <= Long.SIZE; zeros++) {
            long smallest = zeros == Long.SIZE ? 0 : 1L << (Long.SIZE - 1 - zeros);
            byte i = 0;
            while (smallest > NANOS[i]) {
                i++;
            }
            first[zeros] = i;
        }
        return first;
    }

    static double[] seconds() {
        return SECONDS.clone();
    }

    /**
     * The bucket of a duration ≥ 0: the first whose bound is not smaller. Bounds at least double, so at most one of them
     * lies between two powers of two: one comparison without a branch, which nothing could predict.
     */
    static int of(long nanos) {
        int i = FIRST[Long.numberOfLeadingZeros(nanos)];
        return i + (int) ((NANOS[i] - nanos) >>> (Long.SIZE - 1));
    }
}
