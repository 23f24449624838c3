package dev.weir.mongo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A closed set of names, found by their bytes without making text of them. Immutable. */
final class NameTable {
    /** Not in the table. */
    static final int NONE = -1;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final byte[][] names;
    private final long[] words;
    private final int[] ids;
    private final int mask;

    /** The id of a name is its place in the list. */
    NameTable(List<String> list) {
        int size = Math.max(4, Integer.highestOneBit(4 * list.size()));
        names = new byte[size][0];
        words = new long[size];
        ids = new int[size];
        mask = size - 1;
        Arrays.fill(ids, NONE);
        for (int id = 0; id < list.size(); id++) {
            byte[] name = list.get(id).getBytes(StandardCharsets.UTF_8);
            long word = word(name, 0, name.length);
            int slot = slot(word, name.length);
            while (ids[slot] != NONE) {
                slot = slot + 1 & mask;
            }
            names[slot] = name;
            words[slot] = word;
            ids[slot] = id;
        }
    }

    /** The id of the name at {@code [from, to)}, or {@link #NONE}. */
    int find(byte[] a, int from, int to) {
        int length = to - from;
        long word = word(a, from, length);
        int slot = slot(word, length);
        while (ids[slot] != NONE) {
            byte[] name = names[slot];
            if (words[slot] == word
                    && name.length == length
                    && (length <= 8 || Arrays.equals(a, from + 8, to, name, 8, length))) {
                break;
            }
            slot = slot + 1 & mask;
        }
        return ids[slot];
    }

    private int slot(long word, int length) {
        return (int) ((word ^ length) * SPREAD >>> 40) & mask;
    }

    /** The first eight bytes; zeros behind a shorter name. */
    private static long word(byte[] a, int from, int length) {
        if (from + 8 <= a.length) {
            long word = (long) LONG.get(a, from);
            return length >= 8 ? word : word & (1L << 8 * length) - 1;
        }
        long word = 0;
        for (int i = Math.min(8, length) - 1; i >= 0; i--) {
            word = word << 8 | a[from + i] & 0xff;
        }
        return word;
    }
}
