package dev.weir.http;

import java.nio.charset.StandardCharsets;

/** Finds where the data begin that follow an {@code INSERT}: behind {@code FORMAT} and its name. */
final class ClickHouseInsert {
    private static final byte[] INSERT = word("INSERT");
    private static final byte[] FORMAT = word("FORMAT");
    private static final byte[] SELECT = word("SELECT");
    private static final byte[] VALUES = word("VALUES");

    private ClickHouseInsert() {}

    private static byte[] word(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The length of the statement alone; {@code n} where no data follow, or values in its own form. */
    static int statementEnd(byte[] a, int n) {
        int at = 0;
        while (at < n && a[at] <= ' ' && a[at] >= 0) {
            at++;
        }
        int end = wordEnd(a, at, n);
        if (!is(INSERT, a, at, end)) {
            return n;
        }
        at = end;
        while (at < n) {
            if (a[at] == '\'' || a[at] == '"' || a[at] == '`') {
                at = closed(a, at, n);
                continue;
            }
            end = wordEnd(a, at, n);
            if (end == at) {
                at++;
            } else if (is(FORMAT, a, at, end)) {
                return nameEnd(a, end, n);
            } else if (is(SELECT, a, at, end) || is(VALUES, a, at, end)) {
                return n;
            } else {
                at = end;
            }
        }
        return n;
    }

    private static int nameEnd(byte[] a, int from, int n) {
        int at = from;
        while (at < n && a[at] <= ' ' && a[at] >= 0) {
            at++;
        }
        return wordEnd(a, at, n);
    }

    /** Behind the closing quote, which a backslash before it or a second one behind it makes a character. */
    private static int closed(byte[] a, int from, int n) {
        byte quote = a[from];
        int at = from + 1;
        while (at < n && a[at] != quote) {
            at += a[at] == '\\' ? 2 : 1;
        }
        return Math.min(at + 1, n);
    }

    private static int wordEnd(byte[] a, int from, int n) {
        int at = from;
        while (at < n && isWord(a[at])) {
            at++;
        }
        return at;
    }

    private static boolean isWord(byte b) {
        return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b < 0;
    }

    private static boolean is(byte[] word, byte[] a, int from, int to) {
        if (to - from != word.length) {
            return false;
        }
        for (int i = 0; i < word.length; i++) {
            if ((a[from + i] & ~0x20) != word[i]) {
                return false;
            }
        }
        return true;
    }
}
