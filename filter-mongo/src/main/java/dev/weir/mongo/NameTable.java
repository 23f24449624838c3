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

    /** By id. */
    private final byte[][] names;
    /** Of each place two: the first eight bytes of the name, and its length and id; 0 in an empty place. */
    private final long[] places;

    private final int mask;

    /** The id of a name is its place in the list. */
    NameTable(List<String> list) {
        int size = Integer.highestOneBit(Math.max(8, (list.size() > SMALL ? 4 : 8) * list.size()));
        names = new byte[list.size()][];
        places = new long[2 * size];
        mask = 2 * size - 1;
        for (int id = 0; id < list.size(); id++) {
            byte[] name = list.get(id).getBytes(StandardCharsets.UTF_8);
            long word = Bson.word(name, 0, name.length);
            int place = place(word, name.length);
            while (places[place + 1] != 0) {
                place = place + 2 & mask;
            }
            names[id] = name;
            places[place] = word;
            places[place + 1] = (long) name.length << 32 | id;
        }
    }

    /** The id of the name at {@code [from, to)}, or {@link #NONE}. */
    int find(byte[] a, int from, int to) {
        return find(Bson.word(a, from, to - from), a, from, to);
    }

    /** The same, if the first eight bytes of the name are known; there are zeros in them behind a shorter one. */
    int find(long word, byte[] a, int from, int to) {
        int length = to - from;
        int place = place(word, length);
        for (long there = places[place + 1]; there != 0; there = places[place + 1]) {
            if (places[place] == word && there >>> 32 == length && (length <= 8 || ends((int) there, a, from, to))) {
                return (int) there;
            }
            place = place + 2 & mask;
        }
        return NONE;
    }

    /** Whether what is behind the first eight bytes is the same, too: up to sixteen, the last eight tell. */
    private boolean ends(int id, byte[] a, int from, int to) {
        byte[] name = names[id];
        return Bson.int64(name, name.length - 8) == Bson.int64(a, to - 8)
                && (name.length <= 16 || Arrays.equals(a, from, to, name, 0, name.length));
    }

    private int place(long word, int length) {
        return (int) ((word ^ length) * Bson.SPREAD >>> 40) << 1 & mask;
    }
}
