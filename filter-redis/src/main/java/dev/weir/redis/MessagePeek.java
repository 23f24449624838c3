package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Looks at the begin of a value without consuming it, to tell messages from answers. */
final class MessagePeek {
    private static final int LONGEST = 12;

    private MessagePeek() {}

    /** What the first element of the array or push at {@code from} says; null if there are too few bytes to tell. */
    static PubSub.@Nullable Kind kind(ByteBuf data, int from, int to) {
        int count = lineEnd(data, from, to);
        if (count < 0) {
            return to - from > 24 ? PubSub.Kind.NONE : null;
        }
        if (data.getByte(from + 1) == '0' || data.getByte(from + 1) == '-') {
            return PubSub.Kind.NONE;
        }
        if (count == to) {
            return null;
        }
        byte type = data.getByte(count);
        if (type != '$' && type != '+') {
            return PubSub.Kind.NONE;
        }
        int word = type == '$' ? lineEnd(data, count, to) : count + 1;
        if (word < 0) {
            return to - count > 24 ? PubSub.Kind.NONE : null;
        }
        byte[] bytes = new byte[LONGEST];
        int n = 0;
        while (word + n < to && data.getByte(word + n) != '\r') {
            if (n == LONGEST) {
                return PubSub.Kind.NONE;
            }
            bytes[n] = data.getByte(word + n);
            n++;
        }
        return word + n == to ? null : PubSub.Kind.of(bytes, n);
    }

    /** Behind the line that begins at {@code from}, or -1. */
    private static int lineEnd(ByteBuf data, int from, int to) {
        int end = data.indexOf(from, Math.min(to, from + 24), (byte) '\n');
        return end < 0 ? -1 : end + 1;
    }
}
