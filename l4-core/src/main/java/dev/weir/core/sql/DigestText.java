package dev.weir.core.sql;

import java.nio.charset.StandardCharsets;

/** The digest while it is written: a stack of tokens, so that the last ones can be taken back. */
final class DigestText {
    enum Kind {
        NONE,
        LITERAL,
        STRING,
        /** Parenthesised literals. */
        ROW,
        NAME,
        FUNCTION,
        KEYWORD,
        /** A keyword that is a value. */
        OPERAND,
        OPERATOR,
        SIGN,
        DOT,
        COMMA,
        OPEN,
        CLOSE,
        SEMICOLON
    }

    private static final Kind[] KINDS = Kind.values();
    private static final byte[] CUT = " ...".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ROW = {'(', '?', ')'};
    private static final byte[] PLACEHOLDER = {'?'};

    private final byte[] text;
    private final byte[] kinds;
    private final int[] starts;
    private final int max;
    private int length;
    private int size;
    private Kind last = Kind.NONE;
    /** Whether a token did not fit; from there on nothing changes. */
    private boolean full;

    DigestText(int max) {
        this.max = max;
        this.text = new byte[max + CUT.length];
        this.kinds = new byte[max + 1];
        this.starts = new int[max + 1];
    }

    void clear() {
        length = 0;
        size = 0;
        last = Kind.NONE;
        full = false;
    }

    boolean full() {
        return full;
    }

    byte[] bytes() {
        return text;
    }

    int length() {
        return length;
    }

    /** The kind of the token that is {@code back} before the last one. */
    Kind top(int back) {
        return size > back ? KINDS[kinds[size - 1 - back]] : Kind.NONE;
    }

    /** The kind of the last token. */
    Kind top() {
        return last;
    }

    void pop() {
        if (!full && size > 0) {
            length = starts[--size];
            last = top(0);
        }
    }

    void push(Kind kind, byte[] source, int from, int to) {
        int gap = gap(kind) ? 1 : 0;
        if (full || length + gap + to - from > max) {
            full = true;
            return;
        }
        starts[size] = length;
        kinds[size++] = (byte) kind.ordinal();
        last = kind;
        if (gap == 1) {
            text[length++] = ' ';
        }
        // Mostly a few bytes, for which a call costs more than the loop.
        int at = length;
        for (int i = from; i < to; i++) {
            text[at++] = source[i];
        }
        length = at;
    }

    private boolean gap(Kind kind) {
        Kind before = top();
        return switch (kind) {
            case DOT, COMMA, CLOSE, SEMICOLON -> false;
            case OPEN -> before != Kind.NONE && before != Kind.OPEN && before != Kind.NAME && before != Kind.FUNCTION;
            default -> before != Kind.NONE && before != Kind.OPEN && before != Kind.DOT;
        };
    }

    /** A value: takes its sign back, and joins values before it. */
    void literal(boolean string) {
        if (string && top() == Kind.NAME && !full && introducer()) {
            pop();
        }
        while (top() == Kind.SIGN && !operand(top(1)) && !full) {
            pop();
        }
        if (string && top() == Kind.STRING) {
            return;
        }
        if (top() == Kind.COMMA && value(top(1))) {
            pop();
            return;
        }
        push(string ? Kind.STRING : Kind.LITERAL, PLACEHOLDER, 0, 1);
    }

    private boolean introducer() {
        int at = starts[size - 1];
        return text[at == 0 ? 0 : text[at] == ' ' ? at + 1 : at] == '_';
    }

    private static boolean value(Kind kind) {
        return kind == Kind.LITERAL || kind == Kind.STRING;
    }

    private static boolean operand(Kind kind) {
        return switch (kind) {
            case LITERAL, STRING, ROW, NAME, FUNCTION, OPERAND, CLOSE -> true;
            default -> false;
        };
    }

    /** A closing parenthesis: a row of values joins the rows before it. */
    void close(byte[] sql, int at) {
        if (full || !value(top()) || top(1) != Kind.OPEN) {
            push(Kind.CLOSE, sql, at, at + 1);
            return;
        }
        if (top(2) == Kind.COMMA && top(3) == Kind.ROW) {
            pop();
            pop();
            pop();
            return;
        }
        boolean gap = text[starts[size - 2]] == ' ';
        pop();
        pop();
        starts[size] = length;
        kinds[size++] = (byte) Kind.ROW.ordinal();
        last = Kind.ROW;
        if (gap) {
            text[length++] = ' ';
        }
        if (length + ROW.length > max) {
            full = true;
            return;
        }
        System.arraycopy(ROW, 0, text, length, ROW.length);
        length += ROW.length;
    }

    /** Turns the last token, a name before a parenthesis, into upper case. */
    void function() {
        if (full || size == 0) {
            return;
        }
        kinds[size - 1] = (byte) Kind.FUNCTION.ordinal();
        last = Kind.FUNCTION;
        for (int i = starts[size - 1]; i < length; i++) {
            text[i] = SqlWords.upper(text[i]);
        }
    }

    /** Says in the text that the statement went on. */
    void cut(boolean withinToken) {
        if (withinToken && top() == Kind.NAME) {
            pop();
        }
        while (!full && (top() == Kind.COMMA || top() == Kind.SIGN)) {
            pop();
        }
        System.arraycopy(CUT, 0, text, length, CUT.length);
        length += CUT.length;
    }
}
