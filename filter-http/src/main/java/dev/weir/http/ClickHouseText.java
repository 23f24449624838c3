package dev.weir.http;

import dev.weir.http.ClickHouseLexer.Kind;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads a statement of ClickHouse in the server's own way and makes two of it: a <em>plain</em> one for the digest, in which there are neither values nor
 * comments nor anything else that other lexers read otherwise; and a <em>shown</em> one, as it was sent but for comments and secrets. Neither has the data of
 * an {@code INSERT}.
 *
 * <pre>
 *   INSERT INTO t (a) FORMAT CSV 1,2   ─▶ INSERT INTO t (a) FORMAT CSV
 *   SELECT 1 -- why                    ─▶ SELECT 0                       SELECT 1
 *   SELECT a FROM mysql('h:1', 'p')    ─▶ SELECT a FROM mysql(?)         SELECT a FROM mysql(?)
 * </pre>
 */
final class ClickHouseText {
    /** Room for what is written where less was read. */
    private static final int SPARE = 64;

    private static final byte[] HIDDEN = {'?'};
    private static final byte[] NO_TEXT = {'\'', '\''};
    private static final byte[] NO_NUMBER = {'0'};
    private static final byte[] BLANK = {' '};
    private static final byte[] ROW = " (?)".getBytes(StandardCharsets.US_ASCII);

    /** The parts of an {@code INSERT}. */
    private enum Part {
        /** It is none, or this is the query whose rows are inserted. */
        NONE,
        TABLE,
        BEHIND_TABLE,
        SETTINGS,
        FORMAT_NAME,
        /** Data, or what nobody knows. */
        OVER
    }

    private final ClickHouseLexer lexer = new ClickHouseLexer();
    private final byte[] plain = new byte[Token.LONGEST + SPARE];
    private final byte[] shown = new byte[Token.LONGEST + SPARE];
    private int plainLength;
    private int shownLength;

    private byte[] a = new byte[0];
    private int length;
    private Part part = Part.NONE;
    /** Whether data follow, so that no value is shown. */
    private boolean inserting;

    private boolean inserts;
    private boolean cut;

    /** Whether it is of a kind that may hold secrets anywhere. */
    private boolean guarded;

    private @Nullable ClickHouseWord first;
    private boolean any;

    /** Parentheses that are open, and those of a list that is left out: 0 for none. */
    private int depth;

    private int hiddenDepth;
    private boolean hiddenAny;

    /** Whether a table comes next; whether there are tables at each depth. */
    private boolean tableNext;

    private long tables;

    // The last token that is no gap, and what it was for.
    private Kind last = Kind.END;
    private @Nullable ClickHouseWord lastWord;
    private int lastStart;
    private int lastEnd;
    private boolean lastIsTable;

    private boolean operand;

    /** Whether it was an equals sign behind the name of a secret. */
    private boolean secretNext;

    private boolean nameIsSecret;

    /** Reads so many bytes of a statement; {@code goesOn} tells whether there are more. */
    void read(byte[] bytes, int count, boolean goesOn) {
        a = bytes;
        length = count;
        cut = goesOn;
        plainLength = 0;
        shownLength = 0;
        part = Part.NONE;
        inserting = false;
        inserts = false;
        guarded = false;
        first = null;
        any = false;
        depth = 0;
        hiddenDepth = 0;
        tableNext = false;
        tables = 0;
        last = Kind.END;
        lastWord = null;
        lastIsTable = false;
        operand = false;
        secretNext = false;
        nameIsSecret = false;
        lexer.reset(bytes, count, goesOn);
        for (Kind kind = lexer.next(); kind != Kind.END && part != Part.OVER; kind = lexer.next()) {
            take(kind);
        }
    }

    /** For the digest. */
    byte[] plain() {
        return plain;
    }

    int plainLength() {
        return plainLength;
    }

    /** Whether it goes on beyond what was read. */
    boolean isCut() {
        return cut && part != Part.OVER;
    }

    /** As it was sent, for who has asked for that; null if it may hold secrets anywhere. */
    @Nullable
    String shown() {
        return guarded ? null : new String(shown, 0, shownLength, StandardCharsets.UTF_8).trim();
    }

    private void take(Kind kind) {
        if (kind == Kind.GAP || kind == Kind.COMMENT) {
            if (hiddenDepth == 0) {
                gap(kind);
            }
            return;
        }
        depth += kind == Kind.OPEN ? 1 : 0;
        if (hiddenDepth > 0) {
            hide(kind);
        } else {
            ClickHouseWord word = kind == Kind.WORD ? ClickHouseWord.find(a, lexer.start, lexer.pos) : null;
            guard(word);
            insert(kind, word);
            if (part != Part.OVER) {
                write(kind);
                follow(kind, word);
            }
        }
        depth = Math.max(0, depth - (kind == Kind.CLOSE ? 1 : 0));
    }

    private void guard(@Nullable ClickHouseWord word) {
        boolean second = last == Kind.OTHER && a[lastStart] == ';';
        boolean explained = first == ClickHouseWord.EXPLAIN && depth == 0 && word != null && word.isGuarded();
        guarded |= second || explained || word == ClickHouseWord.IDENTIFIED;
    }

