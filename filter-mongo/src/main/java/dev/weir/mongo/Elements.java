package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import java.nio.charset.StandardCharsets;

/** Goes through the elements of one document that is there in full. Lengths that do not add up throw. */
final class Elements {
    private final byte[] bytes;
    private final int end;
    private int next;

    /** Of the present element: its type, where it begins, its value, where it ends. */
    int type;

    int start;
    int value;

    Elements(byte[] bytes, int at, int limit) {
        this.bytes = bytes;
        int size = limit - at < Bson.EMPTY ? 0 : Bson.int32(bytes, at);
        if (size < Bson.EMPTY || size > limit - at || bytes[at + size - 1] != 0) {
            throw bad();
        }
        this.end = at + size;
        this.next = at + 4;
    }

    /** Goes to the next element; false behind the last one. */
    boolean next() {
        if (next == end - 1) {
            return false;
        }
        start = next;
        type = bytes[start] & 0xff;
        value = behindText(start + 1);
        next = value + size();
        if (next > end - 1 || next < value) {
            throw bad();
        }
        return true;
    }

    String name() {
        return new String(bytes, start + 1, value - start - 2, StandardCharsets.UTF_8);
    }

    /** The value, which is a text. */
    String text() {
        int length = Bson.int32(bytes, value);
        if (bytes[value + 3 + length] != 0) {
            throw bad();
        }
        return new String(bytes, value + 4, length - 1, StandardCharsets.UTF_8);
    }

    /** Where the present element ends. */
    int stop() {
        return next;
    }

    /** Where the document ends. */
    int end() {
        return end;
    }

    private int behindText(int from) {
        for (int i = from; i < end - 1; i++) {
            if (bytes[i] == 0) {
                return i + 1;
            }
        }
        throw bad();
    }

    private int size() {
        int kind = Bson.size(type);
        if (kind >= 0) {
            return kind;
        }
        if (kind == Bson.TWO_CSTRINGS) {
            return behindText(behindText(value)) - value;
        }
        if (kind == Bson.UNKNOWN || end - 1 - value < 4) {
            throw bad();
        }
        long rest = ValueSizes.rest(kind, Bson.int32(bytes, value));
        if (rest < 0 || rest > end - 1 - value - 4) {
            throw bad();
        }
        return 4 + (int) rest;
    }

    private static SniffException bad() {
        return new SniffException("bson");
    }
}
