package dev.weir.core.exchange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Counters in an array that one thread writes and any thread reads: no read-modify-write instruction, no torn or
 * hoisted value. A reader sees each counter as it was a moment ago, not all of them at the same moment.
 */
final class Cells {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);

    private Cells() {}

    static void add(long[] cells, int i, long delta) {
        LONGS.setOpaque(cells, i, cells[i] + delta);
    }

    static void set(long[] cells, int i, long value) {
        LONGS.setOpaque(cells, i, value);
    }

    static long get(long[] cells, int i) {
        return (long) LONGS.getOpaque(cells, i);
    }

    static void set(int[] cells, int i, int value) {
        INTS.setOpaque(cells, i, value);
    }

    static int get(int[] cells, int i) {
        return (int) INTS.getOpaque(cells, i);
    }
}
