package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;

/**
 * Looks at the head of a request before the decoder does, for what that one is lenient about and other servers read in another way: folded lines, lines that begin
 * with a blank, more than one blank or other separators in the request line (RFC 9112 §3 and §5.2). Counts lines, too. May be called again while the head is
 * incomplete: the decoder has then taken all complete lines away, so that what is looked at begins with a line.
 */
final class HeadScan {
    private static final byte LF = '\n';
    private static final String CONTENT_LENGTH = "content-length";
    private static final byte CR = '\r';

    private final int maxHeaders;
    private boolean requestLine;
    private int headers;
    private int lengths;

    /** All that came of a line is the CR of an empty one before the request line, which the decoder takes away. */
    private boolean halfBlankLine;

    /** Separators of the request line that was looked at last. */
    private int blanks;

    private final ByteProcessor line = value -> {
        if (value == ' ') {
            blanks++;
            return true;
        }
        return value > ' '
                && value != 0x7f; // and no byte beyond ASCII: who decodes and encodes it anew makes two of it
    };

    HeadScan(int maxHeaders) {
        this.maxHeaders = maxHeaders;
    }

    int maxHeaders() {
        return maxHeaders;
    }

    /** What comes next is another head. */
    void reset() {
        requestLine = false;
        headers = 0;
        lengths = 0;
    }

    /** Whether there was a request line, and the head has not ended. */
    boolean isBegun() {
        return requestLine;
    }

    /** Netty takes the first of several where the version is 1.0. */
    private static boolean isContentLength(ByteBuf buffer, int from, int length) {
        if (length <= CONTENT_LENGTH.length()) {
            return false;
        }
        for (int i = 0; i < CONTENT_LENGTH.length(); i++) {
            int c = buffer.getByte(from + i);
            if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != CONTENT_LENGTH.charAt(i)) {
                return false;
            }
        }
        byte behind = buffer.getByte(from + CONTENT_LENGTH.length());
        return behind == ':' || behind == ' ' || behind == '\t'; // with a blank there it is refused later
    }

    /** The decoder throws away what controls before a request line, also before the rest of that line is there: it would not be seen again. */
    private void checkFirst(ByteBuf buffer, int from, int end) {
        byte first = buffer.getByte(from);
        boolean blankLine = first == LF || first == CR && (from + 1 == end || buffer.getByte(from + 1) == LF);
        if (halfBlankLine && first != LF || first < ' ' && !blankLine) {
            throw new Malformed(400, "a control character in the request line");
        }
        halfBlankLine = first == CR && from + 1 == end;
    }

    /**
     * Looks at what there is of the head.
     *
     * @throws Malformed if it is to be refused
     */
    void look(ByteBuf buffer) {
        int end = buffer.writerIndex();
        int from = buffer.readerIndex();
        while (from < end) {
            byte first = buffer.getByte(from);
            if (first == ' ' || first == '\t') {
                throw new Malformed(400, requestLine ? "a folded header line" : "a blank before the request line");
            }
            if (!requestLine) {
                checkFirst(buffer, from, end);
            }
            int lf = buffer.indexOf(from, end, LF);
            if (lf < 0) {
                return;
            }
            int length = lf - from;
            if (length > 0 && buffer.getByte(lf - 1) == CR) {
                length--;
            }
            if (length == 0 && requestLine) {
                return;
            }
            if (length > 0 && !requestLine) {
                requestLine = true;
                blanks = 0;
                if (buffer.forEachByte(from, length, line) >= 0) {
                    throw new Malformed(400, "a control character in the request line");
                }
                if (blanks != 2) {
                    throw new Malformed(400, "not a request line");
                }
            } else if (length > 0) {
                if (++headers > maxHeaders) {
                    throw new Malformed(431, "too many headers");
                }
                if ((first | 0x20) == 'c' && isContentLength(buffer, from, length) && ++lengths > 1) {
                    throw new Malformed(400, "more than one Content-Length");
                }
            }
            from = lf + 1;
        }
    }
}
