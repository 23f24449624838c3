package dev.weir.core.sql;

import dev.weir.core.sql.SqlLexer.Token;
import dev.weir.core.sql.SqlWords.Role;
import dev.weir.core.sql.SqlWords.Word;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Follows the tokens of a statement to its operations and tables: {@code INSERT shipping_details SELECT orders}. */
final class SqlTargets {
    static final int MAX_TABLES = 16;

    private static final int MAX_SUMMARY = 255;
    private static final int MAX_NAME = 192;
    private static final int MAX_NAMES = 16;

    private final byte[] summary = new byte[MAX_SUMMARY];
    private final byte[] name = new byte[MAX_NAME];
    private final byte[] scratch = new byte[MAX_NAME];
    /** All names in a row; their ends, and which of them are of common table expressions. */
    private final byte[] named = new byte[MAX_NAME * MAX_NAMES];

    private final int[] ends = new int[MAX_NAMES];
    private final boolean[] common = new boolean[MAX_NAMES];
    private int names;
    /** Names of the statements before this one. */
    private int namesBefore;

    /** Whether the name of a common table expression had no room: any other name may be it. */
    private boolean lost;

    private int length;
    private int nameLength;
    private boolean summaryFull;
    private final byte[] verb = new byte[32];
    private int verbLength;
    private boolean verbIsWith;

    // A bit per depth of parentheses below 64: whether a list of tables is open there, whether a verb was there,
    // whether a list of WITH is open.
    private long lists;
    private long verbs;
    private long withs;
    private int depth;
    private boolean start;
    private boolean expected;
    private boolean inFrom;
    private boolean naming;
    private boolean dotted;
    private boolean inserting;
    private boolean creating;
    private boolean withName;
    private int withFrom;
    private int withTo;
    private boolean calling;

    void clear() {
        names = 0;
        lost = false;
        length = 0;
        summaryFull = false;
        verbLength = 0;
        verbIsWith = false;
        next();
    }

    private void next() {
        namesBefore = names;
        lists = 0;
        verbs = 0;
        withs = 0;
        depth = 0;
        start = true;
        expected = false;
        inFrom = false;
        naming = false;
        dotted = false;
        nameLength = 0;
        inserting = false;
        creating = false;
        calling = false;
        withName = false;
        withFrom = -1;
    }

    void take(Token token, @Nullable Word word, byte[] sql, int from, int to) {
        if (naming && !continues(token)) {
            named(token);
        }
        if (withFrom >= 0) {
            withNamed(token, word, sql);
        }
        if (withName && introduces(token, word, from, to)) {
            return;
        }
        if (word != null && !naming) {
            keyword(word, sql, from, to);
            return;
        }
        switch (token) {
            case WORD, QUOTED -> name(sql, from, to);
            case DOT -> dotted = naming;
            case COMMA -> comma();
            case OPEN -> open();
            case CLOSE -> close();
            case SEMICOLON -> next();
            case HINT, HINT_END -> {}
            case STRING, NUMBER, PARAMETER, VARIABLE -> expected = expected && inserting && token == Token.STRING;
            default -> expected = false;
        }
    }

    private boolean continues(Token token) {
        return token == Token.DOT || (dotted && (token == Token.WORD || token == Token.QUOTED));
    }

    private void name(byte[] sql, int from, int to) {
        if (start) {
            first(sql, from, to);
            return;
        }
        if (!expected && !naming) {
            return;
        }
        if (naming) {
            append((byte) '.');
        }
        for (int i = from; i < to; i++) {
            append(sql[i]);
        }
        naming = true;
        dotted = false;
        expected = false;
    }

    /** Behind {@code WITH} or a comma of its list: whether this is a name, or stands before one. */
    private boolean introduces(Token token, @Nullable Word word, int from, int to) {
        boolean named = token == Token.QUOTED
                || token == Token.WORD && (word == null || word.role() == Role.FUNCTION || word.role() == Role.OFFSET);
        withName = word != null && SqlWords.isRecursive(word);
        if (named) {
            withFrom = from;
            withTo = to;
        }
        return named || withName;
    }

    /** Behind such a name: {@code WITH a AS (}, {@code WITH a (b) AS (} define it; {@code WITH ROLLUP} and others define nothing. */
    private void withNamed(Token token, @Nullable Word word, byte[] sql) {
        if (token == Token.OPEN || word != null && word.role() == Role.AS) {
            int end = Math.min(withTo, withFrom + MAX_NAME);
            remember(scratch, 0, unquoted(sql, withFrom, end), true);
        }
        withFrom = -1;
    }

    private void append(byte b) {
        if (nameLength < MAX_NAME) {
            name[nameLength++] = b;
        }
    }

    /** A name is complete: of a table, unless it is of a function or a common table expression. */
    private void named(Token after) {
        naming = false;
        dotted = false;
        int n = nameLength;
        nameLength = 0;
        boolean function = after == Token.OPEN && inFrom;
        if (function || n == MAX_NAME) {
            return;
        }
        int plain = unquoted(name, 0, n);
        if (calling) {
            calling = false;
            summarize(name, 0, n);
        } else if (remember(scratch, 0, plain, false)) {
            summarize(name, 0, n);
        }
    }

    private int unquoted(byte[] from, int start, int end) {
        int plain = 0;
        for (int i = start; i < end; i++) {
            if (from[i] != '`' && from[i] != '"') {
                scratch[plain++] = from[i];
            }
        }
        return plain;
    }

