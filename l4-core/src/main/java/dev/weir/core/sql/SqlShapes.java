package dev.weir.core.sql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Statements that were read lately, without their plain values: one that differs from them in nothing else has the same
 * digest and need not be read again. What is between the values is compared byte by byte, and only values that end where
 * the lexer would end them count, so an answer is never wrong. At most 256 short statements, some 150 KB; a new one
 * takes the place of an old one.
 */
final class SqlShapes {
    /** Longer statements are not kept. */
    static final int MAX_BYTES = 512;

    private static final int MAX_VALUES = 48;
    private static final int SLOTS = 256;

    private static final class Shape {
        final byte[] constant = new byte[MAX_BYTES];
        /** Where in {@link #constant} values are, and which of them are strings. */
        final short[] at = new short[MAX_VALUES];

        final boolean[] string = new boolean[MAX_VALUES];
        SqlMode mode = SqlMode.DEFAULT;
        int length = -1;
        int values;
        long id;
    }

    private final @Nullable Shape[] shapes = new @Nullable Shape[SLOTS];
    private final int[] starts = new int[MAX_VALUES];
    private final int[] ends = new int[MAX_VALUES];
    private final boolean[] strings = new boolean[MAX_VALUES];
    private int values;
    private int slot;
    private long id;

    /** Whether a statement like this is known; then {@link #id} is its digest. */
    boolean find(byte[] sql, int from, int to, SqlMode mode) {
        slot = SqlBytes.skeleton(sql, from, to) & (SLOTS - 1);
        values = 0;
        Shape shape = shapes[slot];
        if (shape == null || !shape.mode.equals(mode) || !matches(shape, sql, from, to)) {
            return false;
        }
        id = shape.id;
        return true;
    }

    long id() {
        return id;
    }

    private static boolean matches(Shape shape, byte[] sql, int from, int to) {
        byte[] constant = shape.constant;
        int done = 0;
        int p = from;
        for (int i = 0; i < shape.values; i++) {
            int n = shape.at[i] - done;
            if (to - p <= n || !Arrays.equals(sql, p, p + n, constant, done, done + n)) {
                return false;
            }
            done += n;
            int value = p + n;
            p = shape.string[i] ? SqlBytes.plainString(sql, value, to, shape.mode) : SqlBytes.digits(sql, value, to);
            if (p <= value) {
                return false;
            }
        }
        return to - p == shape.length - done && Arrays.equals(sql, p, to, constant, done, shape.length);
    }

    /** Notes a value of the statement that was not found; {@code [from, to)} counts from its beginning. */
    void value(byte[] sql, int offset, int from, int to, SqlMode mode) {
        boolean string = sql[offset + from] == '\'';
        int end = string
                ? SqlBytes.plainString(sql, offset + from, offset + to, mode)
                : SqlBytes.digits(sql, offset + from, offset + to);
        if (end == offset + to && values < MAX_VALUES) {
            starts[values] = from;
            ends[values] = to;
            strings[values++] = string;
        }
    }

    /** Keeps the statement that was not found, with the values noted since. */
    void keep(byte[] sql, int offset, int length, SqlMode mode, long digest) {
        Shape shape = shapes[slot];
        if (shape == null) {
            shape = new Shape();
            shapes[slot] = shape;
        }
        int n = 0;
        int from = 0;
        for (int i = 0; i < values; i++) {
            System.arraycopy(sql, offset + from, shape.constant, n, starts[i] - from);
            n += starts[i] - from;
            shape.at[i] = (short) n;
            shape.string[i] = strings[i];
            from = ends[i];
        }
        System.arraycopy(sql, offset + from, shape.constant, n, length - from);
        shape.length = n + length - from;
        shape.values = values;
        shape.mode = mode;
        shape.id = digest;
    }
}
