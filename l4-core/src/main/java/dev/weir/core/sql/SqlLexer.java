package dev.weir.core.sql;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Cuts SQL into tokens: {@code [start, pos)} is the last one. Any bytes are SQL: what has no meaning is an operator of
 * one byte. Each byte is looked at a bounded number of times, nothing is looked at twice from a later token.
 */
final class SqlLexer {
    enum Token {
        END,
        WORD,
        QUOTED,
        STRING,
        NUMBER,
        PARAMETER,
        VARIABLE,
        OPERATOR,
        DOT,
        COMMA,
        OPEN,
        CLOSE,
        SEMICOLON,
        HINT,
        HINT_END
    }

    private static final int VERSION_DIGITS = 6;
    private static final int LONGEST_LAST_COMMENT = 1_024;
    private static final byte WORD = 1;
    private static final byte DIGIT = 2;
    /** Nothing but itself, wherever it stands. */
    private static final byte INERT = 4;

    private static final int DIGITS = WORD | DIGIT | INERT;
    private static final byte[] CLASSES = new byte[256];
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

    private byte[] sql = new byte[0];
    private int end;
    private SqlMode mode = SqlMode.DEFAULT;
    private Token last = Token.END;
    private int lastEnd;
    private boolean executable;
    private boolean hint;

    int start;
    int pos;
    /** Of the last word, by {@link SqlWords#hash}. */
    int hash;
    /** Whether the text ended within a token or comment. */
    boolean unterminated;
    /** Whether a comment that begins with a plus is one of optimizer hints here. The caller's to set. */
    boolean hintAllowed;
    /** Where the first W3C traceparent in a comment begins; -1 if there was none. */
    int trace;

    void reset(byte[] sql, int offset, int length, SqlMode mode) {
        this.sql = sql;
        this.pos = offset;
        this.end = offset + length;
        this.mode = mode;
        this.last = Token.END;
        this.lastEnd = -1;
        this.executable = false;
        this.hint = false;
        this.unterminated = false;
        this.hintAllowed = false;
        this.trace = -1;
    }

    /** The byte there, -1 beyond the end. */
    int at(int i) {
        return i < end ? sql[i] & 0xff : -1;
    }

    final Token next() {
        Token token = null;
        while (token == null) {
            int c = at(pos);
            while (c == ' ') {
                c = at(++pos);
            }
            start = pos;
            token = tokenOrGap(c);
        }
        last = token;
        lastEnd = pos;
        return token;
    }

    private @Nullable Token tokenOrGap(int c) {
        if (c < 0) {
            unterminated = unterminated || executable || hint;
            return Token.END;
        }
        int kind = CLASSES[c];
        if ((kind & (WORD | DIGIT)) == WORD) {
            return word();
        }
        if (c <= ' ') {
            pos++;
            return null;
        }
        if (c == '#' || (c == '-' && at(pos + 1) == '-' && at(pos + 2) <= ' ')) {
            return lineComment();
        }
        if (c == '/' && at(pos + 1) == '*') {
            return comment();
        }
        if (c == '*' && (executable || hint) && at(pos + 1) == '/') {
            pos += 2;
            Token token = hint ? Token.HINT_END : null;
            executable &= hint;
            hint = false;
            return token;
        }
        return token(c);
    }

    private @Nullable Token lineComment() {
        pos = find(sql, pos, end, (byte) '\n', (byte) '\n');
        noteTrace(start, pos);
        return null;
    }

    private @Nullable Token comment() {
        int c = at(pos + 2);
        boolean mariaDb = c == 'M' && at(pos + 3) == '!';
        if (c == '!' || mariaDb) {
            executable = true;
            pos += mariaDb ? 4 : 3;
            for (int i = 0; i < VERSION_DIGITS && isDigit(at(pos)); i++) {
                pos++;
            }
            return null;
        }
        if (c == '+' && hintAllowed && !hint) {
            hint = true;
            pos += 3;
            return Token.HINT;
        }
        pos = find(sql, pos + 2, end, (byte) '*', (byte) '*');
        while (pos < end && at(pos + 1) != '/') {
            pos = find(sql, pos + 1, end, (byte) '*', (byte) '*');
        }
        noteTrace(start, pos);
        if (pos >= end) {
            unterminated = true;
        } else {
            pos += 2;
        }
        return null;
    }