    /** Notes a name; false if it is of a common table expression, or may be. */
    private boolean remember(byte[] from, int start, int end, boolean cte) {
        for (int i = 0; i < names; i++) {
            int at = i == 0 ? 0 : ends[i - 1];
            if (Arrays.equals(named, at, ends[i], from, start, Math.max(start, end))) {
                return !common[i];
            }
        }
        int at = names == 0 ? 0 : ends[names - 1];
        if (names < MAX_NAMES && end > start && end - start <= MAX_NAME && (cte || !lost)) {
            System.arraycopy(from, start, named, at, end - start);
            common[names] = cte;
            ends[names++] = at + end - start;
        } else {
            lost |= cte;
        }
        return !lost;
    }

    private void summarize(byte[] from, int start, int end) {
        int gap = length > 0 ? 1 : 0;
        summaryFull |= length + gap + end - start > MAX_SUMMARY;
        if (summaryFull) {
            return;
        }
        if (gap == 1) {
            summary[length++] = ' ';
        }
        System.arraycopy(from, start, summary, length, end - start);
        length += end - start;
    }

    private void comma() {
        withName = bit(withs);
        expected = !withName && bit(lists);
        inFrom |= expected;
    }

    private void open() {
        boolean join = expected && inFrom && !inserting; // (a, b) behind a table called FUNCTION are columns
        expected = join;
        depth++;
        lists = set(lists, join);
        verbs = set(verbs, join);
        withs = set(withs, false);
    }

    private void close() {
        expected = false;
        depth = Math.max(0, depth - 1);
    }

    private boolean bit(long bits) {
        return depth < Long.SIZE && (bits >>> depth & 1) != 0;
    }

    private long set(long bits, boolean value) {
        if (depth >= Long.SIZE) {
            return bits;
        }
        return value ? bits | 1L << depth : bits & ~(1L << depth);
    }

    private void first(byte[] sql, int from, int to) {
        start = false;
        if (verbLength == 0) {
            verbLength = Math.min(verb.length, to - from);
            System.arraycopy(sql, from, verb, 0, verbLength);
        }
        summarize(sql, from, to);
    }

    private void keyword(Word word, byte[] sql, int from, int to) {
        boolean begins = start;
        byte[] upper = word.text();
        if (begins && word.role() != Role.WITH) {
            first(upper, 0, upper.length);
        }
        switch (word.role()) {
            case SELECT -> {
                operation(begins, upper);
                select();
            }
            case INSERT, UPDATE, DELETE, LOAD -> change(word.role(), begins, upper);
            case WITH -> with(begins);
            case FROM, JOIN -> {
                inFrom = true;
                expected = bit(verbs);
                lists = set(lists, expected);
            }
            case INTO -> {
                expected = inserting;
                inFrom = false;
            }
            case CREATE -> {
                creating |= begins;
                verbs = set(verbs, true);
            }
            case CALL, VERB -> {
                calling = word.role() == Role.CALL;
                creating |= !calling;
                expected = calling || SqlWords.isTruncate(word);
                inFrom = false;
            }
            case TABLE -> table(begins, upper);
            case OBJECT -> summarize(upper, 0, upper.length);
            case ON -> expected = creating && names == namesBefore;
            case CLAUSE, VALUES, SET -> {
                expected = false;
                lists = set(lists, false);
            }
            case FUNCTION, OFFSET -> name(sql, from, to);
            case KEYWORD -> inFrom |= expected && SqlWords.isFunction(word); // ClickHouse's INTO FUNCTION f(…)
            default -> {}
        }
    }

    private void with(boolean begins) {
        verbIsWith |= begins;
        start = false;
        expected = false;
        withName = true;
        withs = set(withs, true);
    }

    private void operation(boolean begins, byte[] word) {
        if (begins) {
            return;
        }
        boolean main = verbIsWith && depth == 0 && verbLength == 0;
        if (main) {
            first(word, 0, word.length);
        } else {
            summarize(word, 0, word.length);
        }
    }

    private void select() {
        verbs = set(verbs, true);
        lists = set(lists, false);
        withs = set(withs, false);
        expected = false;
        inserting = false;
    }

    /** INSERT, UPDATE or DELETE, which are also functions and parts of clauses. */
    private void change(Role role, boolean begins, byte[] word) {
        boolean main = begins || (depth == 0 && !bit(verbs));
        if (!main) {
            return;
        }
        operation(begins, word);
        verbs = set(verbs, true);
        withs = set(withs, false);
        inserting = role == Role.INSERT || role == Role.LOAD;
        inFrom = role == Role.UPDATE;
        expected = role == Role.INSERT || role == Role.UPDATE;
        lists = set(lists, role == Role.UPDATE);
    }

    private void table(boolean begins, byte[] word) {
        expected = begins || creating || inserting;
        inFrom = false;
        if (creating && names == namesBefore) {
            summarize(word, 0, word.length);
            lists = set(lists, true);
        }
    }

    void end() {
        if (naming) {
            named(Token.END);
        }
    }

    String verb() {
        return new String(verb, 0, verbLength, StandardCharsets.UTF_8).toUpperCase(Locale.ROOT);
    }

    String summary() {
        return new String(summary, 0, length, StandardCharsets.UTF_8);
    }

    List<String> tables() {
        List<String> tables = new ArrayList<>();
        for (int i = 0; i < names; i++) {
            int at = i == 0 ? 0 : ends[i - 1];
            if (!common[i]) {
                tables.add(new String(named, at, ends[i] - at, StandardCharsets.UTF_8));
            }
        }
        return tables;
    }
}