    private void gap(Kind kind) {
        if (plainLength > 0 && plain[plainLength - 1] != ' ') {
            plain(BLANK, 0, 1);
        }
        if (kind == Kind.GAP && isAscii(lexer.start)) {
            show(a, lexer.start, lexer.pos);
        } else {
            show(BLANK, 0, 1);
        }
    }

    private boolean isAscii(int at) {
        return a[at] >= 0;
    }

    // ---- lists that are left out

    private void hide(Kind kind) {
        if (kind == Kind.CLOSE && depth == hiddenDepth) {
            if (hiddenAny) {
                both(HIDDEN);
            }
            hiddenDepth = 0;
            write(kind);
            follow(kind, null);
        } else {
            hiddenAny = true;
        }
    }

    private boolean takesSecrets() {
        if (last != Kind.WORD && last != Kind.QUOTED) {
            return false;
        }
        int quote = last == Kind.QUOTED ? 1 : 0;
        int from = lastStart + quote;
        int to = Math.max(from, lastEnd - quote);
        return lastIsTable && ClickHouseSecrets.mayTakeAsTable(a, from, to) || ClickHouseSecrets.takes(a, from, to);
    }

    // ---- what is written

    private void write(Kind kind) {
        int from = lexer.start;
        int to = lexer.pos;
        switch (kind) {
            case STRING -> {
                plain(NO_TEXT, 0, 2);
                boolean open = cut && to == length; // what makes it a secret may come behind
                boolean secret = inserting || secretNext || open || ClickHouseSecrets.isHeld(a, from, to);
                show(secret ? HIDDEN : a, secret ? 0 : from, secret ? 1 : to);
            }
            case NUMBER -> {
                if (last == Kind.DOT) {
                    plain(a, from, to);
                } else {
                    plain(NO_NUMBER, 0, 1);
                }
                boolean secret = inserting || secretNext;
                show(secret ? HIDDEN : a, secret ? 0 : from, secret ? 1 : to);
            }
            case QUOTED -> {
                quoted(from, to);
                show(a, from, to);
            }
            case OTHER -> {
                plain(a[from] == '#' ? BLANK : a, a[from] == '#' ? 0 : from, a[from] == '#' ? 1 : to);
                show(a, from, to);
            }
            default -> {
                plain(a, from, to);
                show(a, from, to);
            }
        }
    }

    /** A name in quotes without what escapes them. */
    private void quoted(int from, int to) {
        int wide = a[from] < 0 ? 3 : 1;
        byte quote = wide == 3 ? (byte) '"' : a[from];
        put(quote);
        for (int i = from + wide; i < to - wide; i++) {
            byte b = a[i];
            if (b == '\\' || b == quote) {
                i++; // an escape, or the first of two
                put((byte) '_');
            } else {
                put(b);
            }
        }
        put(quote);
    }

    private void put(byte b) {
        if (plainLength < plain.length) {
            plain[plainLength++] = b;
        }
    }

    private void both(byte[] text) {
        plain(text, 0, text.length);
        show(text, 0, text.length);
    }

    private void plain(byte[] from, int start, int end) {
        int n = Math.min(end - start, plain.length - plainLength);
        System.arraycopy(from, start, plain, plainLength, n);
        plainLength += n;
    }

    private void show(byte[] from, int start, int end) {
        int n = Math.min(end - start, shown.length - shownLength);
        System.arraycopy(from, start, shown, shownLength, n);
        shownLength += n;
    }

    // ---- where tables and secrets are

    private void follow(Kind kind, @Nullable ClickHouseWord word) {
        boolean table = tableNext;
        tableNext = false;
        boolean equals = kind == Kind.OTHER && a[lexer.start] == '=';
        secretNext = equals && (nameIsSecret || secretNext);
        boolean name = kind == Kind.WORD || kind == Kind.QUOTED;
        nameIsSecret = name && ClickHouseSecrets.isCalled(a, lexer.start, lexer.pos);
        boolean isTable = false;
        switch (kind) {
            case OPEN -> {
                if (takesSecrets()) {
                    hiddenDepth = depth;
                    hiddenAny = false;
                }
                tables = set(table);
                tableNext = table;
            }
            case COMMA -> tableNext = isSet();
            case DOT -> tableNext = lastIsTable;
            case QUOTED -> isTable = table;
            case WORD -> {
                boolean arrays = lastWord == ClickHouseWord.ARRAY;
                if (word == ClickHouseWord.FROM || word == ClickHouseWord.JOIN && !arrays) {
                    tables = set(true);
                    tableNext = true;
                } else if (word == ClickHouseWord.FUNCTION) {
                    tableNext = true;
                } else if (word != null && word.isClause()) {
                    tables = set(false);
                } else {
                    isTable = table;
                }
            }
            default -> {
                // Values and operators: no table.
            }
        }
        if (!any && kind == Kind.WORD) {
            first = word;
        }
        any = true;
        if (isSemicolon(kind)) {
            another();
        }
        operand = isOperand(kind, word);
        last = kind;
        lastWord = word;
        lastStart = lexer.start;
        lastEnd = lexer.pos;
        lastIsTable = isTable;
    }

