package dev.weir.http;

import dev.weir.http.ClickHouseLexer.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Follows the tokens of a statement to the terms in which something is called like a secret. Whatever stands beside such a name in its term may be the secret:
 * {@code token IN ('s3cr3t')}, {@code lower(token) LIKE 's3%'}, {@code 's3cr3t' = token}. A term ends with {@code AND}, {@code OR}, a clause, and a comma but in
 * lists in parentheses.
 */
final class ClickHouseTerm {
    /** How many literals before a name are known. */
    private static final int MOST = 8;

    private static final int NONE = -1;

    private final int[] starts = new int[MOST];
    private final int[] ends = new int[MOST];
    private int literals;

    /** Parentheses that are open where a secret's name stands, or {@link #NONE}. */
    private int named;

    /** Whether names in quotes may be values. */
    private boolean quoted;

    private boolean between;

    /** A bit per depth: whether a query is there, whose commas are between expressions. */
    private long queries;

    void clear() {
        literals = 0;
        named = NONE;
        quoted = false;
        between = false;
        queries = 0;
    }

    /** Whether literals belong to the name of a secret. */
    boolean isSecret() {
        return named != NONE;
    }

    /** Whether what is in double quotes or backticks is rather a value than a name. */
    boolean isSecretQuoted() {
        return named != NONE && quoted;
    }

    /** A literal was shown there. */
    void shown(int from, int to) {
        int i = literals++ % MOST;
        starts[i] = from;
        ends[i] = to;
    }

    /** A name of a secret: blanks what was shown of its term before, in place, so that zeros are to be left out. True if there was something. */
    boolean secret(int depth, byte[] shown) {
        boolean any = literals > 0;
        named = named == NONE ? depth : Math.min(named, depth);
        quoted = true;
        for (int i = 0; i < Math.min(literals, MOST); i++) {
            for (int at = starts[i]; at < ends[i]; at++) {
                shown[at] = at == starts[i] ? (byte) '?' : 0;
            }
        }
        literals = 0;
        return any;
    }

    /** Whether some of its literals are not known any more. */
    boolean isOverfull() {
        return literals > MOST;
    }

    /** A token that is no name of a secret; words behind a dot are null. */
    void take(Kind kind, @Nullable ClickHouseWord word, int depth) {
        switch (kind) {
            case OPEN -> queries = set(depth, false);
            case CLOSE -> named = Math.min(named, Math.max(0, depth - 1));
            case COMMA -> comma(depth);
            case WORD -> word(word, depth);
            default -> {
                // Operators and values: the term goes on.
            }
        }
    }

    private void comma(int depth) {
        if (depth == 0 || depth < Long.SIZE && (queries >>> depth & 1) != 0) {
            end(depth);
        } else if (depth <= named) {
            quoted = false; // the next column, or argument
        }
    }

    private void word(@Nullable ClickHouseWord word, int depth) {
        if (word == ClickHouseWord.SELECT && depth > 0) {
            queries = set(depth, true); // which what stands before may be compared with
        } else if (word == ClickHouseWord.BETWEEN) {
            between = true;
        } else if (word == ClickHouseWord.AND && between) {
            between = false;
        } else if (word != null && word.endsTerm()) {
            end(depth);
        }
    }

    private void end(int depth) {
        if (depth <= named) {
            named = NONE;
        }
        literals = 0;
        between = false;
    }

    private long set(int depth, boolean value) {
        if (depth >= Long.SIZE) {
            return queries;
        }
        return value ? queries | 1L << depth : queries & ~(1L << depth);
    }
}
