package dev.weir.core.sql;

import org.jspecify.annotations.Nullable;

/**
 * Cuts SQL into tokens: {@code [start, pos)} is the last one. Any bytes are SQL: what has no meaning is an operator of
 * one byte. Each byte is looked at a bounded number of times, nothing is looked at twice from a later token.
 */
class SqlLexer {
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

    private byte[] sql = new byte[0];
    private int end;
    private SqlMode mode = SqlMode.DEFAULT;
    private Token last = Token.END;
    private int lastEnd;
    private boolean executable;
    private boolean hint;

    int start;
    int pos;
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
            start = pos;
            token = tokenOrGap(at(pos));
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
        int c = at(pos);
        while (c >= 0 && c != '\n') {
            c = at(++pos);
        }
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
        pos += 2;
        c = at(pos);
        while (c >= 0 && !(c == '*' && at(pos + 1) == '/')) {
            c = at(++pos);
        }
        noteTrace(start, pos);
        if (c < 0) {
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
        int quote = at(quoteAt);
        int i = quoteAt + 1;
        for (int c = at(i); c >= 0; c = at(i)) {
            if (c == quote && at(i + 1) != quote) {
                pos = i + 1;
                return;
            }
            i += c == quote || (c == '\\' && escapes) ? 2 : 1;
        }
        unterminated = true;
        pos = end;
    }

    private Token word() {
        int c = at(pos);
        boolean digits = c == '$';
        for (int d = at(++pos); isWord(d); d = at(++pos)) {
            digits &= isDigit(d);
        }
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
        int i = from;
        while (isDigit(at(i))) {
            i++;
        }
        return i;
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
        int lower = c | 0x20;
        return c >= 0x80 || (c >= 0 && lower >= 'a' && lower <= 'z') || isDigit(c) || c == '_' || c == '$';
    }
}
