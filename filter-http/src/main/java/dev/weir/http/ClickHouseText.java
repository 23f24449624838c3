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
    private final BoundedText plain = new BoundedText(Token.LONGEST + SPARE);
    private final BoundedText shown = new BoundedText(Token.LONGEST + SPARE);

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

    private final ClickHouseTerm term = new ClickHouseTerm();

    /** Whether zeros in what is shown stand for what is not. */
    private boolean blanked;

    /** Reads so many bytes of a statement; {@code goesOn} tells whether there are more. */
    void read(byte[] bytes, int count, boolean goesOn) {
        a = bytes;
        length = count;
        cut = goesOn;
        plain.clear();
        shown.clear();
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
        blanked = false;
        term.clear();
        lexer.reset(bytes, count, goesOn);
        for (Kind kind = lexer.next(); kind != Kind.END && part != Part.OVER; kind = lexer.next()) {
            take(kind);
        }
    }

    /** For the digest. */
    byte[] plain() {
        return plain.bytes();
    }

    int plainLength() {
        return plain.length();
    }

    /** Whether it goes on beyond what was read. */
    boolean isCut() {
        return cut && part != Part.OVER;
    }

    /** As it was sent, for who has asked for that; null if it may hold secrets anywhere. */
    @Nullable
    String shown() {
        if (guarded) {
            return null;
        }
        if (blanked) {
            shown.leaveOutZeros();
        }
        return shown.toString().trim();
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
        if (plain.length() > 0 && !plain.endsWith(' ')) {
            plain.add(BLANK);
        }
        if (kind == Kind.GAP && isAscii(lexer.start)) {
            shown.add(a, lexer.start, lexer.pos);
        } else {
            shown.add(BLANK);
        }
    }

    private boolean isAscii(int at) {
        return a[at] >= 0;
    }

    // ---- lists that are left out

    private void hide(Kind kind) {
        if (kind == Kind.CLOSE && depth == hiddenDepth) {
            if (hiddenAny) {
                plain.add(HIDDEN);
                shown.add(HIDDEN);
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
                plain.add(NO_TEXT);
                boolean open = cut && to == length; // what makes it a secret may come behind
                literal(open || ClickHouseSecrets.isHeld(a, from, to));
            }
            case NUMBER -> {
                if (last == Kind.DOT) {
                    plain.add(a, from, to);
                } else {
                    plain.add(NO_NUMBER);
                }
                literal(false);
            }
            case QUOTED -> {
                if (isSecretQuoted()) {
                    plain.add(NO_TEXT);
                    shown.add(HIDDEN);
                } else {
                    plain.addName(a, from, to);
                    shown.add(a, from, to);
                }
            }
            case OTHER -> {
                plain.add(a[from] == '#' ? BLANK : a, a[from] == '#' ? 0 : from, a[from] == '#' ? 1 : to);
                shown.add(a, from, to);
            }
            default -> {
                plain.add(a, from, to);
                shown.add(a, from, to);
            }
        }
    }

    private void literal(boolean secret) {
        if (secret || inserting || term.isSecret()) {
            shown.add(HIDDEN);
        } else {
            int at = shown.length();
            shown.add(a, lexer.start, lexer.pos);
            term.shown(at, shown.length());
        }
    }

    /** Whether it stands where a secret may, in the wrong quotes, and is no part of a name. */
    private boolean isSecretQuoted() {
        return term.isSecretQuoted() && last != Kind.DOT && lastWord != ClickHouseWord.AS && lexer.peek() != Kind.DOT;
    }

    // ---- where tables and secrets are

    private void follow(Kind kind, @Nullable ClickHouseWord word) {
        boolean table = tableNext;
        tableNext = false;
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
        if (isSecretName(kind, isTable)) {
            guarded |= term.isOverfull();
            blanked |= term.secret(depth, shown.bytes());
        } else {
            term.take(kind, last == Kind.DOT ? null : word, depth);
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

    /** Tables have no value, nor have the columns of an INSERT. */
    private boolean isSecretName(Kind kind, boolean isTable) {
        boolean name = kind == Kind.WORD || kind == Kind.QUOTED;
        boolean valued = !(isTable && depth < Long.SIZE) && part != Part.TABLE && part != Part.BEHIND_TABLE;
        return name && valued && ClickHouseSecrets.isCalled(a, lexer.start, lexer.pos);
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
        term.clear();
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
                plain.add(ROW);
                shown.add(ROW);
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
