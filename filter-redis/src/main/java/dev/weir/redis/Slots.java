package dev.weir.redis;

import java.util.function.IntConsumer;

/**
 * The hash slots of a Redis Cluster: each key is in one of 16,384, by the CRC16 of the key, or of what stands between its first opening brace and the
 * first closing one behind it, if anything does (cluster specification, "Key distribution model" and "Hash tags").
 */
final class Slots {
    static final int COUNT = 16_384;

    private static final short[] CRC = table();

    private Slots() {}

    /** CRC-16/XMODEM: polynomial 0x1021, begins with 0. */
    private static short[] table() {
        short[] table = new short[256];
        for (int i = 0; i < 256; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            table[i] = (short) crc;
        }
        return table;
    }

    /** The slot of the first {@code length} bytes of {@code key}. */
    static int of(byte[] key, int length) {
        int from = 0;
        int to = length;
        int open = indexOf(key, 0, length, '{');
        if (open >= 0) {
            int close = indexOf(key, open + 1, length, '}');
            if (close > open + 1) {
                from = open + 1;
                to = close;
            }
        }
        int crc = 0;
        for (int i = from; i < to; i++) {
            crc = (crc << 8 & 0xffff) ^ CRC[(crc >>> 8 ^ key[i]) & 0xff] & 0xffff;
        }
        return crc & COUNT - 1;
    }

    private static int indexOf(byte[] key, int from, int to, char wanted) {
        for (int i = from; i < to; i++) {
            if (key[i] == wanted) {
                return i;
            }
        }
        return -1;
    }

    /** Tells each slot of a text like {@code 0-5460,7000}; what is none is left out. */
    static void each(String ranges, IntConsumer taker) {
        for (String range : ranges.split(",", -1)) {
            int dash = range.indexOf('-');
            int first = number(dash < 0 ? range : range.substring(0, dash));
            int last = dash < 0 ? first : number(range.substring(dash + 1));
            for (int slot = first; slot >= 0 && slot <= last; slot++) {
                taker.accept(slot);
            }
        }
    }

    /** The slot that a text is, or -1. */
    static int number(String text) {
        if (text.isEmpty() || text.length() > 5 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        int slot = Integer.parseInt(text);
        return slot < COUNT ? slot : -1;
    }
}
