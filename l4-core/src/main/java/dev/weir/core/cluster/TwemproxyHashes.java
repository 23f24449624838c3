package dev.weir.core.cluster;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.CRC32;

/**
 * The functions of twemproxy 0.5 (src/hashkit), as they are on x86, quirks and all: bytes from 0x80 on are negative where it reads
 * {@code char}. Results have 32 bits.
 */
final class TwemproxyHashes {
    private static final long LOW = 0xFFFFFFFFL;
    private static final int[] CRC16 = crc16Table();

    private TwemproxyHashes() {}

    private static int[] crc16Table() {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ 0x1021;
            }
            table[i] = crc & 0xFFFF;
        }
        return table;
    }

    static long oneAtATime(byte[] key, int from, int length) {
        int h = 0;
        for (int i = from; i < from + length; i++) {
            h += key[i];
            h += h << 10;
            h ^= h >>> 6;
        }
        h += h << 3;
        h ^= h >>> 11;
        h += h << 15;
        return h & LOW;
    }

    static long md5(byte[] key, int from, int length) {
        byte[] digest = md5Bytes(key, from, length);
        return littleEndian(digest, 0);
    }

    static byte[] md5Bytes(byte[] key, int from, int length) {
        try {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            md5.update(key, from, length);
            return md5.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        }
    }

    static long littleEndian(byte[] a, int at) {
        return a[at] & 0xffL | (a[at + 1] & 0xffL) << 8 | (a[at + 2] & 0xffL) << 16 | (a[at + 3] & 0xffL) << 24;
    }

    /** Not the one of Redis Cluster: the sum is never cut to 16 bits. */
    static long crc16(byte[] key, int from, int length) {
        int crc = 0;
        for (int i = from; i < from + length; i++) {
            crc = crc << 8 ^ CRC16[(crc >>> 8 ^ key[i]) & 0xff];
        }
        return crc & LOW;
    }

    static long crc32(byte[] key, int from, int length) {
        return crc32a(key, from, length) >>> 16 & 0x7fff;
    }

    static long crc32a(byte[] key, int from, int length) {
        CRC32 crc = new CRC32();
        crc.update(key, from, length);
        return crc.getValue();
    }

    static long fnv1x64(byte[] key, int from, int length) {
        long h = 0xcbf29ce484222325L;
        for (int i = from; i < from + length; i++) {
            h = h * 0x100000001b3L ^ key[i];
        }
        return h & LOW;
    }

    static long fnv1ax64(byte[] key, int from, int length) {
        int h = 0x84222325;
        for (int i = from; i < from + length; i++) {
            h = (h ^ key[i]) * 0x1b3;
        }
        return h & LOW;
    }

    static long fnv1x32(byte[] key, int from, int length) {
        int h = 0x811c9dc5;
        for (int i = from; i < from + length; i++) {
            h = h * 0x01000193 ^ key[i];
        }
        return h & LOW;
    }

    static long fnv1ax32(byte[] key, int from, int length) {
        int h = 0x811c9dc5;
        for (int i = from; i < from + length; i++) {
            h = (h ^ key[i]) * 0x01000193;
        }
        return h & LOW;
    }

    static long murmur(byte[] key, int from, int length) {
        return Murmur2.hash32(key, from, length, 0xdeadbeef * length) & LOW;
    }

    /** SuperFastHash (Paul Hsieh), which begins with 0 here. */
    static long hsieh(byte[] key, int from, int length) {
        if (length == 0) {
            return 0;
        }
        int h = 0;
        int at = from;
        int end = from + length;
        for (; at <= end - 4; at += 4) {
            h += pair(key, at);
            h = h << 16 ^ (pair(key, at + 2) << 11 ^ h);
            h += h >>> 11;
        }
        switch (end - at) {
            case 3 -> {
                h += pair(key, at);
                h ^= h << 16;
                h ^= key[at + 2] << 18;
                h += h >>> 11;
            }
            case 2 -> {
                h += pair(key, at);
                h ^= h << 11;
                h += h >>> 17;
            }
            case 1 -> {
                h += key[at] & 0xff;
                h ^= h << 10;
                h += h >>> 1;
            }
            default -> {}
        }
        h ^= h << 3;
        h += h >>> 5;
        h ^= h << 4;
        h += h >>> 17;
        h ^= h << 25;
        h += h >>> 6;
        return h & LOW;
    }

    private static int pair(byte[] key, int at) {
        return key[at] & 0xff | (key[at + 1] & 0xff) << 8;
    }

    /** lookup3's hashlittle (Bob Jenkins), initial value 13. */
    static long jenkins(byte[] key, int from, int length) {
        int a = 0xdeadbeef + length + 13;
        int b = a;
        int c = a;
        int at = from;
        int left = length;
        while (left > 12) {
            a += (int) littleEndian(key, at);
            b += (int) littleEndian(key, at + 4);
            c += (int) littleEndian(key, at + 8);
            a = a - c ^ Integer.rotateLeft(c, 4);
            c += b;
            b = b - a ^ Integer.rotateLeft(a, 6);
            a += c;
            c = c - b ^ Integer.rotateLeft(b, 8);
            b += a;
            a = a - c ^ Integer.rotateLeft(c, 16);
            c += b;
            b = b - a ^ Integer.rotateLeft(a, 19);
            a += c;
            c = c - b ^ Integer.rotateLeft(b, 4);
            b += a;
            at += 12;
            left -= 12;
        }
        return left == 0
                ? c & LOW
                : last(a + tail(key, at, left, 0), b + tail(key, at, left, 4), c + tail(key, at, left, 8));
    }

    /** Up to four bytes from {@code offset} on of what is left. */
    private static int tail(byte[] key, int at, int left, int offset) {
        int word = 0;
        for (int i = Math.min(left, offset + 4) - 1; i >= offset; i--) {
            word = word << 8 | key[at + i] & 0xff;
        }
        return word;
    }

    private static long last(int first, int second, int third) {
        int a = first;
        int b = second;
        int c = (third ^ b) - Integer.rotateLeft(b, 14);
        a = (a ^ c) - Integer.rotateLeft(c, 11);
        b = (b ^ a) - Integer.rotateLeft(a, 25);
        c = (c ^ b) - Integer.rotateLeft(b, 16);
        a = (a ^ c) - Integer.rotateLeft(c, 4);
        b = (b ^ a) - Integer.rotateLeft(a, 14);
        c = (c ^ b) - Integer.rotateLeft(b, 24);
        return c & LOW;
    }
}
