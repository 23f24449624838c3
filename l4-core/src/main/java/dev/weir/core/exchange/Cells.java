package dev.weir.core.exchange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Counters in an array that one thread writes and any thread reads, without a read-modify-write instruction. A
 * reader sees each counter as it was a moment ago, not all of them at the same moment.
 */
final class Cells {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);

    private Cells() {}

    /** For writers that publish by other means now and then, as the event loops do ({@link Published}). */
    static void add(long[] cells, int i, long delta) {
        cells[i] += delta;
    }

    /** For writers that publish nothing else: each value reaches the readers by itself. */
    static void addOpaque(long[] cells, int i, long delta) {
        LONGS.setOpaque(cells, i, cells[i] + delta);
    }

    static void setOpaque(long[] cells, int i, long value) {
        LONGS.setOpaque(cells, i, value);
    }

    static long get(long[] cells, int i) {
        return (long) LONGS.getOpaque(cells, i);
    }

    static int get(int[] cells, int i) {
        return (int) INTS.getOpaque(cells, i);
    }
}
