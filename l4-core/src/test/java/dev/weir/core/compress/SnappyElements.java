package dev.weir.core.compress;

import java.io.ByteArrayOutputStream;
import java.util.Random;

/** Frames of snappy, element by element (google/snappy, format_description.txt). */
final class SnappyElements {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private long length;

    /** Any bytes. */
    SnappyElements raw(int... bytes) {
        for (int b : bytes) {
            body.write(b);
        }
        return this;
    }

    /** With its length in the tag, or in 1 to 4 bytes after it. */
    SnappyElements literal(byte[] bytes, int lengthBytes) {
        body.write((lengthBytes == 0 ? bytes.length - 1 : 59 + lengthBytes) << 2);
        little(bytes.length - 1L, lengthBytes);
        body.writeBytes(bytes);
        length += bytes.length;
        return this;
    }

    /** With 1, 2 or 4 bytes of offset. */
    SnappyElements copy(int bytes, long offset, int offsetBytes) {
        if (offsetBytes == 1) {
            body.write(1 | (bytes - 4) << 2 | (int) (offset >> 8) << 5);
        } else {
            body.write((offsetBytes == 2 ? 2 : 3) | (bytes - 1) << 2);
        }
        little(offset, offsetBytes);
        length += bytes;
        return this;
    }

    /** Literals and copies of all kinds, of at least so many bytes. */
    SnappyElements random(Random random, int bytes, int furthest) {
        while (length < bytes) {
            int back = (int) Math.min(length, furthest);
            int kind = length == 0 ? 0 : random.nextInt(4);
            if (kind == 0) {
                byte[] literal = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 400 : 60)];
                random.nextBytes(literal);
                int least = literal.length <= 60 ? 0 : literal.length <= 256 ? 1 : 2;
                literal(literal, least + random.nextInt(5 - least));
            } else if (kind == 1) {
                copy(4 + random.nextInt(8), 1 + random.nextInt(Math.min(back, 2047)), 1);
            } else if (kind == 2) {
                copy(1 + random.nextInt(64), 1 + random.nextInt(Math.min(back, random.nextBoolean() ? 65535 : 70)), 2);
            } else {
                copy(1 + random.nextInt(64), 1 + random.nextInt(back), 4);
            }
        }
        return this;
    }

    private void little(long number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            body.write((int) (number >> (8 * i)));
        }
    }

    long length() {
        return length;
    }

    /** With the length that there is. */
    byte[] frame() {
        return frame(length);
    }

    byte[] frame(long announced) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        long left = announced;
        while (left >= 0x80) {
            frame.write((int) left & 0x7f | 0x80);
            left >>>= 7;
        }
        frame.write((int) left);
        frame.writeBytes(body.toByteArray());
        return frame.toByteArray();
    }
}
