package dev.weir.http;

import java.nio.charset.StandardCharsets;

/** Text that is written up to a limit; what goes beyond is lost. */
final class BoundedText {
    private final byte[] bytes;
    private int length;

    BoundedText(int limit) {
        bytes = new byte[limit];
    }

    void clear() {
        length = 0;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    boolean endsWith(char c) {
        return length > 0 && bytes[length - 1] == c;
    }

    void add(byte[] from) {
        add(from, 0, from.length);
    }

    void add(byte[] from, int start, int end) {
        int n = Math.min(end - start, bytes.length - length);
        System.arraycopy(from, start, bytes, length, n);
        length += n;
    }

    private void add(byte b) {
        if (length < bytes.length) {
            bytes[length++] = b;
        }
    }

    /** A name in quotes without what escapes them. */
    void addName(byte[] from, int start, int end) {
        int wide = from[start] < 0 ? 3 : 1;
        byte quote = wide == 3 ? (byte) '"' : from[start];
        add(quote);
        for (int i = start + wide; i < end - wide; i++) {
            byte b = from[i];
            if (b == '\\' || b == quote) {
                i++; // an escape, or the first of two
                add((byte) '_');
            } else {
                add(b);
            }
        }
        add(quote);
    }

    void leaveOutZeros() {
        int to = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] != 0) {
                bytes[to++] = bytes[i];
            }
        }
        length = to;
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
