package dev.weir.redis;

import io.netty.buffer.ByteBuf;

/** Reads several bytes at once from a buffer. */
final class Bytes {
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH = 0x8080_8080_8080_8080L;

    private Bytes() {}

    /** Eight bytes from {@code at}, the first one lowest; what lies at or behind {@code to} reads as 0. */
    static long window(ByteBuf buf, int at, int to) {
        return to - at >= 8 ? buf.getLongLE(at) : tail(buf, at, to);
    }

    private static long tail(ByteBuf buf, int at, int to) {
        long word = 0;
        for (int i = to - 1; i >= at; i--) {
            word = word << 8 | buf.getByte(i) & 0xff;
        }
        return word;
    }

    /** As {@link #window(ByteBuf, int, int)}. */
    static long window(byte[] bytes, int at, int to) {
        long word = 0;
        for (int i = Math.min(to, at + 8) - 1; i >= at; i--) {
            word = word << 8 | bytes[i] & 0xff;
        }
        return word;
    }

    /** The lowest {@code n} bytes, the rest 0. */
    static long lowest(long word, int n) {
        return n >= 8 ? word : n <= 0 ? 0 : word & (1L << (n << 3)) - 1;
    }

    /** All of a…z as A…Z. */
    static long upper(long word) {
        long low = word & ~HIGH;
        long fromA = low + (0x80 - 'a') * ONES;
        long aboveZ = low + (0x7f - 'z') * ONES;
        return word ^ ((fromA ^ aboveZ) & ~word & HIGH) >>> 2;
    }

    /** Place of the first carriage return in a window, or 8. */
    static int carriageReturn(long word) {
        long x = word ^ 0x0d * ONES;
        long found = (x - ONES) & ~x & HIGH;
        return Long.numberOfTrailingZeros(found) >>> 3;
    }

    /** Whether {@code n} bytes from {@code at} are the upper-case {@code word}, in any case. */
    static boolean equalsIgnoreCase(byte[] bytes, int n, String word) {
        if (n != word.length()) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            int b = bytes[i];
            if ((b >= 'a' && b <= 'z' ? b - 32 : b) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** A hash of the first {@code n} bytes and of the full length. */
    static long hash(byte[] bytes, int n, long length) {
        long hash = 0xcbf2_9ce4_8422_2325L ^ length;
        for (int i = 0; i < n; i++) {
            hash = (hash ^ bytes[i]) * 0x100_0000_01b3L;
        }
        return hash;
    }
}
