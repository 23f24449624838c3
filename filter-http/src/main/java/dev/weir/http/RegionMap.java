package dev.weir.http;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fixed map that is asked for parts of texts, without making texts of them. Hashes run from the end to the begin, so that all ends of a text are asked for in one
 * walk. Keys are the configuration's: clients cannot make them collide.
 */
final class RegionMap<V> {
    private final @Nullable String[] keys;
    private final @Nullable Object[] values;
    private final int mask;
    private final boolean empty;

    RegionMap(Map<String, V> entries) {
        int size = Integer.highestOneBit(Math.max(2, entries.size() * 2)) * 2;
        this.keys = new String[size];
        this.values = new Object[size];
        this.mask = size - 1;
        this.empty = entries.isEmpty();
        entries.forEach((key, value) -> {
            int at = spread(hash(key, 0, key.length()));
            while (keys[at] != null) {
                at = at + 1 & mask;
            }
            keys[at] = key;
            values[at] = value;
        });
    }

    boolean isEmpty() {
        return empty;
    }

    /** The value of the key that {@code text} has from {@code from} to {@code to}, or null. */
    @Nullable
    V get(String text, int from, int to) {
        return empty ? null : find(text, from, to, hash(text, from, to));
    }

    /** The value of the longest key that {@code text} ends with, of those that begin with {@code first}; null if there is none. */
    @Nullable
    V longestEnd(String text, char first) {
        V best = null;
        int hash = 0;
        for (int i = text.length() - 1; i >= 0; i--) {
            char c = text.charAt(i);
            hash = hash * 31 + c;
            V found = c == first ? find(text, i, text.length(), hash) : null;
            best = found == null ? best : found;
        }
        return best;
    }

    @SuppressWarnings("unchecked") // only the constructor puts them there
    private @Nullable V find(String text, int from, int to, int hash) {
        int at = spread(hash);
        String key = keys[at];
        while (key != null) {
            if (key.length() == to - from && text.startsWith(key, from)) {
                return (V) values[at];
            }
            at = at + 1 & mask;
            key = keys[at];
        }
        return null;
    }

    private int spread(int hash) {
        return (hash ^ hash >>> 15) & mask;
    }

    private static int hash(String text, int from, int to) {
        int hash = 0;
        for (int i = to - 1; i >= from; i--) {
            hash = hash * 31 + text.charAt(i);
        }
        return hash;
    }
}