    private void noteTrace(int from, int to) {
        if (trace < 0) {
            trace = TraceComment.find(sql, from, to);
        }
    }

    /** Looks for a trace in the comment at the end, where sqlcommenter puts it, without reading all before it. */
    void traceAtEnd() {
        int from = Math.max(pos, end - LONGEST_LAST_COMMENT);
        if (at(end - 1) == '/' && at(end - 2) == '*') {
            noteTrace(from, end);
        }
    }

    private Token token(int c) {
        switch (c) {
            case '\'':
                return string(pos);
            case '"':
                return mode.ansiQuotes() ? identifier('"') : string(pos);
            case '`':
                return identifier('`');
            case ',':
                return single(Token.COMMA);
            case '(':
                return single(Token.OPEN);
            case ')':
                return single(Token.CLOSE);
            case ';':
                return single(Token.SEMICOLON);
            case '?':
                return single(Token.PARAMETER);
            case '.':
                return isDigit(at(pos + 1)) && !continuesName() ? number() : single(Token.DOT);
            case '@':
                return variable();
            default:
                return isDigit(c) && last != Token.DOT ? number() : isWord(c) ? word() : operator(c);
        }
    }

    private boolean continuesName() {
        return lastEnd == pos && (last == Token.WORD || last == Token.QUOTED);
    }

    private Token single(Token token) {
        pos++;
        return token;
    }

    private Token string(int quoteAt) {
        quoted(quoteAt, !mode.noBackslashEscapes());
        return Token.STRING;
    }

    private Token identifier(int quote) {
        quoted(pos, false);
        return quote == '`' || mode.ansiQuotes() ? Token.QUOTED : Token.STRING;
    }

    /** To behind the closing quote; a doubled one does not close. */
    private void quoted(int quoteAt, boolean escapes) {
        byte[] in = sql;
        byte quote = in[quoteAt];
        byte escape = escapes ? (byte) '\\' : quote;
        int i = quoteAt + 1;
        while (true) {
            i = find(in, i, end, quote, escape);
            if (i >= end) {
                break;
            }
            if (in[i] == quote && at(i + 1) != quote) {
                pos = i + 1;
                return;
            }
            i += 2;
        }
        unterminated = true;
        pos = end;
    }

