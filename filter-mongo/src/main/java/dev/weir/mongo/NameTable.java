package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A closed set of names, found by their bytes without making text of them. Immutable. */
final class NameTable {
    /** Not in the table. */
    static final int NONE = -1;

    /** Tables of so many names have room enough for hardly two of them to meet. */
    private static final int SMALL = 64;

    private final byte[][] names;
    /** Of each place: the first and the last eight bytes of the name, and its length; a length of 0 is an empty place. */
    private final long[] words;

    private final long[] tails;
    private final int[] lengths;
    private final int[] ids;
    private final int mask;

    /** The id of a name is its place in the list. */
    NameTable(List<String> list) {
        int size = Integer.highestOneBit(Math.max(8, (list.size() > SMALL ? 4 : 8) * list.size()));
        names = new byte[size][];
        words = new long[size];
        tails = new long[size];
        lengths = new int[size];
        ids = new int[size];
        mask = size - 1;
        for (int id = 0; id < list.size(); id++) {
            byte[] name = list.get(id).getBytes(StandardCharsets.UTF_8);
            int slot = slot(Bson.word(name, 0, name.length), name.length);
            while (lengths[slot] != 0) {
                slot = slot + 1 & mask;
            }
            names[slot] = name;
            words[slot] = Bson.word(name, 0, name.length);
            tails[slot] = name.length > 8 ? Bson.int64(name, name.length - 8) : 0;
            lengths[slot] = name.length;
            ids[slot] = id;
        }
    }

    /** The id of the name at {@code [from, to)}, or {@link #NONE}. */
    int find(byte[] a, int from, int to) {
        int length = to - from;
        long word = Bson.word(a, from, length);
        int slot = slot(word, length);
        for (int there = lengths[slot]; there != 0; there = lengths[slot]) {
            if (words[slot] == word && there == length && (length <= 8 || ends(slot, a, from, to))) {
                return ids[slot];
            }
            slot = slot + 1 & mask;
        }
        return NONE;
    }

    /** Whether what is behind the first eight bytes is the same, too: up to sixteen, the last eight tell. */
    private boolean ends(int slot, byte[] a, int from, int to) {
        return tails[slot] == Bson.int64(a, to - 8)
                && (to - from <= 16 || Arrays.equals(a, from, to, names[slot], 0, to - from));
    }

    private int slot(long word, int length) {
        return (int) ((word ^ length) * Bson.SPREAD >>> 40) & mask;
    }
}
