package dev.weir.http;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Words of ClickHouse's SQL that decide where data, tables and secrets are. */
enum ClickHouseWord {
    ALTER,
    AND,
    ARRAY,
    AS,
    ATTACH,
    BACKUP,
    BETWEEN,
    BY,
    CASE,
    COLLECTION,
    COMPRESSION,
    CREATE,
    DICTIONARY,
    DISTINCT,
    ELSE,
    EXCEPT,
    EXECUTE,
    EXPLAIN,
    FORMAT,
    FROM,
    FUNCTION,
    GLOBAL,
    GRANT,
    GROUP,
    HAVING,
    IDENTIFIED,
    ILIKE,
    IN,
    INFILE,
    INSERT,
    INTERSECT,
    INTO,
    JOIN,
    LIKE,
    LIMIT,
    NOT,
    OFFSET,
    ON,
    OR,
    ORDER,
    PREWHERE,
    QUALIFY,
    RESTORE,
    SAMPLE,
    SELECT,
    SET,
    SETTINGS,
    TABLE,
    THEN,
    UNION,
    USING,
    VALUES,
    WATCH,
    WHEN,
    WHERE,
    WINDOW,
    WITH;

    private static final int LONGEST = 11;
    private static final ClickHouseWord[][] BY_LENGTH = new ClickHouseWord[LONGEST + 1][];

    static {
        for (int n = 0; n <= LONGEST; n++) {
            int length = n;
            BY_LENGTH[n] = Arrays.stream(values())
                    .filter(word -> word.name().length() == length)
                    .toArray(ClickHouseWord[]::new);
        }
    }

    /** Statements that may hold secrets in places that nobody has listed. */
    private static final Set<ClickHouseWord> GUARDED =
            EnumSet.of(ALTER, ATTACH, BACKUP, COLLECTION, CREATE, DICTIONARY, GRANT, IDENTIFIED, RESTORE, SET);

    /** What ends a list of tables. */
    private static final Set<ClickHouseWord> CLAUSES = EnumSet.of(
            EXCEPT, FORMAT, GROUP, HAVING, INTERSECT, LIMIT, ON, ORDER, PREWHERE, QUALIFY, SAMPLE, SELECT, SETTINGS,
            UNION, USING, WHERE, WINDOW);

    /** Behind which a name or value stands, whatever it is called. */
    private static final Set<ClickHouseWord> BEFORE_OPERAND = EnumSet.of(
            AND, AS, BETWEEN, BY, CASE, DISTINCT, ELSE, EXCEPT, FROM, FUNCTION, GLOBAL, HAVING, ILIKE, IN, INTO, JOIN,
            LIKE, LIMIT, NOT, OFFSET, ON, OR, PREWHERE, QUALIFY, SELECT, TABLE, THEN, USING, WHEN, WHERE, WITH);

    /** The word that these bytes are, in any case; null for others. */
    static @Nullable ClickHouseWord find(byte[] a, int from, int to) {
        int n = to - from;
        if (n > LONGEST) {
            return null;
        }
        for (ClickHouseWord word : BY_LENGTH[n]) {
            if (word.is(a, from)) {
                return word;
            }
        }
        return null;
    }

    private boolean is(byte[] a, int from) {
        String name = name();
        for (int i = 0; i < name.length(); i++) {
            if ((a[from + i] & ~0x20) != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    boolean isGuarded() {
        return GUARDED.contains(this);
    }

    /** Whether what stands behind has nothing to do with the expression before. */
    boolean endsTerm() {
        return this == AND || this == OR || this == FROM || this == JOIN || isClause();
    }

    boolean isClause() {
        return CLAUSES.contains(this);
    }

    boolean isBeforeOperand() {
        return BEFORE_OPERAND.contains(this);
    }
}
