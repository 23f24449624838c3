package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** Writes RESP. Where RESP2 and RESP3 differ, {@code resp3} says for whom. */
final class Resp {
    /** Commands without arguments; to be read only. */
    static final ByteBuf PING = command("PING");

    static final ByteBuf ASKING = command("ASKING");
    static final ByteBuf READONLY = command("READONLY");

    private static final int CRLF = '\r' << 8 | '\n';

    private Resp() {}

    private static ByteBuf command(String name) {
        String text = "*1\r\n$" + name.length() + "\r\n" + name + "\r\n";
        return Unpooled.unreleasableBuffer(
                Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII).asReadOnly());
    }

    static void arrayHeader(ByteBuf out, long count) {
        header(out, '*', count);
    }

    /** A map of {@code pairs} pairs: for RESP2 an array of twice as many. */
    static void mapHeader(ByteBuf out, int pairs, boolean resp3) {
        header(out, resp3 ? '%' : '*', resp3 ? pairs : 2L * pairs);
    }

    static void bulk(ByteBuf out, byte[] bytes, int from, int length) {
        header(out, '$', length);
        out.writeBytes(bytes, from, length);
        out.writeShort(CRLF);
    }

    static void bulk(ByteBuf out, ByteBuf from, int at, int length) {
        header(out, '$', length);
        out.writeBytes(from, at, length);
        out.writeShort(CRLF);
    }

    static void bulk(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        bulk(out, bytes, 0, bytes.length);
    }

    /** For people: RESP3 says so. */
    static void text(ByteBuf out, String text, boolean resp3) {
        if (resp3) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            header(out, '=', bytes.length + 4L);
            ByteBufUtil.writeAscii(out, "txt:");
            out.writeBytes(bytes);
            out.writeShort(CRLF);
        } else {
            bulk(out, text);
        }
    }

    static void integer(ByteBuf out, long value) {
        header(out, ':', value);
    }

    static void status(ByteBuf out, String text) {
        out.writeByte('+');
        ByteBufUtil.writeAscii(out, text);
        out.writeShort(CRLF);
    }

    /** {@code text} begins with the code; line breaks become blanks. */
    static void error(ByteBuf out, String text) {
        out.writeByte('-');
        ByteBufUtil.writeUtf8(out, text.replace('\r', ' ').replace('\n', ' '));
        out.writeShort(CRLF);
    }

    static void nil(ByteBuf out, boolean resp3) {
        ByteBufUtil.writeAscii(out, resp3 ? "_\r\n" : "$-1\r\n");
    }

    /** The header of what has a count or a length; also a whole number. */
    static void header(ByteBuf out, char type, long value) {
        out.writeByte(type);
        if (value >= 0 && value < 10) {
            out.writeByte('0' + (int) value);
        } else {
            ByteBufUtil.writeAscii(out, Long.toString(value));
        }
        out.writeShort(CRLF);
    }
}
