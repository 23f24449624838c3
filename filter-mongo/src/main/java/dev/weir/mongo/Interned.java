package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
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
        int slot = (int) (Bson.hash(a, from, end - from) >>> 32) & SLOTS - 1;
        byte[] known = bytes[slot];
        String text = texts[slot];
        if (known != null && text != null && known.length == end - from + 8 && Bson.same(known, a, from, end - from)) {
            return text;
        }
        String made = new String(a, from, end - from, StandardCharsets.UTF_8);
        byte[] copy = new byte[end - from + 8];
        System.arraycopy(a, from, copy, 0, end - from);
        bytes[slot] = copy;
        texts[slot] = made;
        return made;
    }
}
