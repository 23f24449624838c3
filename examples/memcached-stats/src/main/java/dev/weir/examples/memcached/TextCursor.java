package dev.weir.examples.memcached;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Walks one direction of a connection, over any split of its bytes (memcached, doc/protocol.txt, "Protocol"): lines of
 * words, some of them followed by a block whose length a word of the line told.
 *
 * <pre>
 *   set  foo  0  0  5 \r\n  h e l l o \r\n
 *      ^    ^  ^  ^  ^    ^             ^
 *      WORD …        WORD LINE          BLOCK
 * </pre>
 *
 * It keeps no bytes: of a word its hashes and its number, of a block how much is left. Only where {@link #keepText} asks
 * for it the text of a word is kept, too, up to the longest key there is.
 */
final class TextCursor {
    /** What a step came to. */
    enum Event {
        /** The end of what is shown; goes on with the next bytes. */
        MORE,
        /** The end of a word: {@link #index()}, {@link #hash()}, {@link #number()} … are about it. */
        WORD,
        /** The end of a line. */
        LINE,
        /** The end of a block. */
        BLOCK
    }

    /** Longest key (doc/protocol.txt, "Keys"). */
    static final int MAX_KEY = 250;

    private static final long SEED = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;
    private static final long LARGEST = 1L << 40;

    private int position;
    private long taken;
    private int index = -1;
    private boolean wordEnded = true;
    private int length;
    private int first;
    private long hash;
    private long rest;
    private long number;
    /** Bytes left of a block and its line end; 0 outside of one. */
    private long left;

    private byte[] text = {};

    /** Hash of a word, as {@link #hash()}. */
    static long hash(String word) {
        long hash = SEED;
        for (byte b : word.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash ^ b) * PRIME;
        }
        return hash;
    }

    void keepText() {
        text = new byte[MAX_KEY];
    }

    /** Goes on at index {@code from} of the next buffer. */
    void show(int from) {
        position = from;
    }

    int position() {
        return position;
    }

    /** One step, at most to index {@code to}. */
    Event next(ByteBuf data, int to) {
        int from = position;
        Event event = left > 0 ? block(data, to) : line(data, to);
        taken += position - from;
        return event;
    }

    private Event line(ByteBuf data, int to) {
        if (wordEnded) {
            beginWord();
        }
        while (position < to) {
            byte b = data.getByte(position);
            if (b != ' ' && b != '\r' && b != '\n') {
                add(b);
                position++;
            } else if (length > 0) {
                wordEnded = true;
                return Event.WORD; // what ends it is read in the next step
            } else {
                position++;
                if (b == '\n') {
                    return Event.LINE;
                }
            }
        }
        return Event.MORE;
    }

    private void beginWord() {
        wordEnded = false;
        index++;
        length = 0;
        number = 0;
        hash = SEED;
        rest = SEED;
    }

    private void add(byte b) {
        hash = (hash ^ b) * PRIME;
        if (length == 0) {
            first = b;
        } else {
            rest = (rest ^ b) * PRIME;
        }
        if (length < text.length) {
            text[length] = b;
        }
        number = number < 0 || b < '0' || b > '9' || number > LARGEST ? -1 : number * 10 + b - '0';
        length++;
    }

    /** Skips a block: all but its line end without a look. */
    private Event block(ByteBuf data, int to) {
        int skip = (int) Math.min(left - 2, to - position);
        if (skip > 0) {
            position += skip;
            left -= skip;
        }
        while (left <= 2 && position < to) {
            if (data.getByte(position) != (left == 2 ? '\r' : '\n')) {
                throw new SniffException("bad_block");
            }
            position++;
            if (--left == 0) {
                return Event.BLOCK;
            }
        }
        return Event.MORE;
    }

    /** After {@link Event#LINE}: a block of {@code bytes} follows. */
    void expectBlock(long bytes) {
        left = bytes + 2;
    }

    /** The next byte begins a new line. */
    void beginLine() {
        index = -1;
        wordEnded = true;
    }

    /** Bytes walked since the last call. */
    long takeBytes() {
        long bytes = taken;
        taken = 0;
        return bytes;
    }

    /** Place of the word in its line, from 0; at the end of a line the number of its words. */
    int index() {
        return index;
    }

    long hash() {
        return hash;
    }

    /** Hash of the word without its first character: what a flag such as {@code Otoken} carries. */
    long rest() {
        return rest;
    }

    int firstCharacter() {
        return first;
    }

    /** The word as a number, -1 if it is none. */
    long number() {
        return number;
    }

    String text() {
        return new String(text, 0, Math.min(length, text.length), StandardCharsets.UTF_8);
    }
}
