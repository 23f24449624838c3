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
            int behind = behind(uri, at, end, name);
            if (behind >= 0 && behind < end) {
                decode(uri, behind + 1, end);
                return true;
            }
            at = amp + 1;
        }
        return false;
    }

    /** Whether there is a parameter of that name, with or without a value. */
    static boolean has(String uri, String name) {
        int at = uri.indexOf('?') + 1;
        while (at > 0) {
            int amp = uri.indexOf('&', at);
            if (behind(uri, at, amp < 0 ? uri.length() : amp, name) >= 0) {
                return true;
            }
            at = amp + 1;
        }
        return false;
    }

    /** Where the equals sign is, or the end, if the name is this one: names are encoded as values are. -1 if it is another one. */
    private static int behind(String uri, int from, int to, String name) {
        int i = from;
        for (int n = 0; n < name.length(); n++) {
            if (i >= to) {
                return -1;
            }
            int escaped = escaped(uri, i, to);
            if ((escaped >= 0 ? escaped : uri.charAt(i)) != name.charAt(n)) {
                return -1;
            }
            i += escaped >= 0 ? 3 : 1;
        }
        return i == to || uri.charAt(i) == '=' ? i : -1;
    }

    /** The byte that is escaped there; negative if none is. */
    private static int escaped(String uri, int i, int to) {
        return uri.charAt(i) == '%' && i + 2 < to ? hex(uri.charAt(i + 1)) << 4 | hex(uri.charAt(i + 2)) : -1;
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
            int escaped = escaped(uri, i, to);
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
