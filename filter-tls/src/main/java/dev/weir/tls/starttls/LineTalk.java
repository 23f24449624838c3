package dev.weir.tls.starttls;

import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A talk in lines. They end with LF, with or without a CR before it, as stunnel and most servers take them; a line is bounded, and so is their number: a
 * peer that goes on for ever is none.
 */
abstract class LineTalk extends Talk {
    static final int MAX_LINE = 4_096;
    static final int MAX_LINES = 256;
    static final String END = "\r\n";

    private int lines;

    /** A line of the peer that is listened to, without its end. */
    abstract void line(Wire wire, Side from, String line);

    @Override
    final int read(Wire wire, Side from, ByteBuf data) {
        int start = data.readerIndex();
        int length = data.bytesBefore(Math.min(data.readableBytes(), MAX_LINE), (byte) '\n') + 1;
        if (length == 0) {
            if (data.readableBytes() >= MAX_LINE) {
                wire.fail(from, "a line of more than " + MAX_LINE + " bytes");
            }
            return 0;
        }
        int text = length > 1 && data.getByte(start + length - 2) == '\r' ? length - 2 : length - 1;
        String line = data.toString(start, text, StandardCharsets.ISO_8859_1);
        if (line.indexOf('\0') >= 0 || line.indexOf('\r') >= 0) {
            wire.fail(from, "a line with NUL or CR in it");
        } else if (++lines > MAX_LINES) {
            wire.fail(from, "more than " + MAX_LINES + " lines before TLS");
        } else {
            line(wire, from, line);
        }
        return length;
    }

    /** Whether {@code line} is the command {@code word}, alone or with something behind a blank; in any case. */
    static boolean says(String line, String word) {
        return line.regionMatches(true, 0, word, 0, word.length())
                && (line.length() == word.length() || line.charAt(word.length()) == ' ');
    }

    /** The first word, in upper case. */
    static String verb(String line) {
        int blank = line.indexOf(' ');
        return (blank < 0 ? line : line.substring(0, blank)).toUpperCase(Locale.ROOT);
    }

    /** What a peer said, short enough for a log. */
    static String shown(String line) {
        return '"' + (line.length() > 80 ? line.substring(0, 80) + "…" : line) + '"';
    }
}
