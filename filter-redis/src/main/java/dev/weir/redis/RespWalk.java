package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** A way through a whole answer, value by value. What does not fit is an {@link IllegalStateException}. */
final class RespWalk {
    private final ByteBuf answer;
    private int at;

    RespWalk(ByteBuf answer) {
        this.answer = answer;
        this.at = answer.readerIndex();
    }

    /** The first byte of the next value. */
    byte type() {
        return answer.getByte(at);
    }

    /** The number behind it, as that of an aggregate; its values follow. -1 for what is absent. */
    long header() {
        byte type = type();
        if (type == '_') {
            at += 3;
            return -1;
        }
        if (type != '*' && type != '%' && type != '~') {
            throw new IllegalStateException("a value of type " + (char) type);
        }
        return number();
    }

    private long number() {
        int end = answer.indexOf(at, answer.writerIndex(), (byte) '\r');
        if (end < 0) {
            throw new IllegalStateException("a line has no end");
        }
        long number = Long.parseLong(answer.toString(at + 1, end - at - 1, StandardCharsets.US_ASCII));
        at = end + 2;
        return number;
    }

    /** The next value, which is a text. */
    byte[] bulk() {
        if (type() != '$') {
            throw new IllegalStateException("a value of type " + (char) type() + " in place of a key");
        }
        int length = (int) number();
        if (length < 0) {
            throw new IllegalStateException("nothing in place of a key");
        }
        byte[] text = new byte[length];
        answer.getBytes(at, text);
        at += length + 2;
        return text;
    }

    /** Copies the next value, with all that it holds. */
    void value(ByteBuf out) {
        int from = at;
        long open = 1;
        while (open > 0) {
            open--;
            byte type = type();
            if (type == '*' || type == '~' || type == '>') {
                open += Math.max(0, number());
            } else if (type == '%') {
                open += 2 * Math.max(0, number());
            } else if (type == '|') {
                open += 2 * Math.max(0, number()) + 1; // belongs to the value behind it
            } else if (type == '$' || type == '=' || type == '!') {
                long length = number();
                at += length < 0 ? 0 : (int) length + 2;
            } else {
                int end = answer.indexOf(at, answer.writerIndex(), (byte) '\n');
                if (end < 0) {
                    throw new IllegalStateException("a line has no end");
                }
                at = end + 1;
            }
        }
        out.writeBytes(answer, from, at - from);
    }

    /** Copies all that is left. */
    void rest(ByteBuf out) {
        out.writeBytes(answer, at, answer.writerIndex() - at);
        at = answer.writerIndex();
    }
}
