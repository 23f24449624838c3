package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Goes through an answer that is whole and has been read before: from value to value, whatever is inside them. Nonsense is an exception. */
final class AnswerWalk {
    private final ByteBuf answer;
    private int at;

    AnswerWalk(ByteBuf answer) {
        this.answer = answer;
        this.at = answer.readerIndex();
    }

    /** Another walk from the same place. */
    AnswerWalk fork() {
        AnswerWalk other = new AnswerWalk(answer);
        other.at = at;
        return other;
    }

    /** Where the value at hand begins. */
    int at() {
        return at;
    }

    /** The first byte of the value at hand. */
    char type() {
        return (char) answer.getByte(at);
    }

    /** The number in the line at hand; behind it the walk goes on. */
    int header() {
        int end = answer.indexOf(at, answer.writerIndex(), (byte) '\r');
        if (end < 0) {
            throw new IllegalStateException("a line has no end");
        }
        int number = Integer.parseInt(answer.toString(at + 1, end - at - 1, StandardCharsets.US_ASCII));
        at = end + 2;
        return number;
    }

    /** Enters an array, a set or a map; answers the number of values in it. */
    int enter() {
        char type = type();
        if (type != '*' && type != '~' && type != '%') {
            throw new IllegalStateException("an aggregate was expected, not " + type);
        }
        return type == '%' ? 2 * header() : header();
    }

    /** Passes the whole number at hand. */
    long number() {
        if (type() != ':') {
            throw new IllegalStateException("a number was expected, not " + type());
        }
        return Long.parseLong(text());
    }

    /** What lies between {@code from} and the value at hand; lent. */
    ByteBuf slice(int from) {
        return answer.slice(from, at - from);
    }

    /** Enters it as {@link #enter} does; answers the number of elements, of a map that of pairs; -1 if it is absent. */
    long count() {
        if (type() == '_') {
            skip();
            return -1;
        }
        return type() == '%' ? header() : enter();
    }

    /** Passes the text at hand, which is one. */
    byte[] bytes() {
        int length = type() == '$' ? header() : -1;
        if (length < 0) {
            throw new IllegalStateException("a text was expected");
        }
        byte[] text = new byte[length];
        answer.getBytes(at, text);
        at += length + 2;
        return text;
    }

    /** Passes the value at hand, and writes it. */
    void value(ByteBuf out) {
        int from = at;
        skip();
        copy(out, from);
    }

    /** Writes all that is left. */
    void rest(ByteBuf out) {
        out.writeBytes(answer, at, answer.writerIndex() - at);
        at = answer.writerIndex();
    }

    /** Passes the text at hand. */
    String text() {
        char type = type();
        int from = at + 1;
        skip();
        if (type != '$' && type != '=') {
            return answer.toString(from, at - 2 - from, StandardCharsets.UTF_8);
        }
        int begin = answer.indexOf(from, at, (byte) '\n') + 1;
        int mark = type == '=' ? 4 : 0; // txt:
        return at - begin < mark + 2
                ? ""
                : answer.toString(begin + mark, at - 2 - begin - mark, StandardCharsets.UTF_8);
    }

    /** Passes the value at hand. */
    void skip() {
        for (long left = 1; left > 0; left--) {
            switch (type()) {
                case '$', '=', '!':
                    int length = header();
                    at += length < 0 ? 0 : length + 2;
                    break;
                case '*', '~', '>':
                    left += Math.max(0, header());
                    break;
                case '%':
                    left += 2L * Math.max(0, header());
                    break;
                case '|':
                    left += 2L * Math.max(0, header()) + 1;
                    break;
                default:
                    at = answer.indexOf(at, answer.writerIndex(), (byte) '\n') + 1;
            }
        }
    }

    /** Writes what lies between {@code from} and the value at hand. */
    void copy(ByteBuf out, int from) {
        out.writeBytes(answer, from, at - from);
    }
}
