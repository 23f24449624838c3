package dev.weir.testbeds.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Takes the bytes of one message after the other from a socket; keeps the first of them and counts the rest. */
final class MongoInbox {
    private static final int NAME = MongoMessages.HEADER + 4 + 1 + 4 + 1;

    private final byte[] head = new byte[96];
    private final ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    private int seen;

    /** Takes bytes up to the end of the message. True when it is complete: the fields are its, until the next call. */
    boolean take(ByteBuffer in) {
        if (seen < MongoMessages.HEADER) {
            keep(in, MongoMessages.HEADER);
            if (seen < MongoMessages.HEADER) {
                return false;
            }
        }
        int length = length();
        keep(in, Math.min(length, head.length));
        int skipped = Math.min(in.remaining(), length - seen);
        in.position(in.position() + skipped);
        seen += skipped;
        if (seen < length) {
            return false;
        }
        seen = 0;
        return true;
    }

    private void keep(ByteBuffer in, int end) {
        int n = Math.min(in.remaining(), end - seen);
        if (n > 0) {
            in.get(head, seen, n);
            seen += n;
        }
    }

    int length() {
        int length = fields.getInt(0);
        if (length < MongoMessages.HEADER) {
            throw new IllegalStateException("message of " + length + " bytes");
        }
        return length;
    }

    int requestId() {
        return fields.getInt(4);
    }

    int responseTo() {
        return fields.getInt(8);
    }

    int opcode() {
        return fields.getInt(12);
    }

    /** Of an OP_MSG that begins with its document: the name of its first field, and its value if it is a text. */
    String command() {
        int end = NAME;
        int length = Math.min(length(), head.length);
        while (end < length && head[end] != 0) {
            end++;
        }
        String name = text(NAME, end);
        int value = end + 5;
        if (head[NAME - 1] != 2 || value >= length) {
            return name;
        }
        return name + " " + text(value, Math.min(length, value + fields.getInt(end + 1) - 1));
    }

    private String text(int from, int end) {
        return new String(head, from, end - from, StandardCharsets.UTF_8);
    }
}
