package dev.weir.redis;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;

/** Whether the first bytes of a connection are RESP. */
final class RedisDetection {
    private static final int MOST = 256;

    private RedisDetection() {}

    static Detection detect(CommandTable table, Direction direction, ByteBuf first) {
        int from = first.readerIndex();
        int to = first.writerIndex();
        if (from == to) {
            return Detection.MORE;
        }
        if (direction == Direction.TO_CLIENT) {
            return startsWith(first, from, to, "-DENIED ");
        }
        return first.getByte(from) == '*' ? array(first, from + 1, to) : inline(table, first, from, to);
    }

    /** {@code *digits CR LF $digit}. */
    private static Detection array(ByteBuf first, int from, int to) {
        int i = from;
        while (i < to && first.getByte(i) >= '0' && first.getByte(i) <= '9') {
            i++;
        }
        if (i - from > 10 || i < to && i == from) {
            return Detection.NO;
        }
        Detection end = startsWith(first, i, to, "\r\n$");
        if (end != Detection.YES || i + 3 == to) {
            return end == Detection.NO ? Detection.NO : Detection.MORE;
        }
        byte digit = first.getByte(i + 3);
        return digit >= '0' && digit <= '9' ? Detection.YES : Detection.NO;
    }

    /** A line that begins with a known command and is not HTTP's. */
    private static Detection inline(CommandTable table, ByteBuf first, int from, int to) {
        int word = from;
        int end = Math.min(to, from + MOST);
        while (word < end && letter(first.getByte(word))) {
            word++;
        }
        if (word == from) {
            return Detection.NO;
        }
        int line = first.indexOf(word, end, (byte) '\n');
        if (line < 0) {
            boolean ends = word < end && first.getByte(word) != ' ' && first.getByte(word) != '\r';
            return ends || to - from >= MOST ? Detection.NO : Detection.MORE;
        }
        byte behind = first.getByte(word);
        boolean known = table.find(first, from, word - from, to) != table.other();
        boolean separate = behind == ' ' || behind == '\r' || behind == '\n';
        return known && separate && !http(first, word, line) ? Detection.YES : Detection.NO;
    }

    private static boolean http(ByteBuf first, int from, int to) {
        for (int i = from; i + 6 <= to; i++) {
            if (startsWith(first, i, to, " HTTP/") == Detection.YES) {
                return true;
            }
        }
        return false;
    }

    private static boolean letter(byte b) {
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'z' || b == '.' || b == '_';
    }

    private static Detection startsWith(ByteBuf first, int from, int to, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (from + i >= to) {
                return Detection.MORE;
            }
            if (first.getByte(from + i) != text.charAt(i)) {
                return Detection.NO;
            }
        }
        return Detection.YES;
    }
}
