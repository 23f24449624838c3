package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;

/** What may stand in the lines of RESP. */
final class RespLine {
    private static final int MAX_NUMBER = 64;

    private RespLine() {}

    /** Checks a part of a line; {@code before} bytes of it came before. */
    static void check(byte type, int before, ByteBuf buf, int from, int to) {
        switch (type) {
            case '+', '-':
                return;
            case '(':
                checkNumbers(type, buf, from, to);
                return;
            case ':', ',':
                if (before + to - from > MAX_NUMBER) {
                    throw new SniffException("answer_line");
                }
                checkNumbers(type, buf, from, to);
                return;
            default:
                if (before + to - from > 1) {
                    throw new SniffException("answer_line");
                }
                for (int i = from; i < to; i++) {
                    if (type == '#' && buf.getByte(i) != 't' && buf.getByte(i) != 'f') {
                        throw new SniffException("answer_line");
                    }
                }
        }
    }

    private static void checkNumbers(byte type, ByteBuf buf, int from, int to) {
        for (int i = from; i < to; i++) {
            checkNumber(type, buf.getByte(i));
        }
    }

    /** Digits and signs; of doubles also what 1.5e-3, inf and nan need. */
    static void checkNumber(byte type, byte b) {
        boolean plain = b >= '0' && b <= '9' || b == '-' || b == '+';
        if (!plain && !(type == ',' && (b == '.' || b == 'E' || b >= 'a' && b <= 'z'))) {
            throw new SniffException("answer_line");
        }
    }

    /** Checks the length of a whole line. */
    static void checkLength(byte type, int length) {
        int expected = type == '#' ? 1 : type == '_' || type == '.' ? 0 : -1;
        if (expected >= 0 ? length != expected : length == 0 && type != '+' && type != '-') {
            throw new SniffException("answer_line");
        }
    }
}
