package dev.weir.core.sql;

import dev.weir.core.cluster.XxHash64;
import dev.weir.core.sql.DigestText.Kind;
import dev.weir.core.sql.SqlLexer.Token;
import dev.weir.core.sql.SqlWords.Role;
import dev.weir.core.sql.SqlWords.Word;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the digest of a statement: its text without values. One per event loop; what it answers holds until the next
 * statement. Takes any bytes, never throws, one pass, and allocates nothing before {@link #statement} is called.
 *
 * <p>The text: values are {@code ?}, a list of values is one {@code ?}, a list of rows is one row, comments are gone
 * but for optimizer hints, keywords are upper case, identifiers as written but without needless quotes, one space
 * between tokens. The id is xxHash64 (seed 0) of the bytes of that text, and so the same in every process.
 */
public final class SqlNormalizer {
    /** Bytes of digest text that are kept, unless told otherwise. */
    public static final int DEFAULT_MAX_TEXT = 4_096;

    private final SqlLexer lexer = new SqlLexer();
    private final DigestText text;
    private final SqlTargets targets = new SqlTargets();
    private final boolean keepNull;
    private final SqlShapes shapes = new SqlShapes();
    private final ValuesList values = new ValuesList();
    private final byte[] comma = {','};
    private final byte[] variable = {'@', '?'};
    private final byte[] notEqual = {'<', '>'};

    private byte[] sql = new byte[0];
    private int offset;
    private int bytes;
    private SqlMode mode = SqlMode.DEFAULT;
    private Role lastRole = Role.KEYWORD;
    private @Nullable Word pendingFunction;
    private int depth;
    private boolean first;
    /** Whether the statement is one about the session or the server, not about tables. */
    private boolean administrative;
    /** Whether it creates, changes or drops an object. */
    private boolean creating;
    /** Whether a name must follow, even if it is like a keyword. */
    private boolean naming;

    private boolean cut;
    /** Whether {@link #targets} is to be told what is read, and whether it was. */
    private boolean describing;

    private boolean described;
    /** Whether the statement was read: it is not if its shape is known. */
    private boolean read;
    /** Whether its values are noted for {@link #shapes}. */
    private boolean noting;

    private boolean truncated;
    private long id;

    /** With the default options: NULL is a value. */
    public SqlNormalizer() {
        this(false, DEFAULT_MAX_TEXT);
    }

    /**
     * With options.
     *
     * @param keepNull whether NULL stays in the text where it is a value
     * @param maxText longest digest text in bytes; at least 16
     */
    public SqlNormalizer(boolean keepNull, int maxText) {
        this.keepNull = keepNull;
        this.text = new DigestText(Math.max(16, maxText));
    }

    /**
     * Reads a statement, or several. The bytes are looked at here and in {@link #statement}, and not kept longer.
     *
     * @param cut whether the statement goes on beyond these bytes
     */
    public void normalize(byte[] sql, int offset, int length, SqlMode mode, boolean cut) {
        this.sql = sql;
        this.offset = offset;
        this.bytes = length;
        this.mode = mode;
        this.cut = cut;
        describing = false;
        described = false;
        boolean brief = !cut && length <= SqlShapes.MAX_BYTES && mode.plain();
        read = !brief || !shapes.find(sql, offset, offset + length, mode);
        if (read) {
            noting = brief;
            read();
            if (brief && !truncated && lexer.trace < 0) {
                shapes.keep(sql, offset, length, mode, id);
            }
            noting = false;
        } else {
            id = shapes.id();
            truncated = false;
        }
    }

    /** Reads what {@link #shapes} knew, for its text. */
    private void whole() {
        if (!read) {
            read = true;
            read();
        }
    }

    /** Reads it once more, for what is not in the text of the digest: few statements are new. */
    private SqlTargets describe() {
        if (!described) {
            described = true;
            read = true;
            describing = true;
            targets.clear();
            read();
            targets.end();
        }
        return targets;
    }

    private void read() {
        lexer.reset(sql, offset, bytes, mode);
        text.clear();
        values.clear();
        creating = false;
        lastRole = Role.KEYWORD;
        pendingFunction = null;
        naming = false;
        depth = 0;
        first = true;
        administrative = false;
        Token token = lexer.next();
        int lastEnd = -1;
        // Nothing changes any more once the text is full: what follows need not be read.
        while (token != Token.END && !text.full()) {
            take(token);
            if (token == Token.NUMBER || token == Token.STRING || token == Token.PARAMETER) {
                if (noting) {
                    shapes.value(sql, offset, lexer.start - offset, lexer.pos - offset, mode);
                } else if (values.skipping()) {
                    // Further values of a list leave no trace; nor does what is in rows that are left out.
                    lexer.skipInert();
                } else {
                    lexer.skipValues();
                }
            }
            lastEnd = lexer.pos;
            token = lexer.next();
        }
        finish(cut || lexer.unterminated, lastEnd == offset + bytes);
    }

    private void finish(boolean cut, boolean withinToken) {
        if (text.full()) {
            lexer.traceAtEnd();
        }
        truncated = cut || text.full();
        while (text.top() == Kind.SEMICOLON && !text.full()) {
            text.pop();
        }
        if (truncated) {
            text.cut(withinToken);
        }
        id = XxHash64.hash(text.bytes(), text.length(), 0);
    }

    private void take(Token token) {
        int from = lexer.start;
        int to = lexer.pos;
        Word word = token == Token.WORD ? word(from, to) : null;
        lexer.hintAllowed = word != null && verb(word.role());
        if (describing) {
            describe(token, word, from, to);
        }
        if (token == Token.OPEN) {
            depth++;
        } else if (token == Token.CLOSE) {
            depth = Math.max(0, depth - 1);
        }
        if (values.outside() && (word == null || word.role() != Role.VALUES)) {
            emit(token, word, from, to);
            return;
        }
        switch (values.take(token, word, depth)) {
            case SKIP -> {}
            case COMMA_FIRST -> {
                text.push(Kind.COMMA, comma, 0, 1);
                emit(token, word, from, to);
            }
            default -> emit(token, word, from, to);
        }
    }

    private static boolean generic(Role role) {
        return role == Role.KEYWORD || role == Role.PLACED;
    }

    private static boolean administrative(Role role) {
        return role == Role.VERB || role == Role.SESSION || role == Role.SET;
    }

    private static boolean verb(Role role) {
        return role == Role.SELECT || role == Role.INSERT || role == Role.UPDATE || role == Role.DELETE;
    }

    /** The word if it is one with a meaning here. */
    private @Nullable Word word(int from, int to) {
        Kind before = text.top();
        Word word = before == Kind.DOT || naming ? null : SqlWords.find(sql, from, to, lexer.hash);
        if (word == null) {
            return null;
        }
        return switch (word.role()) {
            case VERB -> first || administrative ? word : null;
            case PLACED -> administrative || (before == Kind.KEYWORD && generic(lastRole)) ? word : null;
            case OBJECT -> creating && before == Kind.KEYWORD ? word : null;
            case MODIFIER -> before == Kind.KEYWORD ? word : null;
            case OFFSET -> before == Kind.LITERAL ? word : null;
            default -> word;
        };
    }

    private void emit(Token token, @Nullable Word word, int from, int to) {
        if (pendingFunction != null) {
            pendingFunction = null;
            if (token == Token.OPEN || token == Token.STRING) {
                text.function();
            }
        }
        naming = first && word != null && SqlWords.isUse(word);
        if (first && token == Token.WORD) {
            administrative = word != null && administrative(word.role());
            creating = word != null && (word.role() == Role.CREATE || word.role() == Role.VERB);
        }
        first = token == Token.SEMICOLON || (first && token == Token.OPEN);
        switch (token) {
            case WORD -> word(word, from, to);
            case QUOTED -> quoted(from, to);
            case STRING -> text.literal(true);
            case NUMBER -> text.literal(from + 1 < to && (sql[from + 1] | 0x20) == 'x');
            case PARAMETER -> text.literal(false);
            case VARIABLE -> variable(from, to);
            case DOT -> text.push(Kind.DOT, sql, from, to);
            case COMMA -> text.push(Kind.COMMA, sql, from, to);
            case OPEN -> text.push(Kind.OPEN, sql, from, to);
            case CLOSE -> text.close(sql, from);
            case SEMICOLON -> semicolon(from);
            case HINT, HINT_END -> text.push(Kind.KEYWORD, sql, from, to);
            default -> operator(from, to);
        }
        lastRole = word == null ? Role.KEYWORD : word.role();
    }

    /** Names of a user's own variables are values, those of the system are not. */
    private void variable(int from, int to) {
        if (to > from + 1 && sql[from + 1] == '@') {
            text.push(Kind.NAME, sql, from, to);
        } else {
            text.push(Kind.NAME, variable, 0, 2);
        }
    }

    private void operator(int from, int to) {
        if (to == from + 2 && sql[from] == '!' && sql[from + 1] == '=') {
            text.push(Kind.OPERATOR, notEqual, 0, 2);
            return;
        }
        boolean sign = to == from + 1 && (sql[from] == '-' || sql[from] == '+');
        text.push(sign ? Kind.SIGN : Kind.OPERATOR, sql, from, to);
    }

    /** Empty statements leave nothing. */
    private void semicolon(int from) {
        if (text.top() != Kind.NONE && text.top() != Kind.SEMICOLON) {
            text.push(Kind.SEMICOLON, sql, from, from + 1);
        }
    }

    private void word(@Nullable Word word, int from, int to) {
        if (word == null) {
            text.push(Kind.NAME, sql, from, to);
            return;
        }
        byte[] upper = word.text();
        switch (word.role()) {
            case FUNCTION -> {
                text.push(Kind.NAME, sql, from, to);
                pendingFunction = word;
            }
            case NULL, BOOLEAN -> {
                boolean tested = lastRole == Role.IS || lastRole == Role.NOT;
                if (tested || (keepNull && word.role() == Role.NULL)) {
                    text.push(Kind.OPERAND, upper, 0, upper.length);
                } else {
                    text.literal(false);
                }
            }
            case OPERAND -> text.push(Kind.OPERAND, upper, 0, upper.length);
            default -> text.push(Kind.KEYWORD, upper, 0, upper.length);
        }
    }

    private void describe(Token token, @Nullable Word word, int from, int to) {
        if (token == Token.QUOTED && bare(from, to)) {
            targets.take(Token.WORD, null, sql, from + 1, to - 1);
        } else {
            targets.take(token, word != null && word.role() == Role.PLACED ? null : word, sql, from, to);
        }
    }

    private void quoted(int from, int to) {
        boolean bare = bare(from, to);
        text.push(Kind.NAME, sql, bare ? from + 1 : from, bare ? to - 1 : to);
    }

    /** Whether an identifier is the same without its quotes. */
    private boolean bare(int from, int to) {
        boolean plain = to - from > 2 && sql[to - 1] == sql[from] && !SqlBytes.isDigit(sql[from + 1]);
        for (int i = from + 1; i < to - 1 && plain; i++) {
            plain = SqlBytes.isWord(sql[i] & 0xff);
        }
        return plain && (text.top() == Kind.DOT || SqlWords.find(sql, from + 1, to - 1) == null);
    }

    /** The id of the digest. */
    public long id() {
        return id;
    }

    /** Whether the statement was cut, ended within a string or comment, or its digest is longer than allowed. */
    public boolean truncated() {
        return truncated;
    }

    /** The text of the digest. */
    public String text() {
        whole();
        return new String(text.bytes(), 0, text.length(), StandardCharsets.UTF_8);
    }

    /** The first word of the first statement, in upper case; of a common table expression the main one's. */
    public String verb() {
        return describe().verb();
    }

    /**
     * OpenTelemetry's {@code db.query.summary}: operations and their tables in order, at most 255 bytes. Written as in the
     * digest, so that statements of one digest have one summary.
     */
    public String summary() {
        return describe().summary();
    }

    /** The tables, each once, without quotes. At most {@value SqlTargets#MAX_TABLES}. */
    public List<String> tables() {
        return describe().tables();
    }

    /** Whether a comment carries a W3C {@code traceparent}. */
    public boolean hasTrace() {
        return read && lexer.trace >= 0;
    }

    /** Its trace id, 32 hexadecimal digits; null if there is none. Only this text is allocated. */
    public @Nullable String traceId() {
        int at = read ? lexer.trace : -1;
        return at < 0 ? null : new String(sql, at + 3, 32, StandardCharsets.US_ASCII);
    }

    /** All of it, to keep. Redacts a sample from the statement's bytes, which must still be there. */
    public SqlStatement statement() {
        String sample = new SqlRedaction().redact(sql, offset, bytes, mode);
        return new SqlStatement(id, text(), verb(), tables(), summary(), sample, truncated);
    }
}
