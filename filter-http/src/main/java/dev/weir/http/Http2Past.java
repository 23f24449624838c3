package dev.weir.http;

/**
 * Which of a client's last streams there were, and which of them it has ended itself: what comes for those later is an error of the whole connection, while what
 * comes for a stream that was reset was sent before the reset was seen (RFC 9113, 5.1).
 */
final class Http2Past {
    private static final int REMEMBERED = 256;
    private static final int WORD = 6;

    private final long[] opened = new long[REMEMBERED >> WORD];
    private final long[] ended = new long[REMEMBERED >> WORD];
    private int last = -1;

    /** A stream begins; numbers rise, those between are never used. */
    void opened(int id) {
        int index = id >> 1;
        for (int i = Math.max(last + 1, index - REMEMBERED + 1); i < index; i++) {
            set(opened, i, false);
        }
        set(opened, index, true);
        set(ended, index, false);
        last = index;
    }

    /** The client ended its request, and nobody reset the stream. */
    void ended(int id) {
        if (isRemembered(id)) {
            set(ended, id >> 1, true);
        }
    }

    /** Whether this number was passed over. */
    boolean isUnused(int id) {
        return isRemembered(id) && !get(opened, id >> 1);
    }

    boolean isEnded(int id) {
        return isRemembered(id) && get(ended, id >> 1);
    }

    private boolean isRemembered(int id) {
        int index = id >> 1;
        return index <= last && index > last - REMEMBERED;
    }

    private static void set(long[] bits, int index, boolean value) {
        int at = index % REMEMBERED;
        long bit = 1L << at; // modulo 64
        if (value) {
            bits[at >> WORD] |= bit;
        } else {
            bits[at >> WORD] &= ~bit;
        }
    }

    private static boolean get(long[] bits, int index) {
        int at = index % REMEMBERED;
        return (bits[at >> WORD] & 1L << at) != 0;
    }
}
