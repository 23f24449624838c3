package dev.weir.core.sql;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What bytes of SQL can be, and fast ways over many of them. */
final class SqlBytes {
    static final byte WORD = 1;
    static final byte DIGIT = 2;
    /** Nothing but itself, wherever it stands. */
    static final byte INERT = 4;

    private static final int DIGITS = WORD | DIGIT | INERT;
    static final byte[] CLASSES = new byte[256];
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;

    static {
        for (int c = 0; c < CLASSES.length; c++) {
            int lower = c | 0x20;
            boolean digit = c >= '0' && c <= '9';
            boolean word = digit || c >= 0x80 || (lower >= 'a' && lower <= 'z') || c == '_' || c == '$';
            boolean inert = word || c == ' ' || c == ',' || c == '.' || c == '+' || c == '=';
            CLASSES[c] = (byte) ((word ? WORD : 0) | (digit ? DIGIT : 0) | (inert ? INERT : 0));
        }
    }

    private SqlBytes() {}

    /** Where one of two bytes is, {@code to} if nowhere; eight bytes at a time. */
    static int find(byte[] in, int from, int to, byte one, byte other) {
        long ones = (one & 0xff) * ONES;
        long others = (other & 0xff) * ONES;
        int i = from;
        for (; i <= to - 8; i += 8) {
            long eight = (long) LONG.get(in, i);
            long a = eight ^ ones;
            long b = eight ^ others;
            long found = ((a - ONES) & ~a | (b - ONES) & ~b) & HIGHS;
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < to && in[i] != one && in[i] != other) {
            i++;
        }
        return i;
    }

    /** Whether there is the end of a comment. */
    static boolean closesComment(byte[] in, int from, int to) {
        for (int i = from; i < to - 1; i++) {
            if (in[i] == '*' && in[i + 1] == '/') {
                return true;
            }
        }
        return false;
    }

    /** Whether there is a quote of any kind. */
    static boolean quotes(byte[] in, int from, int to) {
        for (int i = from; i < to; i++) {
            if (in[i] == '\'' || in[i] == '"' || in[i] == '`') {
                return true;
            }
        }
        return false;
    }

    /** Behind the string that begins at {@code from}, -1 if there is none or it has escapes in it. */
    static int plainString(byte[] in, int from, int to, SqlMode mode) {
        if (from >= to || in[from] != '\'' || !mode.plain()) {
            return -1;
        }
        int i = find(in, from + 1, to, (byte) '\'', mode.noBackslashEscapes() ? (byte) '\'' : (byte) '\\');
        return i >= to || in[i] != '\'' ? -1 : i + 1;
    }

    /** Where the digits that begin at {@code from} end. */
    static int digits(byte[] in, int from, int to) {
        int i = from;
        while (i < to && (CLASSES[in[i] & 0xff] & DIGIT) != 0) {
            i++;
        }
        return i;
    }

    /** A hash that does not depend on numbers and strings; roughly, since comments are not told apart. */
    static int skeleton(byte[] in, int from, int to) {
        int h = 0;
        boolean word = false;
        int i = from;
        while (i < to) {
            byte c = in[i];
            int kind = CLASSES[c & 0xff];
            if (c == '\'') {
                i = find(in, i + 1, to, c, c) + 1;
                kind = 0;
            } else if (kind == DIGITS && !word) {
                i = digits(in, i + 1, to);
                c = '0';
            } else {
                i++;
            }
            word = (kind & WORD) != 0;
            h = h * 31 + c;
        }
        return h ^ h >>> 16;
    }

    static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    static boolean isHex(int c) {
        int lower = c | 0x20;
        return isDigit(c) || (c >= 0 && lower >= 'a' && lower <= 'f');
    }

    /** Bytes beyond ASCII are of identifiers, whatever the character set. */
    static boolean isWord(int c) {
        return c >= 0 && (CLASSES[c] & WORD) != 0;
    }
}
