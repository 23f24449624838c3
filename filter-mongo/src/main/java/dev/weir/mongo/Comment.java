package dev.weir.mongo;

import java.nio.charset.StandardCharsets;

/**
 * What clients write into comments: where in their code a command comes from, or a W3C trace. Either is the whole text, or in a JSON
 * object ({@code callingFunction}, as Envoy reads it; {@code traceparent}).
 */
final class Comment {
    /** Bytes of a call site that are shown. */
    private static final int CALL_SITE = 64;

    private static final int TRACEPARENT = 55;
    private static final int TRACE = 3;
    private static final int TRACE_END = 35;
    private static final byte[] CALLING_FUNCTION = "\"callingFunction\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TRACE_KEY = "traceparent".getBytes(StandardCharsets.US_ASCII);

    private Comment() {}

    static void read(Command c, Loop loop, byte[] a, int from, int to) {
        if (trace(c, loop, a, from, to)) {
            return;
        }
        boolean json = from < to && a[from] == '{';
        int key = find(a, from, to, TRACE_KEY);
        boolean traced = false;
        for (int i = key; key >= 0 && i < to && i < key + TRACE_KEY.length + 6 && !traced; i++) {
            traced = i >= key + TRACE_KEY.length && i + TRACEPARENT <= to && trace(c, loop, a, i, i + TRACEPARENT);
        }
        if (json) {
            int calling = find(a, from, to, CALLING_FUNCTION);
            if (calling >= 0) {
                quoted(c, loop, a, calling + CALLING_FUNCTION.length, to);
            }
        } else if (!traced) {
            callSite(c, loop, a, from, to);
        }
    }

    /** A field of a comment that is a document. */
    static void field(Command c, Loop loop, int field, byte[] a, int from, int to) {
        if (field == FieldNames.TRACEPARENT) {
            trace(c, loop, a, from, to);
        } else if (field == FieldNames.CALLING_FUNCTION) {
            callSite(c, loop, a, from, to);
        }
    }

    /** The text behind {@code : "}. */
    private static void quoted(Command c, Loop loop, byte[] a, int from, int to) {
        int i = from;
        while (i < to && (a[i] == ' ' || a[i] == ':')) {
            i++;
        }
        if (i < to && a[i] == '"') {
            int end = i + 1;
            while (end < to && a[end] != '"' && a[end] != '\\') {
                end++;
            }
            callSite(c, loop, a, i + 1, end);
        }
    }

    private static void callSite(Command c, Loop loop, byte[] a, int from, int to) {
        if (from < to) {
            c.callSite = loop.names.of(a, from, whole(a, from, to));
        }
    }

    /** The end of what is shown, not within a character. */
    private static int whole(byte[] a, int from, int to) {
        int end = Math.min(to, from + CALL_SITE);
        while (end < to && end > from && (a[end] & 0xc0) == 0x80) {
            end--;
        }
        return end;
    }

    private static boolean trace(Command c, Loop loop, byte[] a, int from, int to) {
        if (to - from != TRACEPARENT) {
            return false;
        }
        for (int i = 0; i < TRACEPARENT; i++) {
            byte b = a[from + i];
            boolean dash = i == 2 || i == TRACE_END || i == 52;
            boolean hex = b >= '0' && b <= '9' || b >= 'a' && b <= 'f';
            if (dash ? b != '-' : !hex) {
                return false;
            }
        }
        c.trace = loop.names.of(a, from + TRACE, from + TRACE_END);
        return true;
    }

    private static int find(byte[] a, int from, int to, byte[] key) {
        for (int i = from; i + key.length <= to; i++) {
            int n = 0;
            while (n < key.length && a[i + n] == key[n]) {
                n++;
            }
            if (n == key.length) {
                return i;
            }
        }
        return -1;
    }
}
