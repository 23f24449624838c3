package dev.weir.mysql;

import org.jspecify.annotations.Nullable;

/**
 * Walks parameters and query attributes, which come before a statement's text (COM_QUERY) or behind the head of
 * COM_STMT_EXECUTE, to find the text, or the attribute {@code traceparent}. Values are skipped.
 */
final class QueryAttributes {
    private static final String TRACE_PARENT = "traceparent";
    private static final int TRACE_AT = 3;
    private static final int TRACE_LENGTH = 32;

    private QueryAttributes() {}

    /**
     * Reads what comes before the text of COM_QUERY; {@code p} stands at the text then, or is short.
     *
     * @return the trace id, or null
     */
    static @Nullable String beforeText(Payload p) {
        long count = p.lenenc();
        long sets = p.lenenc(); // always 1
        if (count == 0 && sets == 1) {
            return null;
        }
        if (count < 0 || count > Prepared.MAX_TYPES || sets != 1) {
            p.short_ = true;
            return null;
        }
        int nulls = p.pos;
        p.skip((count + 7) / 8);
        if (p.u1() != 1) { // the types must be there
            p.short_ = true;
            return null;
        }
        Prepared types = new Prepared(null, null, false);
        types(p, (int) count, true, types);
        return values(p, nulls, types);
    }

    /**
     * Reads the values of COM_STMT_EXECUTE, from behind the iteration count.
     *
     * @param attributes whether their number and names are sent along
     * @return the trace id, or null
     */
    static @Nullable String ofExecute(Payload p, Prepared prepared, boolean attributes) {
        long count = attributes ? p.lenenc() : prepared.parameters;
        if (count <= 0 || count > Prepared.MAX_TYPES || !prepared.keeps((int) count)) {
            return null;
        }
        int nulls = p.pos;
        p.skip((count + 7) / 8);
        if (p.u1() == 1) {
            types(p, (int) count, attributes, prepared);
        }
        if (p.short_ || prepared.traceAt < 0 || prepared.types.length != count) {
            return null;
        }
        return values(p, nulls, prepared);
    }

    private static void types(Payload p, int count, boolean named, Prepared into) {
        if (into.types.length != count) {
            into.types = new byte[count];
        }
        into.traceAt = -1;
        for (int i = 0; i < count; i++) {
            into.types[i] = (byte) p.u2();
            if (named) {
                long length = p.lenenc();
                if (length == TRACE_PARENT.length() && p.at(TRACE_PARENT)) {
                    into.traceAt = i;
                }
                p.skip(length);
            }
        }
    }

    private static @Nullable String values(Payload p, int nulls, Prepared types) {
        String trace = null;
        for (int i = 0; i < types.types.length && !p.short_; i++) {
            boolean isNull = (p.bytes[nulls + i / 8] >> (i % 8) & 1) != 0;
            if (isNull) {
                continue;
            }
            if (i == types.traceAt && text(types.types[i] & 0xff)) {
                trace = trace(p);
            } else {
                skip(p, types.types[i] & 0xff);
            }
        }
        return p.short_ ? null : trace;
    }

    /** The trace id of a W3C traceparent: version, id, parent, flags. */
    private static @Nullable String trace(Payload p) {
        String value = p.lenencText(64);
        return value.length() >= TRACE_AT + TRACE_LENGTH ? value.substring(TRACE_AT, TRACE_AT + TRACE_LENGTH) : null;
    }

    private static boolean text(int type) {
        return type == 15 || type >= 245;
    }

    /**
     * Lengths of values by type (MySQL: "Binary Protocol Value"). Of types that clients do not send it is not certain what
     * servers make of them: then nothing behind them is known.
     */
    private static void skip(Payload p, int type) {
        switch (type) {
            case 1 -> p.skip(1); // TINY
            case 2 -> p.skip(2); // SHORT
            case 3, 4 -> p.skip(4); // LONG, FLOAT
            case 5, 8 -> p.skip(8); // DOUBLE, LONGLONG
            case 7, 10, 11, 12 -> p.skip(p.lenenc()); // times and dates
            default -> p.skip(type == 0 || text(type) ? p.lenenc() : Payload.NONE);
        }
    }
}
