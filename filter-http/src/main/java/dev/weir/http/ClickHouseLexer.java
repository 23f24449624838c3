package dev.weir.http;

import java.util.Arrays;

/**
 * Cuts a statement into tokens as ClickHouse's own lexer does: {@code [start, pos)} is the last one. Any bytes will do; each is looked at a bounded number of
 * times.
 */
final class ClickHouseLexer {
    enum Kind {
        END,
        /** Blanks, and what the server takes for such. */
        GAP,
        COMMENT,
        WORD,
        QUOTED,
        STRING,
        NUMBER,
        OPEN,
        CLOSE,
        COMMA,
        DOT,
        OTHER
    }

    /** Longest name between dollars, and how many may begin nothing: looking for their ends takes time. */
    private static final int LONGEST_TAG = 64;

    private static final int MOST_TAGS = 16;

    private byte[] a = new byte[0];
    private int end;
    private boolean cut;
    private boolean afterDot;
    private int tags;

    int start;
    int pos;

    /** The token that was looked at ahead of time. */
    int peekedStart;

    int peekedEnd;

    void reset(byte[] bytes, int length, boolean goesOn) {
        a = bytes;
        end = length;
        cut = goesOn;
        afterDot = false;
        tags = 0;
        start = 0;
        pos = 0;
    }

    private int at(int i) {
        return i < end ? a[i] : -1;
    }

    Kind next() {
        start = pos;
        Kind kind = pos >= end ? Kind.END : kind(a[pos]);
        if (kind != Kind.GAP && kind != Kind.COMMENT) {
            afterDot = kind == Kind.DOT;
        }
        return kind;
    }

    /** The next token that is neither blank nor comment; it comes again. */
    Kind peek() {
        int from = start;
        int to = pos;
        int tagsBefore = tags;
        boolean dotBefore = afterDot;
        Kind kind = next();
        while (kind == Kind.GAP || kind == Kind.COMMENT) {
            kind = next();
        }
        peekedStart = start;
        peekedEnd = pos;
        start = from;
        pos = to;
        tags = tagsBefore;
        afterDot = dotBefore;
        return kind;
    }

    private Kind kind(int c) {
        if (c < 0) {
            return notAscii();
        }
        if (c <= ' ') {
            while (pos < end && a[pos] >= 0 && a[pos] <= ' ') {
                pos++;
            }
            return Kind.GAP;
        }
        switch (c) {
            case '\'':
                return quoted(c, Kind.STRING);
            case '"', '`':
                return quoted(c, Kind.QUOTED);
            case '(':
                return single(Kind.OPEN);
            case ')':
                return single(Kind.CLOSE);
            case ',':
                return single(Kind.COMMA);
            case '.':
                return isDigit(at(pos + 1)) && !afterDot ? number() : single(Kind.DOT);
            case '$':
                return dollar();
            case '-':
                return at(pos + 1) == '-' ? line() : single(Kind.OTHER);
            case '#':
                return at(pos + 1) == ' ' || at(pos + 1) == '!' ? line() : single(Kind.OTHER);
            case '/':
                return at(pos + 1) == '/' ? line() : at(pos + 1) == '*' ? comment() : single(Kind.OTHER);
            default:
                return isDigit(c) ? number() : isWord(c) ? word() : single(Kind.OTHER);
        }
    }

    private Kind single(Kind kind) {
        pos++;
        return kind;
    }

    /** Outside of quotes it is a blank or an error, but for quotes of typographers. */
    private Kind notAscii() {
        int third = at(pos) == (byte) 0xe2 && at(pos + 1) == (byte) 0x80 ? at(pos + 2) & 0xff : 0;
        if (third != 0x98 && third != 0x9c) {
            pos++;
            return Kind.GAP;
        }
        byte close = (byte) (third + 1);
        pos += 3;
        while (pos < end && !(a[pos] == (byte) 0xe2 && at(pos + 1) == (byte) 0x80 && at(pos + 2) == close)) {
            pos++;
        }
        pos = Math.min(pos + 3, end);
        return third == 0x98 ? Kind.STRING : Kind.QUOTED;
    }

    private Kind line() {
        while (pos < end && a[pos] != '\n') {
            pos++;
        }
        return Kind.COMMENT;
    }

    /** They nest. */
    private Kind comment() {
        int depth = 0;
        do {
            if (at(pos) == '/' && at(pos + 1) == '*') {
                depth++;
                pos += 2;
            } else if (at(pos) == '*' && at(pos + 1) == '/') {
                depth--;
                pos += 2;
            } else {
                pos++;
            }
        } while (depth > 0 && pos < end);
        pos = Math.min(pos, end);
        return Kind.COMMENT;
    }

    /** To behind the closing quote, which a backslash before it or a second one behind it makes a character. */
    private Kind quoted(int quote, Kind kind) {
        int i = pos + 1;
        while (i < end) {
            if (a[i] == '\\') {
                i += 2;
            } else if (a[i] != quote) {
                i++;
            } else if (at(i + 1) == quote) {
                i += 2;
            } else {
                pos = i + 1;
                return kind;
            }
        }
        pos = end;
        return kind;
    }

    /** A text between two equal tags in dollars, {@code $x$…$x$}; else a word. */
    private Kind dollar() {
        int tag = pos + 1;
        while (tag < end && a[tag] != '$' && tag - pos < LONGEST_TAG) {
            tag++;
        }
        if (at(tag) != '$') {
            return tag == end && !cut ? word() : rest();
        }
        int length = tag + 1 - pos;
        for (int i = tag + 1; i + length <= end; i++) {
            if (Arrays.equals(a, i, i + length, a, pos, tag + 1)) {
                pos = i + length;
                return Kind.STRING;
            }
        }
        return cut || ++tags > MOST_TAGS ? rest() : word();
    }

    /** What may be text to its end. */
    private Kind rest() {
        pos = end;
        return Kind.STRING;
    }

    private Kind word() {
        while (pos < end && (isWord(a[pos]) || a[pos] == '$')) {
            pos++;
        }
        return Kind.WORD;
    }

    /** A number, or a word that begins like one. */
    private Kind number() {
        boolean hex = at(pos) == '0' && (at(pos + 1) | 0x20) == 'x';
        boolean plain = true;
        pos += hex ? 2 : 0;
        while (pos < end) {
            int c = a[pos];
            if (c == '.' && !afterDot) {
                pos++;
            } else if (!hex && (c | 0x20) == 'e' && (at(pos + 1) == '-' || at(pos + 1) == '+')) {
                pos += 2;
            } else if (isWord(c)) {
                plain &= isDigit(c) || c == '_' || hex || (c | 0x20) == 'e' || pos == start + 1 && (c | 0x20) == 'b';
                pos++;
            } else {
                break;
            }
        }
        return plain ? Kind.NUMBER : Kind.WORD;
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWord(int c) {
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' || isDigit(c) || c == '_';
    }
}
