package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** Reads single parameters of a target's query, as forms are encoded. Takes any text. */
final class QueryParameter {
    private final byte[] decoded = new byte[Token.LONGEST];
    private int length;
    private boolean cut;

    /** Looks for a parameter; the first of its name is in {@link #bytes} then. */
    boolean find(String uri, String name) {
        int at = uri.indexOf('?') + 1;
        while (at > 0) {
            int amp = uri.indexOf('&', at);
            int end = amp < 0 ? uri.length() : amp;
            int value = at + name.length() + 1;
            if (value <= end && uri.startsWith(name, at) && uri.charAt(value - 1) == '=') {
                decode(uri, value, end);
                return true;
            }
            at = amp + 1;
        }
        return false;
    }

    /** Its value as text; null if there is none, or an empty one. */
    @Nullable
    String text(String uri, String name, Texts texts) {
        return find(uri, name) && length > 0 ? texts.of(decoded, 0, length) : null;
    }

    private void decode(String uri, int from, int to) {
        length = 0;
        cut = false;
        for (int i = from; i < to; i++) {
            if (length == decoded.length) {
                cut = true;
                return;
            }
            char c = uri.charAt(i);
            int escaped = c == '%' && i + 2 < to ? hex(uri.charAt(i + 1)) << 4 | hex(uri.charAt(i + 2)) : -1;
            if (escaped >= 0) {
                decoded[length++] = (byte) escaped;
                i += 2;
            } else {
                decoded[length++] = (byte) (c == '+' ? ' ' : c < 0x80 ? c : '?');
            }
        }
    }

    /** Negative if it is no digit, and so is what is made of it. */
    private static int hex(char c) {
        int digit = Character.digit(c, 16);
        return c < 0x80 ? digit : -1;
    }

    /** Of what {@link #find} has found. */
    byte[] bytes() {
        return decoded;
    }

    int length() {
        return length;
    }

    /** Whether it was longer. */
    boolean isCut() {
        return cut;
    }
}
