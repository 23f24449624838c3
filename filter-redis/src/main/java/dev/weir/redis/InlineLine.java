package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The words of an inline command, read as the server reads them ({@code sdssplitargs} in sds.c): "double quotes" with
 * {@code \n \r \t \b \a \xHH}, 'single quotes' with {@code \'} only; behind a closing quote a blank has to follow. For people at a terminal, so it
 * may allocate.
 */
final class InlineLine {
    private final List<byte[]> words;

    private InlineLine(List<byte[]> words) {
        this.words = words;
    }

    /** The line from {@code from} to {@code to} (without its line feed); null if its quotes do not fit. */
    static @Nullable InlineLine parse(ByteBuf buf, int from, int end) {
        int nul = buf.indexOf(from, end, (byte) 0); // which ends it, as texts of C do
        int to = nul < 0 ? end : nul;
        List<byte[]> words = new ArrayList<>();
        int i = from;
        while (true) {
            while (i < to && blank(buf.getByte(i))) {
                i++;
            }
            if (i == to) {
                return new InlineLine(words);
            }
            ByteArrayOutputStream word = new ByteArrayOutputStream();
            i = word(buf, i, to, word);
            if (i < 0) {
                return null;
            }
            words.add(word.toByteArray());
        }
    }

    private static int word(ByteBuf buf, int from, int to, ByteArrayOutputStream word) {
        int i = from;
        while (i < to) {
            byte b = buf.getByte(i);
            if (b == '"' || b == '\'') {
                i = quoted(buf, i + 1, to, b, word);
                return i >= 0 && (i == to || blank(buf.getByte(i))) ? i : -1;
            }
            if (b == ' ' || b == '\n' || b == '\r' || b == '\t') {
                return i;
            }
            word.write(b);
            i++;
        }
        return i;
    }

    /** Behind the closing quote, or -1. */
    private static int quoted(ByteBuf buf, int from, int to, byte quote, ByteArrayOutputStream word) {
        int i = from;
        while (i < to) {
            byte b = buf.getByte(i);
            if (b == quote) {
                return i + 1;
            }
            if (b == '\\' && i + 1 < to) {
                byte next = buf.getByte(i + 1);
                if (quote == '\'') {
                    word.write(next == '\'' ? next : b);
                    i += next == '\'' ? 2 : 1;
                    continue;
                }
                int high = next == 'x' && i + 3 < to ? Character.digit(buf.getByte(i + 2), 16) : -1;
                int low = high >= 0 ? Character.digit(buf.getByte(i + 3), 16) : -1;
                word.write(low >= 0 ? high << 4 | low : escaped(next));
                i += low >= 0 ? 4 : 2;
                continue;
            }
            word.write(b);
            i++;
        }
        return -1;
    }

    private static int escaped(byte b) {
        return switch (b) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'b' -> '\b';
            case 'a' -> 7;
            default -> b;
        };
    }

    private static boolean blank(byte b) {
        return b == ' ' || b >= '\t' && b <= '\r';
    }

    boolean isEmpty() {
        return words.isEmpty();
    }

    boolean looksLikeHttp() {
        return words.size() > 1
                && new String(words.get(words.size() - 1), StandardCharsets.ISO_8859_1).startsWith("HTTP/");
    }

    /** As an array of bulk strings. */
    ByteBuf encode(ByteBufAllocator allocator) {
        ByteBuf out = allocator.buffer();
        Resp.arrayHeader(out, words.size());
        for (byte[] word : words) {
            Resp.bulk(out, word, 0, word.length);
        }
        return out;
    }
}
