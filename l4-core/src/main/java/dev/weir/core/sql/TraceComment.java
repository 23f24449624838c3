package dev.weir.core.sql;

import java.nio.charset.StandardCharsets;

/** The W3C {@code traceparent} that sqlcommenter and OpenTelemetry put into a comment: {@code traceparent='00-…-…-01'}. */
final class TraceComment {
    static final int LENGTH = 55;

    private static final byte[] KEY = "traceparent='".getBytes(StandardCharsets.US_ASCII);

    private TraceComment() {}

    /** Where it begins within {@code [from, to)}, -1 if nowhere. */
    static int find(byte[] sql, int from, int to) {
        int last = to - KEY.length - LENGTH - 1;
        for (int i = from; i <= last; i++) {
            if (sql[i] == KEY[0] && isKey(sql, i) && isValue(sql, i + KEY.length)) {
                return i + KEY.length;
            }
        }
        return -1;
    }

    private static boolean isKey(byte[] sql, int at) {
        int i = 1;
        while (i < KEY.length && sql[at + i] == KEY[i]) {
            i++;
        }
        return i == KEY.length;
    }

    /** {@code version-trace-parent-flags} in lower-case hexadecimal (W3C Trace Context 3.2). */
    private static boolean isValue(byte[] sql, int at) {
        for (int i = 0; i < LENGTH; i++) {
            byte c = sql[at + i];
            boolean dash = i == 2 || i == 35 || i == 52;
            boolean hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if (dash ? c != '-' : !hex) {
                return false;
            }
        }
        return sql[at + LENGTH] == '\'';
    }
}
