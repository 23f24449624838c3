package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Texts of names that come again and again: the same instance for the same bytes, as long as no other name takes its place. Bounded; on one
 * loop only.
 */
final class Interned {
    /** Longer names are cut. */
    static final int LONGEST = 256;

    private static final int SLOTS = 2_048;

    private final byte[][] bytes = new byte[SLOTS][0];
    private final @Nullable String[] texts = new @Nullable String[SLOTS];

    /** The text of {@code [from, to)}. */
    String of(byte[] a, int from, int to) {
        int end = Math.min(to, from + LONGEST);
        int hash = end - from;
        for (int i = from; i < end; i++) {
            hash = 31 * hash + a[i];
        }
        int slot = (hash ^ hash >>> 15) & SLOTS - 1;
        byte[] known = bytes[slot];
        String text = texts[slot];
        if (text != null && Arrays.equals(a, from, end, known, 0, known.length)) {
            return text;
        }
        String made = new String(a, from, end - from, StandardCharsets.UTF_8);
        bytes[slot] = Arrays.copyOfRange(a, from, end);
        texts[slot] = made;
        return made;
    }
}
