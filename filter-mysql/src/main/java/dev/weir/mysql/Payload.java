package dev.weir.mysql;

import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of a payload's head. Beyond its end every field is 0 or empty and {@link #short_} is set: nothing is
 * thrown, as a head may be cut on purpose.
 */
final class Payload {
    /** Length of NULL in a row, and of what is not there. */
    static final long NONE = -1;

    byte[] bytes = new byte[0];
    int pos;
    int end;
    /** Whether a field did not fit. */
    boolean short_;

    Payload of(byte[] a, int from, int to) {
        bytes = a;
        pos = from;
        end = to;
        short_ = false;
        return this;
    }

    int left() {
        return end - pos;
    }

    private boolean has(long n) {
        if (n < 0 || n > end - pos) {
            short_ = true;
            pos = end;
            return false;
        }
        return true;
    }

    int u1() {
        return has(1) ? bytes[pos++] & 0xff : 0;
    }

    int u2() {
        return (int) fixed(2);
    }

    int u3() {
        return (int) fixed(3);
    }

    long u4() {
        return fixed(4);
    }

    private long fixed(int n) {
        if (!has(n)) {
            return 0;
        }
        long value = 0;
        for (int i = 0; i < n; i++) {
            value |= (bytes[pos++] & 0xffL) << (8 * i);
        }
        return value;
    }

    /** A length-encoded integer (MySQL: "int&lt;lenenc&gt;"); {@link #NONE} for NULL, errors and what is not there. */
    long lenenc() {
        int first = u1();
        if (short_) {
            return NONE;
        }
        switch (first) {
            case 0xfb:
            case 0xff:
                return NONE;
            case 0xfc:
                return fixed(2);
            case 0xfd:
                return fixed(3);
            case 0xfe:
                long value = fixed(8);
                return value < 0 ? Long.MAX_VALUE : value;
            default:
                return first;
        }
    }

    void skip(long n) {
        if (has(n)) {
            pos += (int) n;
        }
    }

    /** Skips a length-encoded string. */
    void skipText() {
        long length = lenenc();
        if (length > 0) {
            skip(length);
        }
    }

    /** Length up to the next zero byte, or {@link #NONE} if there is none. */
    int untilZero() {
        for (int i = pos; i < end; i++) {
            if (bytes[i] == 0) {
                return i - pos;
            }
        }
        return (int) NONE;
    }

    /** Skips a string that a zero byte ends. */
    void skipZero() {
        int length = untilZero();
        skip(length < 0 ? Long.MAX_VALUE : length + 1L);
    }

    /** The next {@code n} bytes as text, at most {@code most} of them; skips them all. */
    String text(long n, int most) {
        if (!has(n)) {
            return "";
        }
        String text = new String(bytes, pos, (int) Math.min(n, most), StandardCharsets.UTF_8);
        pos += (int) n;
        return text;
    }

    /** A string that a zero byte, or the end, ends. */
    String zeroText(int most) {
        int length = untilZero();
        if (length < 0) {
            return text(left(), most);
        }
        String text = text(length, most);
        pos++;
        return text;
    }

    /** A length-encoded string. */
    String lenencText(int most) {
        long length = lenenc();
        return length <= 0 ? "" : text(length, most);
    }

    /** Whether the next bytes are {@code ascii}. */
    boolean at(String ascii) {
        if (left() < ascii.length()) {
            return false;
        }
        for (int i = 0; i < ascii.length(); i++) {
            if (bytes[pos + i] != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
