package dev.weir.core.sql;

import dev.weir.core.sql.SqlLexer.Token;
import dev.weir.core.sql.SqlWords.Role;
import dev.weir.core.sql.SqlWords.Word;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Of the rows after VALUES, whatever is in them, only the first one stays. */
final class ValuesList {
    enum Verdict {
        KEEP,
        SKIP,
        /** The comma that was skipped before it was none between rows. */
        COMMA_FIRST
    }

    private enum State {
        OUTSIDE,
        BEFORE,
        FIRST,
        AFTER,
        COMMA,
        SKIPPING
    }

    private static final byte[] ROW = "ROW".getBytes(StandardCharsets.US_ASCII);

    private State state = State.OUTSIDE;
    private int base;

    void clear() {
        state = State.OUTSIDE;
    }

    boolean outside() {
        return state == State.OUTSIDE;
    }

    boolean skipping() {
        return state == State.SKIPPING;
    }

    /** What to do with the token, {@code depth} being that after it. */
    Verdict take(Token token, @Nullable Word word, int depth) {
        switch (state) {
            case OUTSIDE:
                return outside(word, depth);
            case BEFORE:
                state = token == Token.OPEN ? State.FIRST : row(word) ? State.BEFORE : State.OUTSIDE;
                return Verdict.KEEP;
            case FIRST:
                state = depth <= base ? State.AFTER : State.FIRST;
                return Verdict.KEEP;
            case AFTER:
                if (token == Token.COMMA) {
                    state = State.COMMA;
                    return Verdict.SKIP;
                }
                return outside(word, depth);
            case COMMA:
                if (token == Token.OPEN || row(word)) {
                    state = token == Token.OPEN ? State.SKIPPING : State.COMMA;
                    return Verdict.SKIP;
                }
                outside(word, depth);
                return Verdict.COMMA_FIRST;
            default:
                state = depth <= base ? State.AFTER : State.SKIPPING;
                return Verdict.SKIP;
        }
    }

    private Verdict outside(@Nullable Word word, int depth) {
        boolean values = word != null && word.role() == Role.VALUES;
        state = values ? State.BEFORE : State.OUTSIDE;
        base = depth;
        return Verdict.KEEP;
    }

    private static boolean row(@Nullable Word word) {
        return word != null && Arrays.equals(word.text(), ROW);
    }
}
