package dev.weir.redis;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Short texts that belong to an open command: a user, a client name, a key. Pooled per event loop. */
final class Note {
    private static final int LONGEST_NAME = 128;
    private static final byte[] EMPTY = {};
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    /** One text. */
    static final class Text {
        private byte[] bytes = EMPTY;
        private int length;
        private boolean present;

        void set(byte[] from, int n, int limit) {
            length = Math.min(n, limit);
            present = true;
            if (bytes.length < length) {
                bytes = new byte[Math.max(32, Integer.highestOneBit(Math.max(1, length - 1)) * 2)];
            }
            System.arraycopy(from, 0, bytes, 0, length);
        }

        void setName(byte[] from, int n) {
            set(from, n, LONGEST_NAME);
        }

        boolean present() {
            return present;
        }

        byte[] bytes() {
            return bytes;
        }

        int length() {
            return length;
        }

        /** Forgets it, also in memory. */
        void wipe() {
            if (present) {
                Arrays.fill(bytes, 0, length, (byte) 0);
            }
            length = 0;
            present = false;
        }

        /** As text; what is not printable is written {@code \xHH}. */
        String text() {
            return printable(bytes, length);
        }
    }

    /** User, or key: no command has both. */
    final Text text = new Text();
    /** The name a client takes, or its library. */
    final Text name = new Text();

    void clear() {
        text.wipe();
        name.wipe();
    }

    static String printable(byte[] bytes, int n) {
        boolean ascii = true;
        for (int i = 0; i < n; i++) {
            ascii &= bytes[i] >= ' ' && bytes[i] < 0x7f;
        }
        if (ascii) {
            return new String(bytes, 0, n, StandardCharsets.US_ASCII);
        }
        String text = new String(bytes, 0, n, StandardCharsets.UTF_8);
        if (text.indexOf('\ufffd') < 0 && text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(n * 2);
        for (int i = 0; i < n; i++) {
            int b = bytes[i] & 0xff;
            if (b >= ' ' && b < 0x7f) {
                escaped.append((char) b);
            } else {
                escaped.append("\\x").append(HEX[b >> 4]).append(HEX[b & 15]);
            }
        }
        return escaped.toString();
    }
}
