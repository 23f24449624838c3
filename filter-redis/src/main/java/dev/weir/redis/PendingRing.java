package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/**
 * The commands of a connection that wait for their answer, oldest first: four words each, in a ring.
 *
 * <pre>
 * word 0   number of the command (16) | flags (16) | what the command says (32)
 * word 1   when its first byte was seen
 * word 2   when its last byte was seen
 * word 3   its size
 * </pre>
 *
 * Rings are borrowed from the {@link Loop} and given back when empty.
 */
final class PendingRing {
    /** Capacity of the smallest one. */
    static final int SMALLEST = 16;
    /** Bytes of an entry. */
    static final int ENTRY = 40;

    /** Flag: no answer comes. */
    static final int SILENT = 1;
    /** Flag: it may block. */
    static final int WAITS = 2;
    /** Flag: its channels are in {@link Subscriptions}. */
    static final int HASHED = 4;
    /** Flag: its key goes into the table of hot keys. */
    static final int SAMPLED = 8;
    /** Flag: CLIENT REPLY that ought to be queued. */
    static final int QUEUES = 16;
    /** Flag: sent in place of one that was refused; its answer is nobody's. */
    static final int STAND_IN = 32;
    /** Flag: its answer needs more than being paired with it. */
    static final int SPECIAL = 64;

    private static final int WORDS = 4;

    private final long[] words;
    private final int mask;
    private @Nullable Note @Nullable [] notes;
    private int first;
    private int size;

    /** {@code capacity} is a power of two. */
    PendingRing(int capacity) {
        words = new long[capacity * WORDS];
        mask = capacity - 1;
    }

    int capacity() {
        return mask + 1;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    boolean isFull() {
        return size > mask;
    }

    /** Adds an entry; the ring must not be full. */
    void add(int command, int flags, int value, long start, long sent, long bytes, @Nullable Note note) {
        int slot = first + size & mask;
        int at = slot * WORDS;
        words[at] = (long) command << 48 | (long) flags << 32 | value & 0xffff_ffffL;
        words[at + 1] = start;
        words[at + 2] = sent;
        words[at + 3] = bytes;
        if (note != null) {
            if (notes == null) {
                notes = new Note[mask + 1];
            }
            notes[slot] = note;
        }
        size++;
    }

    /** Moves the oldest entry of {@code from} here; this ring must not be full. */
    void move(PendingRing from) {
        Note note = from.takeNote();
        add(from.command(), from.flags(), from.value(), from.start(), from.sent(), from.bytes(), note);
        from.remove();
    }

    int command() {
        return (int) (words[first * WORDS] >>> 48);
    }

    int flags() {
        return (int) (words[first * WORDS] >>> 32) & 0xffff;
    }

    int value() {
        return (int) words[first * WORDS];
    }

    void value(int value) {
        int at = first * WORDS;
        words[at] = words[at] & ~0xffff_ffffL | value & 0xffff_ffffL;
    }

    long start() {
        return words[first * WORDS + 1];
    }

    long sent() {
        return words[first * WORDS + 2];
    }

    long bytes() {
        return words[first * WORDS + 3];
    }

    /** The note of the oldest entry, which loses it. */
    @Nullable
    Note takeNote() {
        if (notes == null) {
            return null;
        }
        Note note = notes[first];
        notes[first] = null;
        return note;
    }

    /** Removes the oldest entry. */
    void remove() {
        first = first + 1 & mask;
        size--;
    }

    /** Takes one from the value of the oldest entry, and removes it at 0. */
    void countDown() {
        int left = value() - 1;
        value(left);
        if (left == 0) {
            remove();
        }
    }

    /** Whether the newest entry is one of {@code command}. */
    boolean endsWith(int command) {
        return size > 0 && (int) (words[(first + size - 1 & mask) * WORDS] >>> 48) == command;
    }

    /** Adds to the value of the newest entry. */
    void addToLast(int n) {
        int at = (first + size - 1 & mask) * WORDS;
        words[at] = words[at] & ~0xffff_ffffL | (int) words[at] + n & 0xffff_ffffL;
    }

    /** Forgets all entries. */
    void clear() {
        first = 0;
        size = 0;
        notes = null;
    }
}