    private boolean isSemicolon(Kind kind) {
        return kind == Kind.OTHER && a[lexer.start] == ';';
    }

    /** Another statement may follow. */
    private void another() {
        any = false;
        first = null;
        inserts = false;
        inserting = false;
        depth = 0;
        tables = 0;
    }

    /** Whether an expression may end there. */
    private boolean isOperand(Kind kind, @Nullable ClickHouseWord word) {
        return switch (kind) {
            case OPEN, COMMA, DOT -> false;
            case WORD -> word == null || !word.isBeforeOperand();
            case OTHER -> {
                byte b = a[lexer.start];
                yield b == ']' || b == '}' || b == '?' || b == '*' && !operand; // all columns
            }
            default -> true;
        };
    }

    private boolean isSet() {
        return depth >= Long.SIZE || (tables >>> depth & 1) != 0; // too deep to know: rather too often
    }

    private long set(boolean value) {
        if (depth >= Long.SIZE) {
            return tables;
        }
        return value ? tables | 1L << depth : tables & ~(1L << depth);
    }

    // ---- where the data of an INSERT begin

    private void insert(Kind kind, @Nullable ClickHouseWord word) {
        switch (part) {
            case TABLE -> table(kind, word);
            case BEHIND_TABLE -> behindTable(kind, word);
            case SETTINGS -> settings(kind, word);
            case FORMAT_NAME -> {
                if (kind == Kind.WORD) {
                    write(kind);
                }
                part = Part.OVER;
            }
            default -> {
                outside(word);
            }
        }
    }

    private void outside(@Nullable ClickHouseWord word) {
        if (word == ClickHouseWord.INSERT && depth == 0 && mayInsert()) {
            inserts = true;
            inserting = true;
            part = Part.TABLE;
        } else if (word == ClickHouseWord.FORMAT && inserts && (operand || mayNameFormat())) {
            format();
        }
    }

    private boolean mayInsert() {
        boolean begins = !any
                || first == ClickHouseWord.EXPLAIN
                || first == ClickHouseWord.EXECUTE
                || first == ClickHouseWord.WITH;
        return begins && !inserts || lexer.peek() == Kind.WORD && peeked() == ClickHouseWord.INTO;
    }

    /** Behind what may be a keyword or a name, {@code ORDER BY offset FORMAT CSV}: unless it must be a column, it is taken for what data follow. */
    private boolean mayNameFormat() {
        if (last == Kind.DOT) {
            return false;
        }
        Kind next = lexer.peek();
        ClickHouseWord word = next == Kind.WORD ? peeked() : null;
        return next == Kind.QUOTED || next == Kind.WORD && (word == null || word == ClickHouseWord.VALUES);
    }

    private @Nullable ClickHouseWord peeked() {
        return ClickHouseWord.find(a, lexer.peekedStart, lexer.peekedEnd);
    }

    private void table(Kind kind, @Nullable ClickHouseWord word) {
        boolean introduces = word == ClickHouseWord.INTO && lastWord == ClickHouseWord.INSERT
                || word == ClickHouseWord.TABLE
                        && (lastWord == ClickHouseWord.INTO || lastWord == ClickHouseWord.INSERT)
                || word == ClickHouseWord.FUNCTION && last != Kind.DOT;
        if (introduces) {
            return;
        }
        if (kind == Kind.WORD || kind == Kind.QUOTED) {
            part = Part.BEHIND_TABLE;
        } else {
            part = Part.OVER;
        }
    }

    private void behindTable(Kind kind, @Nullable ClickHouseWord word) {
        if (kind == Kind.DOT) {
            part = Part.TABLE;
            return;
        }
        boolean list = kind == Kind.OPEN || depth > 0;
        if (list || kind == Kind.STRING) {
            return; // names of columns; a file
        }
        clause(word);
    }

    private void clause(@Nullable ClickHouseWord word) {
        if (word == null) {
            part = Part.OVER;
            return;
        }
        switch (word) {
            case FROM, INFILE, COMPRESSION -> {
                if (word != ClickHouseWord.FROM && lastWord == null && last != Kind.STRING) {
                    part = Part.OVER;
                }
            }
            case SETTINGS -> part = Part.SETTINGS;
            case SELECT, WITH, WATCH -> {
                part = Part.NONE;
                inserting = false;
            }
            case VALUES -> {
                write(Kind.WORD);
                both(ROW);
                part = Part.OVER;
            }
            case FORMAT -> format();
            default -> part = Part.OVER;
        }
    }

    private void format() {
        inserting = true;
        part = Part.FORMAT_NAME;
    }

    /** {@code a = 1, b = 'x'}: what is behind a comma is a name, whatever it is called. */
    private void settings(Kind kind, @Nullable ClickHouseWord word) {
        boolean name = !operand || lastWord == ClickHouseWord.SETTINGS;
        if (kind == Kind.WORD && !name) {
            clause(word);
        } else if (isSemicolon(kind)) {
            part = Part.OVER;
        }
    }
}
