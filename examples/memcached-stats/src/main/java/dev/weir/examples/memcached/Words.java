package dev.weir.examples.memcached;

/** A closed set of words, found by their {@link TextCursor#hash} without making a string of what a client sent. */
final class Words<T> {
    private static final int SLOTS = 128; // a power of two, well above the number of words

    private final long[] hashes = new long[SLOTS];
    private final Object[] values = new Object[SLOTS];

    /** Adds a word. */
    void put(String word, T value) {
        long hash = TextCursor.hash(word);
        int slot = slot(hash);
        while (values[slot] != null) {
            slot = slot + 1 & SLOTS - 1;
        }
        hashes[slot] = hash;
        values[slot] = value;
    }

    /** The value of the word with {@code hash}, or {@code absent}. */
    @SuppressWarnings("unchecked") // put() stores nothing but T
    T find(long hash, T absent) {
        for (int slot = slot(hash); values[slot] != null; slot = slot + 1 & SLOTS - 1) {
            if (hashes[slot] == hash) {
                return (T) values[slot];
            }
        }
        return absent;
    }

    private static int slot(long hash) {
        return (int) (hash ^ hash >>> 32) & SLOTS - 1;
    }
}
