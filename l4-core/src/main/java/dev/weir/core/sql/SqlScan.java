package dev.weir.core.sql;

import dev.weir.core.protocol.CommandSet;
import dev.weir.core.sql.SqlLexer.Token;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds in a statement of MySQL or MariaDB what policies decide by, without normalising it: its first keyword, whether it only
 * reads, what it may change of the session. Where servers, or settings that are not known, may read the text in another way,
 * the answer is the one that promises less. Not thread-safe; values are those of the last {@link #scan}.
 */
public final class SqlScan {
    /** Keyword of statements that none is known for, of what cannot be told, and of several statements in one text, or what may be so. */
    public static final String OTHER = CommandSet.OTHER;

    /** What comes behind it has to wait for its answer: it may change the session, or ask the client for something. */
    public static final int WAIT = 1;
    /** It may change the current schema; {@link #schema} tells to which one, if that is certain. */
    public static final int SCHEMA = 2;
    /** It may change the character set of statements; {@link #charset} tells to which one, if that is certain. */
    public static final int CHARSET = 4;

    static final int ALL = WAIT | SCHEMA | CHARSET;

    /** What these are depends on the words behind them. */
    private static final Set<SqlPolicyWord> MORE_THAN_IT_SEEMS =
            EnumSet.of(SqlPolicyWord.ANALYZE, SqlPolicyWord.BEGIN, SqlPolicyWord.SET);

    private final SqlLexer lexer = new SqlLexer();
    private byte[] sql = new byte[0];
    private boolean escapes;
    private boolean escapesKnown;
    private SqlMode mode = SqlMode.DEFAULT;
    private boolean multi;
    private boolean cut;
    /** Whether the rest may be read in several ways. */
    private boolean doubtful;

    private @Nullable SqlPolicyWord word;
    private @Nullable SqlPolicyWord first;
    /** Executable comments up to the first keyword. */
    private int comments;

    private String keyword = OTHER;
    private boolean readOnly;
    private boolean session;
    private int effects;
    private boolean several;
    private @Nullable String schema;
    private @Nullable String charset;

    /** For one event loop. */
    public SqlScan() {}

    /** The first keyword in upper case, or {@link #OTHER}. */
    public String keyword() {
        return keyword;
    }

    /** Whether it only reads, as far as the text tells: what functions and procedures do is not in it. */
    public boolean readOnly() {
        return readOnly;
    }

    /** Whether it touches no data: transactions, settings of the session. */
    public boolean session() {
        return session;
    }

    /** All keywords there are. */
    public static Set<String> keywords() {
        Set<String> all = new HashSet<>(Set.of(OTHER));
        for (SqlPolicyWord word : SqlPolicyWord.values()) {
            if (word.begins() && word != SqlPolicyWord.WITH) {
                all.add(word.name());
            }
        }
        return all;
    }

    /** {@link #WAIT}, {@link #SCHEMA}, {@link #CHARSET}, added up. */
    public int effects() {
        return effects;
    }

    /** The schema that a single {@code USE} switches to, if it succeeds; null where none, or it is not certain. */
    public @Nullable String schema() {
        return schema;
    }

    /** The name of the character set that {@code SET NAMES} switches to, if it succeeds; null where none, or it is not certain. */
    public @Nullable String charset() {
        return charset;
    }

    /**
     * What is known of the session of the texts to come.
     *
     * @param newMode how they are to be read; whether double quotes hold names does not matter
     * @param newEscapesKnown whether {@link SqlMode#noBackslashEscapes} is certain
     * @param newMulti whether the server takes several statements at once
     */
    public void session(SqlMode newMode, boolean newEscapesKnown, boolean newMulti) {
        mode = newMode;
        escapes = !newMode.noBackslashEscapes();
        escapesKnown = newEscapesKnown;
        multi = newMulti;
    }

    /** Reads a text; {@code goesOn} tells whether it is longer than what is there. */
    public void scan(byte[] text, int from, int length, boolean goesOn) {
        sql = text;
        cut = goesOn;
        doubtful = false;
        several = false;
        effects = 0;
        schema = null;
        charset = null;
        readOnly = false;
        session = false;
        lexer.reset(text, from, length, mode);
        Token token;
        do {
            token = next();
        } while (token == Token.OPEN || token == Token.SEMICOLON);
        first = token == Token.WORD && word != null && word.begins() ? word : null;
        comments = lexer.executables;
        int comment = lexer.executable() ? comments : 0;
        effects = first == null ? ALL : first.effects();
        if (token != Token.END) {
            token = statement();
            rest(token, comment);
            if (lexer.executables != comments && (first == SqlPolicyWord.USE || first == SqlPolicyWord.SET)) {
                schema = null; // It hangs on the server's version.
                charset = null;
            }
        }
        boolean seen = seen();
        if (comment > 0 && !seen) {
            other(Token.END);
        }
        boolean routine = (first == SqlPolicyWord.CREATE || first == SqlPolicyWord.ALTER) && !multi;
        if (several && !routine || !seen && multi) {
            keyword = OTHER;
            readOnly = false;
            session = false;
            schema = null;
            charset = null;
            effects |= seen ? WAIT : ALL;
        } else {
            keyword = first == null ? OTHER : first.name();
            readOnly &= seen && first != null;
            session &= readOnly;
            if (!seen && (effects & WAIT) != 0) {
                schema = null;
                charset = null;
                effects = ALL;
            }
        }
    }

    /** At the end: whether all of the text was read, in the only way it can be. */
    private boolean seen() {
        return !cut && !doubtful && !lexer.unterminated;
    }

    private Token next() {
        Token token = doubtful ? Token.END : lexer.next();
        if (lexer.quotesInHint || lexer.endHidden) {
            doubtful = true;
            return Token.END;
        }
        word = null;
        if (token == Token.WORD) {
            word = SqlPolicyWord.find(sql, lexer.start, lexer.pos, lexer.hash);
            // Strings between dollars, which some servers know and the lexer does not.
            doubtful = sql[lexer.start] == '$';
        } else if (token == Token.STRING || token == Token.VARIABLE) {
            doubtful = endIsDoubtful();
        } else if (token == Token.OPERATOR && sql[lexer.start] == '-' && lexer.at(lexer.start + 1) == '-') {
            doubtful = true; // Which only some servers, modes and character sets take for a comment.
        }
        return token;
    }

    /** Whether a backslash decides where a string ends, and whether it escapes is not known. */
    private boolean endIsDoubtful() {
        if (escapesKnown && !escapes) {
            return false;
        }
        boolean name = false;
        for (int i = lexer.start; i < lexer.pos; i++) {
            name |= sql[i] == '"' || sql[i] == '`';
            if (sql[i] == '\\' && (name || !escapesKnown)) {
                return true;
            }
            if (sql[i] == '\'' && escapesKnown) {
                return false;
            }
        }
        return false;
    }

    // ---- the first statement, as far as its keyword alone does not tell what it is

    /** Answers with the first token that is not looked at yet. */
    private Token statement() {
        if (first == null) {
            return next();
        }
        switch (first) {
            case SELECT, VALUES, TABLE, SHOW, DESC, DESCRIBE, EXPLAIN, HELP, HANDLER, CHECKSUM -> {
                readOnly = true;
                return next();
            }
            case COMMIT, ROLLBACK, SAVEPOINT, RELEASE -> {
                readOnly = true;
                session = true;
                return next();
            }
            case BEGIN -> {
                return begin();
            }
            case START -> {
                Token token = next();
                readOnly = word == SqlPolicyWord.TRANSACTION && !versioned();
                session = readOnly;
                return token;
            }
            case ANALYZE -> {
                Token token = next();
                boolean table = word == SqlPolicyWord.TABLE
                        || word == SqlPolicyWord.LOCAL
                        || word == SqlPolicyWord.NO_WRITE_TO_BINLOG;
                return table && !versioned() ? token : other(token);
            }
            case WITH -> {
                return with();
            }
            case USE -> {
                return use();
            }
            case SET -> {
                return set();
            }
            default -> {
                return next();
            }
        }
    }

    /** Whether a word that decides stands where servers of other versions may see nothing. */
    private boolean versioned() {
        return lexer.executables != comments;
    }

    private Token other(Token token) {
        first = null;
        readOnly = false;
        effects = ALL;
        return token;
    }

    /** A transaction's, and not that of a block of statements (MariaDB). */
    private Token begin() {
        readOnly = true;
        session = true;
        Token token = next();
        if (word == SqlPolicyWord.WORK) {
            token = next();
        }
        boolean ends = token == Token.END && seen() || token == Token.SEMICOLON;
        return ends && !versioned() ? token : other(token);
    }

    /** Common table expressions: what comes behind them is the statement. */
    private Token with() {
        int depth = 0;
        while (true) {
            Token token = next();
            if (token == Token.END || token == Token.SEMICOLON || versioned()) {
                return other(token);
            }
            depth += token == Token.OPEN ? 1 : token == Token.CLOSE ? -1 : 0;
            boolean main = word == SqlPolicyWord.SELECT || word == SqlPolicyWord.UPDATE || word == SqlPolicyWord.DELETE;
            if (depth == 0 && main && word != null) {
                first = word;
                effects = 0;
                readOnly = word == SqlPolicyWord.SELECT;
                return next();
            }
        }
    }

    private Token use() {
        readOnly = true;
        session = true;
        Token token = next();
        int from = lexer.start;
        int to = lexer.pos;
        if (token == Token.WORD && !doubtful) {
            schema = new String(sql, from, to - from, StandardCharsets.UTF_8);
            return next();
        }
        if (token == Token.QUOTED && sql[from] == '`' && to - from > 2) {
            schema = new String(sql, from + 1, to - from - 2, StandardCharsets.UTF_8).replace("``", "`");
            return next();
        }
        return token;
    }

    private Token set() {
        readOnly = true;
        session = true;
        effects = WAIT;
        Token token = next();
        if (word == SqlPolicyWord.STATEMENT || token == Token.END || versioned()) {
            return other(token); // SET STATEMENT … FOR any statement (MariaDB)
        }
        if (word != SqlPolicyWord.NAMES) {
            return token;
        }
        effects |= CHARSET;
        token = next();
        if (token == Token.WORD) {
            charset = new String(sql, lexer.start, lexer.pos - lexer.start, StandardCharsets.ISO_8859_1);
        } else if (token == Token.STRING && lexer.pos - lexer.start > 2) {
            charset = new String(sql, lexer.start + 1, lexer.pos - lexer.start - 2, StandardCharsets.ISO_8859_1);
        }
        return next();
    }

    // ---- what is behind

    /**
     * Looks through the rest.
     *
     * @param comment number of the executable comment in which the keyword stands, 0 if in none
     */
    private void rest(Token from, int comment) {
        Token token = from;
        boolean ended = false;
        while (token != Token.END) {
            if (comment > 0 && (!lexer.executable() || lexer.executables != comment)) {
                // For a server that leaves the comment out the statement is another one.
                other(token);
                comment = 0;
            }
            if (token == Token.SEMICOLON) {
                ended = true;
            } else if (ended) {
                several = true;
                ended = false;
                effects |= word == null || MORE_THAN_IT_SEEMS.contains(word) ? ALL : word.effects();
            } else if (!several) {
                look(token);
            }
            token = next();
        }
    }

    private void look(Token token) {
        if (first == SqlPolicyWord.SET) {
            lookAtSet(token);
        } else if (readOnly && word != null) {
            readOnly = switch (word) {
                // FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE, NEXT VALUE FOR: rather too often than too rarely.
                case INTO, FOR, LOCK, ANALYZE, NEXTVAL, SETVAL -> false;
                default -> true;
            };
        }
    }

    private void lookAtSet(Token token) {
        session &= token != Token.OPEN; // a function, or a query
        if (word != null) {
            switch (word) {
                case GLOBAL, PERSIST, PERSIST_ONLY, PASSWORD, ROLE, RESOURCE -> readOnly = false;
                case NAMES, CHAR, CHARACTER, CHARSET, CHARACTER_SET_CLIENT -> charsetUnknown();
                default -> {}
            }
        } else if (token == Token.VARIABLE && lexer.at(lexer.start + 1) == '@') {
            String name = new String(sql, lexer.start, lexer.pos - lexer.start, StandardCharsets.ISO_8859_1)
                    .toUpperCase(Locale.ROOT);
            readOnly &= !name.contains("GLOBAL") && !name.contains("PERSIST");
            if (name.contains("CHAR")) {
                charsetUnknown();
            }
        } else if (token == Token.QUOTED || token == Token.STRING && sql[lexer.start] == '"') {
            charsetUnknown();
        }
    }

    private void charsetUnknown() {
        effects |= CHARSET;
        charset = null;
    }
}
