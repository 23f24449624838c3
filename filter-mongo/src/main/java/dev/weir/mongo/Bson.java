package dev.weir.mongo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Types of elements (bsonspec.org, version 1.1) and the values of simple ones.
 *
 * <pre>
 *   document  size i32 (itself and the 0 included) · elements · 0
 *   element   type u8 · name cstring · value
 * </pre>
 */
final class Bson {
    static final int DOUBLE = 0x01;
    static final int STRING = 0x02;
    static final int DOCUMENT = 0x03;
    static final int ARRAY = 0x04;
    static final int BINARY = 0x05;
    static final int BOOLEAN = 0x08;
    static final int REGEX = 0x0b;
    static final int INT32 = 0x10;
    static final int INT64 = 0x12;

    /** Smallest document: its size and the 0. */
    static final int EMPTY = 5;

    /** Kinds of values in {@link #sizes}, whose size is not fixed. */
    static final int UNKNOWN = -1;

    static final int TEXT = -2;
    static final int NESTED = -3;
    static final int BYTES = -4;
    static final int TWO_CSTRINGS = -5;
    static final int POINTER = -6;
    static final int SIZED = -7;

    private static final byte[] SIZES = sizes();
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    static final long SPREAD = 0x9E3779B97F4A7C15L;
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;

    private Bson() {}

    private static byte[] sizes() {
        byte[] sizes = new byte[256];
        java.util.Arrays.fill(sizes, (byte) UNKNOWN);
        sizes[DOUBLE] = 8;
        sizes[STRING] = TEXT;
        sizes[DOCUMENT] = NESTED;
        sizes[ARRAY] = NESTED;
        sizes[BINARY] = BYTES;
        sizes[0x06] = 0; // undefined
        sizes[0x07] = 12; // ObjectId
        sizes[BOOLEAN] = 1;
        sizes[0x09] = 8; // date
        sizes[0x0a] = 0; // null
        sizes[REGEX] = TWO_CSTRINGS;
        sizes[0x0c] = POINTER; // DBPointer
        sizes[0x0d] = TEXT; // JavaScript
        sizes[0x0e] = TEXT; // symbol
        sizes[0x0f] = SIZED; // JavaScript with scope
        sizes[INT32] = 4;
        sizes[0x11] = 8; // timestamp
        sizes[INT64] = 8;
        sizes[0x13] = 16; // decimal128
        sizes[0xff] = 0; // min key
        sizes[0x7f] = 0; // max key
        return sizes;
    }

    /** Bytes of a value of that type, or one of the kinds above. */
    static int size(int type) {
        return SIZES[type];
    }

    /** Of a kind whose values begin with their size: bytes before those that the size counts. */
    static int head(int kind) {
        return kind == NESTED || kind == SIZED ? 0 : kind == BYTES ? 5 : 4;
    }

    /** The least that the size can be. */
    static int least(int kind) {
        return kind == NESTED ? EMPTY : kind == BYTES ? 0 : kind == SIZED ? 14 : 1;
    }

    /** How many of the bytes that the size counts have to be there to be looked at. */
    static int looked(int kind) {
        return kind == TEXT ? BsonWalker.TEXT : kind == NESTED ? BsonWalker.SMALL : kind == BYTES ? 16 : 0;
    }

    static int int32(byte[] a, int at) {
        return (int) INT.get(a, at);
    }

    static long int64(byte[] a, int at) {
        return (long) LONG.get(a, at);
    }

    /** The first eight bytes; zeros behind a shorter text. */
    static long word(byte[] a, int from, int length) {
        if (from + 8 <= a.length) {
            long word = int64(a, from);
            return length >= 8 ? word : word & (1L << 8 * length) - 1;
        }
        long word = 0;
        for (int i = Math.min(8, length) - 1; i >= 0; i--) {
            word = word << 8 | a[from + i] & 0xff;
        }
        return word;
    }

    /** A hash of {@code n} bytes, of which the upper half is good. */
    static long hash(byte[] a, int from, int n) {
        long hash = n * SPREAD;
        int i = 0;
        for (; n - i > 8; i += 8) {
            hash = (hash ^ int64(a, from + i)) * SPREAD;
            hash ^= hash >>> 32;
        }
        return (hash ^ word(a, from + i, n - i)) * SPREAD;
    }

    /** Whether {@code n} bytes from {@code from} on are the first ones of {@code known}, which has eight more behind them. */
    static boolean same(byte[] known, byte[] a, int from, int n) {
        int i = 0;
        for (; n - i > 8; i += 8) {
            if (int64(known, i) != int64(a, from + i)) {
                return false;
            }
        }
        return word(known, i, n - i) == word(a, from + i, n - i);
    }

    /** The eight bytes at {@code from}; zeros where the array ends before them. */
    static long word(byte[] a, int from) {
        return from + 8 <= a.length ? int64(a, from) : word(a, from, a.length - from);
    }

    /** Not 0 if there is a zero among the bytes of a word: what {@link #first} and {@link #before} want. */
    static long zeros(long word) {
        return word - ONES & ~word & HIGH_BITS;
    }

    /** Which byte is the first zero. */
    static int first(long zeros) {
        return Long.numberOfTrailingZeros(zeros) >>> 3;
    }

    /** The word with zeros from its first zero on. */
    static long before(long word, long zeros) {
        return zeros == 0 ? word : word & (zeros ^ zeros - 1) >>> 8;
    }

    /** Where the first zero in {@code [from, to)} is; {@code to}, or more, if there is none. */
    static int zero(byte[] a, int from, int to) {
        for (int i = from; i < to; i += 8) {
            long zeros = zeros(word(a, i));
            if (zeros != 0) {
                return i + first(zeros);
            }
        }
        return Math.max(from, to);
    }

    /** A number of any type as a whole one; booleans are 0 and 1, everything else {@code otherwise}. */
    static long number(int type, byte[] a, int at, long otherwise) {
        return switch (type) {
            case INT32 -> int32(a, at);
            case INT64 -> int64(a, at);
            case DOUBLE -> (long) Double.longBitsToDouble(int64(a, at));
            case BOOLEAN -> a[at];
            default -> otherwise;
        };
    }
}
