package dev.weir.core.cluster;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** MurmurHash2 (Austin Appleby), of 32 bits and 64A. */
final class Murmur2 {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long M64 = 0xc6a4a7935bd1e995L;
    private static final int M32 = 0x5bd1e995;

    private Murmur2() {}

    static long hash64(byte[] key, int from, int length, long seed) {
        long h = seed ^ length * M64;
        int at = from;
        int end = from + length;
        for (; at <= end - 8; at += 8) {
            long k = (long) LONG.get(key, at) * M64;
            k ^= k >>> 47;
            h = (h ^ k * M64) * M64;
        }
        if (at < end) {
            for (int i = end - 1; i >= at; i--) {
                h ^= (key[i] & 0xffL) << 8 * (i - at);
            }
            h *= M64;
        }
        h = (h ^ h >>> 47) * M64;
        return h ^ h >>> 47;
    }

    static int hash32(byte[] key, int from, int length, int seed) {
        int h = seed ^ length;
        int at = from;
        int end = from + length;
        for (; at <= end - 4; at += 4) {
            int k = (int) INT.get(key, at) * M32;
            k = (k ^ k >>> 24) * M32;
            h = h * M32 ^ k;
        }
        if (at < end) {
            for (int i = end - 1; i >= at; i--) {
                h ^= (key[i] & 0xff) << 8 * (i - at);
            }
            h *= M32;
        }
        h = (h ^ h >>> 13) * M32;
        return h ^ h >>> 15;
    }
}
