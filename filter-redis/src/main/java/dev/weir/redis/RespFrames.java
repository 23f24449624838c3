package dev.weir.redis;

import dev.weir.core.protocol.SniffException;

/** The aggregates around the place where a {@link RespCursor} stands: the innermost in fields, outer ones in a stack. */
final class RespFrames {
    private static final int MAX_DEPTH = 128;
    private static final int KEPT = 8;
    private static final long[] NONE = {};
    private static final int ASIDE = 1; // no value: an attribute, or a push inside an aggregate
    private static final int STREAMED = 2;

    private int depth;
    private long left;
    private int kind;
    private long[] outer = NONE;

    /** Number of aggregates around. */
    int depth() {
        return depth;
    }

    /** Whether what comes is an element of the outermost aggregate, and that is a value. */
    boolean top() {
        return depth == 1 && (kind & ASIDE) == 0;
    }

    /** Whether what comes belongs directly to an aggregate that is an element of the outermost one. */
    boolean second() {
        return depth == 2 && (kind & ASIDE) == 0;
    }

    /** Whether the innermost aggregate is ended by a mark. */
    boolean streamed() {
        return depth > 0 && (kind & STREAMED) != 0;
    }

    void push(long values, boolean aside, boolean streamed) {
        if (depth == MAX_DEPTH) {
            throw new SniffException("answer_depth");
        }
        if (depth > 0) {
            if (outer.length < depth) {
                long[] larger = new long[Math.max(4, outer.length * 2)];
                System.arraycopy(outer, 0, larger, 0, outer.length);
                outer = larger;
            }
            outer[depth - 1] = left << 2 | kind;
        }
        depth++;
        left = values;
        kind = (aside ? ASIDE : 0) | (streamed ? STREAMED : 0);
    }

    /** A value ended in the innermost aggregate; answers whether the aggregate ends with it. */
    boolean valueEnded() {
        return (kind & STREAMED) == 0 && --left == 0;
    }

    /** Ends the innermost aggregate; answers whether it was a value. */
    boolean pop() {
        boolean value = (kind & ASIDE) == 0;
        depth--;
        if (depth > 0) {
            left = outer[depth - 1] >> 2;
            kind = (int) (outer[depth - 1] & 3);
        } else if (outer.length > KEPT) {
            outer = NONE; // what is usual is kept: nested answers come again
        }
        return value;
    }
}