    /** Where one of two bytes is, {@code to} if nowhere; eight bytes at a time. */
    private static int find(byte[] in, int from, int to, byte one, byte other) {
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

    /**
     * Goes on behind a value over further ones, each after a comma, as far as they are plain and a comma or parenthesis
     * follows. What it leaves is read by {@link #next} as usual.
     */
    void skipValues() {
        byte[] in = sql;
        while (at(pos) == ',') {
            int i = pos + 1;
            while (at(i) == ' ') {
                i++;
            }
            int c = at(i);
            if (c == '\'') {
                int close = plainString(in, i, end, mode);
                if (close < 0) {
                    return;
                }
                i = close;
            } else if (c == '?') {
                i++;
            } else {
                i = digits(c == '-' ? i + 1 : i);
                if (!isDigit(at(i - 1))) {
                    return;
                }
            }
            c = at(i);
            if (c != ',' && c != ')') {
                return;
            }
            pos = i;
            lastEnd = i;
        }
    }

    /** Behind the string that begins at {@code from}, -1 if there is none or it has escapes in it. */
    static int plainString(byte[] in, int from, int to, SqlMode mode) {
        if (from >= to || in[from] != '\'') {
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

    /** Goes over what cannot open or close anything, and over strings. */
    void skipInert() {
        byte[] in = sql;
        int i = pos;
        while (i < end) {
            byte c = in[i];
            if ((CLASSES[c & 0xff] & INERT) != 0) {
                i++;
            } else if (c == '\'') {
                quoted(i, !mode.noBackslashEscapes());
                i = pos;
            } else {
                break;
            }
        }
        pos = i;
        last = Token.NUMBER;
        lastEnd = -1;
    }

    private Token word() {
        byte[] in = sql;
        int to = end;
        int i = pos;
        int c = in[i] & 0xff;
        int h = SqlWords.hash(0, in[i++]);
        int all = DIGIT;
        while (i < to) {
            byte d = in[i];
            int kind = CLASSES[d & 0xff];
            if ((kind & WORD) == 0) {
                break;
            }
            all &= kind;
            h = SqlWords.hash(h, d);
            i++;
        }
        pos = i;
        hash = h;
        boolean digits = c == '$' && all != 0;
        if (digits && pos - start > 1) {
            return Token.PARAMETER;
        }
        int quote = at(pos);
        if (quote == '\'' && pos - start == 1 && "xXbBnN".indexOf(c) >= 0) {
            return string(pos);
        }
        boolean quotes = quote == '\'' || (quote == '"' && !mode.ansiQuotes());
        return quotes && c == '_' && last != Token.DOT ? string(pos) : Token.WORD;
    }

    /** A number, or an identifier that begins like one. */
    private Token number() {
        int i = prefixed();
        if (i < 0) {
            i = digits(pos);
            boolean whole = at(i) != '.';
            if (!whole) {
                i = digits(i + 1);
            }
            i = exponent(i);
            if (whole && isWord(at(i))) {
                return word();
            }
        }
        pos = i;
        return Token.NUMBER;
    }

    /** The end of {@code 0x…} or {@code 0b…}, -1 if it is none. */
    private int prefixed() {
        int letter = at(pos + 1) | 0x20;
        if (at(pos) != '0' || !(letter == 'x' || letter == 'b')) {
            return -1;
        }
        int i = pos + 2;
        while (letter == 'x' ? isHex(at(i)) : at(i) == '0' || at(i) == '1') {
            i++;
        }
        return i == pos + 2 || isWord(at(i)) ? -1 : i;
    }

    private int digits(int from) {
        return digits(sql, from, end);
    }

    private int exponent(int from) {
        if ((at(from) | 0x20) != 'e') {
            return from;
        }
        int sign = at(from + 1) == '-' || at(from + 1) == '+' ? 1 : 0;
        int to = digits(from + 1 + sign);
        return to > from + 1 + sign ? to : from;
    }

    private Token variable() {
        boolean account = last == Token.STRING;
        pos += at(pos + 1) == '@' ? 2 : 1;
        int c = at(pos);
        if (c == '?') {
            pos++;
            return Token.VARIABLE;
        }
        if (c == '\'' || c == '"' || c == '`') {
            quoted(pos, c != '`' && !mode.noBackslashEscapes());
            return account && c != '`' ? Token.STRING : Token.VARIABLE;
        }
        while (isWord(c) || c == '.') {
            c = at(++pos);
        }
        return Token.VARIABLE;
    }

    private Token operator(int c) {
        int d = at(pos + 1);
        boolean two = switch (c) {
            case '<' -> d == '=' || d == '>' || d == '<';
            case '>' -> d == '=' || d == '>';
            case '!' -> d == '=';
            case ':' -> d == '=' || d == ':';
            case '|', '&' -> d == c;
            case '-' -> d == '>';
            default -> false;
        };
        boolean three = two && at(pos + 2) == '>' && (c == '-' || (c == '<' && d == '='));
        pos += three ? 3 : two ? 2 : 1;
        return Token.OPERATOR;
    }

    static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHex(int c) {
        int lower = c | 0x20;
        return isDigit(c) || (c >= 0 && lower >= 'a' && lower <= 'f');
    }

    /** Bytes beyond ASCII are of identifiers, whatever the character set. */
    static boolean isWord(int c) {
        return c >= 0 && (CLASSES[c] & WORD) != 0;
    }
}
