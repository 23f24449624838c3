package dev.weir.core.sql;

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
    private byte[] sql = new byte[0];
    private int end;
    private SqlMode mode = SqlMode.DEFAULT;
    /** Whether no ASCII byte can be half of a character. */
    private boolean plain = true;
    /** Whether the text was left where it depends on the character set, which is unknown. */
    private boolean doubtful;

    private Token last = Token.END;
    private int lastEnd;
    private boolean executable;
    private boolean hint;

    /** Comments so far whose text is SQL. */
    int executables;
    /**
     * Whether the end of a comment is hidden in a string, a name or a line behind the begin of an executable one: a server that leaves that
     * one out looks for its end alone, and finds this.
     */
    boolean endHidden;
    /** Whether what may be a hint holds quotes, in which servers may look for its end, or not. */
    boolean quotesInHint;

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
        this.plain = mode.plain();
        this.doubtful = false;
        this.last = Token.END;
        this.lastEnd = -1;
        this.executable = false;
        this.executables = 0;
        this.quotesInHint = false;
        this.endHidden = false;
        this.hint = false;
        this.unterminated = false;
        this.hintAllowed = false;
        this.trace = -1;
    }

    /** Whether the last token stands in a comment whose text is SQL, for servers of some versions. */
    boolean executable() {
        return executable;
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
        if (executables > 0 && (token == Token.STRING || token == Token.QUOTED || token == Token.VARIABLE)) {
            endHidden |= SqlBytes.closesComment(sql, start, pos);
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
        int kind = SqlBytes.CLASSES[c];
        if ((kind & (SqlBytes.WORD | SqlBytes.DIGIT)) == SqlBytes.WORD) {
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
        pos = SqlBytes.find(sql, pos, end, (byte) '\n', (byte) '\n');
        endHidden |= executables > 0 && SqlBytes.closesComment(sql, start, pos);
        noteTrace(start, pos);
        return null;
    }

    private @Nullable Token comment() {
        int c = at(pos + 2);
        boolean mariaDb = c == 'M' && at(pos + 3) == '!';
        if (c == '!' || mariaDb) {
            executable = true;
            executables++;
            pos += mariaDb ? 4 : 3;
            for (int i = 0; i < VERSION_DIGITS && SqlBytes.isDigit(at(pos)); i++) {
                pos++;
            }
            return null;
        }
        if (c == '+' && hintAllowed && !hint) {
            hint = true;
            pos += 3;
            return Token.HINT;
        }
        pos = SqlBytes.find(sql, pos + 2, end, (byte) '*', (byte) '*');
        while (pos < end && at(pos + 1) != '/') {
            pos = SqlBytes.find(sql, pos + 1, end, (byte) '*', (byte) '*');
        }
        noteTrace(start, pos);
        quotesInHint |= c == '+' && SqlBytes.quotes(sql, start, pos);
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
                return SqlBytes.isDigit(at(pos + 1)) && !continuesName() ? number() : single(Token.DOT);
            case '@':
                return variable();
            default:
                return SqlBytes.isDigit(c) && last != Token.DOT ? number() : SqlBytes.isWord(c) ? word() : operator(c);
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
        if (doubtful) {
            return Token.STRING; // it may hold what follows
        }
        return quote == '`' || mode.ansiQuotes() ? Token.QUOTED : Token.STRING;
    }

    /** To behind the closing quote; a doubled one does not close. */
    private void quoted(int quoteAt, boolean escapes) {
        if (!plain) {
            quotedPairs(quoteAt, escapes);
            return;
        }
        byte[] in = sql;
        byte quote = in[quoteAt];
        byte escape = escapes ? (byte) '\\' : quote;
        int i = quoteAt + 1;
        while (true) {
            i = SqlBytes.find(in, i, end, quote, escape);
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

    /** The same where a quote or backslash may be half of a character; what an escape takes is one byte, though. */
    private void quotedPairs(int quoteAt, boolean escapes) {
        int quote = at(quoteAt);
        int i = quoteAt + 1;
        while (i < end) {
            int c = at(i);
            int d = at(i + 1);
            if (c >= 0x80) {
                if (mode.charset() == SqlCharset.UNKNOWN && (d == quote && d == '`' || escapes && d == '\\')) {
                    doubtful = true;
                    break;
                }
                i += mode.charset().pair(c, d) ? 2 : 1;
            } else if (c == quote && d != quote) {
                pos = i + 1;
                return;
            } else {
                i += c == quote || escapes && c == '\\' ? 2 : 1;
            }
        }
        unterminated = true;
        pos = end;
    }

    /** Where what begins like a word ends; -1 if that cannot be told. */
    private int pairs(int from) {
        int i = from;
        while (i < end && SqlBytes.isWord(at(i))) {
            int c = at(i);
            int d = at(i + 1);
            boolean ascii = d >= 0x40 && d <= 0x7e && !SqlBytes.isWord(d);
            if (c >= 0x80 && ascii && mode.charset() == SqlCharset.UNKNOWN) {
                return -1;
            }
            i += mode.charset().pair(c, d) ? 2 : 1;
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
                int close = SqlBytes.plainString(in, i, end, mode);
                if (close < 0) {
                    return;
                }
                i = close;
            } else if (c == '?') {
                i++;
            } else {
                i = digits(c == '-' ? i + 1 : i);
                if (!SqlBytes.isDigit(at(i - 1))) {
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

    /** Goes over what cannot open or close anything, and over strings; where any byte may be, goes nowhere. */
    void skipInert() {
        if (!plain) {
            return;
        }
        byte[] in = sql;
        int i = pos;
        while (i < end) {
            byte c = in[i];
            if ((SqlBytes.CLASSES[c & 0xff] & SqlBytes.INERT) != 0) {
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
        int all = SqlBytes.DIGIT;
        while (i < to) {
            byte d = in[i];
            int kind = SqlBytes.CLASSES[d & 0xff];
            if ((kind & SqlBytes.WORD) == 0) {
                break;
            }
            all &= kind;
            h = SqlWords.hash(h, d);
            i++;
        }
        pos = plain ? i : pairs(pos);
        if (pos < 0) {
            return hidden();
        }
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

    /** What cannot be told from values: all that is left. */
    private Token hidden() {
        unterminated = true;
        pos = end;
        return Token.STRING;
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
            if (whole && SqlBytes.isWord(at(i))) {
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
        while (letter == 'x' ? SqlBytes.isHex(at(i)) : at(i) == '0' || at(i) == '1') {
            i++;
        }
        return i == pos + 2 || SqlBytes.isWord(at(i)) ? -1 : i;
    }

    private int digits(int from) {
        return SqlBytes.digits(sql, from, end);
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
            boolean hides = account && c != '`' || doubtful;
            return hides ? Token.STRING : Token.VARIABLE;
        }
        while (SqlBytes.isWord(c) || c == '.') {
            pos = plain || c == '.' ? pos + 1 : pairs(pos);
            if (pos < 0) {
                return hidden();
            }
            c = at(pos);
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
}
