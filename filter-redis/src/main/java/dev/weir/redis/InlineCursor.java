package dev.weir.redis;

import dev.weir.core.protocol.SniffException;

/**
 * Splits the line of an inline command as the server's {@code sdssplitargs} does: words between blanks, "double
 * quotes" with escapes, 'single quotes' with \' only. A quote that ends inside a word is an error for Redis and
 * not for Valkey; here it goes on, and the server's answer decides. The line ends at its first LF, in quotes or not.
 */
final class InlineCursor {
    /** {@link #next} found nothing to tell. */
    static final int NOTHING = -1;
    /** An argument ended. */
    static final int ARGUMENT = -2;
    /** The line ended, and no argument with it. */
    static final int END = -3;
    /** The last argument and the line ended. */
    static final int LAST_ARGUMENT = -4;

    private static final int MAX_LINE = 64 << 10;
    private static final long HTTP = 0x2f50_5454_4800L; // HTTP/ behind one byte

    private static final int BETWEEN = 0;
    private static final int WORD = 1;
    private static final int DOUBLE = 2;
    private static final int ESCAPE = 3;
    private static final int SINGLE = 4;
    private static final int SINGLE_ESCAPE = 5;
    private static final int HEX = 6;
    private static final int HEX_2 = 7;

    private int state;
    private int line;
    private int length;
    private int hex;
    /** First five bytes of the argument, the first lowest, above a free byte. */
    private long head;

    private boolean http;
    private boolean ambiguous;

    /** Length of the argument that ended last. */
    int length() {
        return length;
    }

    /** Whether the last argument begins with {@code HTTP/}: the first line of an HTTP request. */
    boolean looksLikeHttp() {
        return http;
    }

    /** Whether the server reads the arguments of this line in another way than they are read here. */
    boolean ambiguous() {
        return ambiguous;
    }

    /** Begins a line. */
    void reset() {
        state = BETWEEN;
        line = 0;
        length = 0;
        head = 0;
        http = false;
        ambiguous = false;
    }

    /** Takes one byte of the line; a value from 0 to 255 is a byte of the argument. */
    int next(byte b) {
        if (++line > MAX_LINE) {
            throw new SniffException("inline_length");
        }
        if (b == 0) {
            throw new SniffException("inline_nul"); // the server would wait for ever
        }
        if (b == '\n') {
            return lineEnded();
        }
        switch (state) {
            case BETWEEN:
                return between(b);
            case WORD:
                return word(b);
            case DOUBLE:
                if (b == '\\') {
                    state = ESCAPE;
                    return NOTHING;
                }
                return b == '"' ? quoteEnded() : byteOf(b);
            case ESCAPE:
                return escaped(b);
            case SINGLE:
                if (b == '\\') {
                    state = SINGLE_ESCAPE;
                    return NOTHING;
                }
                return b == '\'' ? quoteEnded() : byteOf(b);
            case SINGLE_ESCAPE:
                // Only \' is an escape. A backslash before anything else stands for itself and is left out here:
                // texts taken from inline commands may miss it, where the command ends does not depend on it.
                ambiguous |= b != '\'';
                state = b == '\\' ? SINGLE_ESCAPE : SINGLE;
                return byteOf(b);
            default:
                return hexDigit(b);
        }
    }

    private int between(byte b) {
        if (blank(b)) {
            return NOTHING;
        }
        length = 0;
        head = 0;
        return word(b);
    }

    private int word(byte b) {
        ambiguous |= state == WORD && (b == 0x0b || b == 0x0c); // which do not end a word for the server
        if (blank(b)) {
            state = BETWEEN;
            return ARGUMENT;
        }
        if (b == '"' || b == '\'') {
            state = b == '"' ? DOUBLE : SINGLE;
            return NOTHING;
        }
        state = WORD;
        return byteOf(b);
    }

    private int escaped(byte b) {
        state = DOUBLE;
        switch (b) {
            case 'n':
                return byteOf((byte) '\n');
            case 'r':
                return byteOf((byte) '\r');
            case 't':
                return byteOf((byte) '\t');
            case 'b':
                return byteOf((byte) '\b');
            case 'a':
                return byteOf((byte) 7);
            case 'x':
                state = HEX;
                return NOTHING;
            default:
                return byteOf(b);
        }
    }

    private int hexDigit(byte b) {
        int digit = Character.digit(b, 16);
        if (digit < 0) {
            ambiguous = true;
            // \x without two digits stands for itself; left out as above.
            state = b == '\\' ? ESCAPE : DOUBLE;
            return b == '\\' ? NOTHING : b == '"' ? quoteEnded() : byteOf(b);
        }
        if (state == HEX) {
            hex = digit;
            state = HEX_2;
            return NOTHING;
        }
        state = DOUBLE;
        return byteOf((byte) (hex << 4 | digit));
    }

    private int quoteEnded() {
        state = WORD;
        return NOTHING;
    }

    private int byteOf(byte b) {
        length++;
        if (length <= 5) {
            head |= (b & 0xffL) << (length << 3);
        }
        return b & 0xff;
    }

    private int lineEnded() {
        if (state == WORD) {
            http = head == HTTP;
            return LAST_ARGUMENT;
        }
        if (state != BETWEEN) {
            throw new SniffException("inline_quotes");
        }
        http = head == HTTP;
        return END;
    }

    private static boolean blank(byte b) {
        return b == ' ' || b >= '\t' && b <= '\r';
    }
}
