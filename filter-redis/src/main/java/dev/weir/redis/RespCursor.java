package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Walks RESP2 and RESP3 values of one direction, resumable at any byte, without keeping any:
 *
 * <pre>
 * +OK  -ERR text  :1  _  #t  ,1.5  (123        a line, CR LF
 * $3 CR LF f o o CR LF                         also = and !; $-1 is null; $? is followed by ;3 … and ;0
 * *2 CR LF value value                         also ~ and >; %2 holds four values; *-1 is null; *? ends with .
 * |1 CR LF value value value                   an attribute belongs to the value behind it
 * </pre>
 *
 * {@link #step} stops at the end of each value of the outermost level, and with {@link #watchElements} at the end of
 * each element of it. Attributes count as part of their value; a push inside an aggregate (some servers let one slip
 * in) counts as nothing.
 */
final class RespCursor {
    /** What {@link #step} came to. */
    enum Event {
        /** The end of the bytes. */
        MORE,
        /** The end of an element of the outermost aggregate. */
        ELEMENT,
        /** The end of a value. */
        VALUE
    }

    private static final int MAX_LINE = 1 << 20;
    private static final int CRLF = 0x0a0d;

    private static final int TYPE = 0;
    private static final int HEADER = 1;
    private static final int HEADER_LF = 2;
    private static final int LINE = 3;
    private static final int LINE_LF = 4;
    private static final int PAYLOAD = 5;
    private static final int PAYLOAD_CR = 6;
    private static final int PAYLOAD_LF = 7;

    private final Loop loop;

    private Event event = Event.MORE;
    private int at;
    private int state;
    private boolean open;
    private byte type;
    private long number;
    private int digits;
    private boolean negative;
    private boolean streamedHeader;
    private boolean chunked;
    private long left;
    private int lineLength;

    private boolean watchElements;
    private boolean watchTexts;
    private boolean textWanted;
    private byte @Nullable [] capture;

    private final RespValue value = new RespValue();
    private final RespFrames frames = new RespFrames();

    RespCursor(Loop loop) {
        this.loop = loop;
    }

    /** Whether no value is half seen. */
    boolean atBoundary() {
        return !open;
    }

    /** Before a value begins: whether {@link #step} shall stop behind each element, if it is no push. */
    void watchElements(boolean watch) {
        watchElements = watch;
    }

    /** Before a value begins: whether the text of lines and the first elements are wanted (pub/sub, monitor). */
    void watchTexts(boolean watch) {
        watchTexts = watch;
    }

    /** What is known of the value, or of the element, that ended. */
    RespValue value() {
        return value;
    }

    /** Gives back what was borrowed: the text of the value is not needed any more. */
    void release() {
        byte[] borrowed = capture;
        if (borrowed != null) {
            capture = null;
            value.text = loop.scratch;
            loop.giveBack(borrowed);
        }
    }

    /** Where the last step stopped. */
    int position() {
        return at;
    }

    /** Goes on from {@code from}; {@link #position()} tells how far. */
    Event step(ByteBuf buf, int from, int to) {
        int i = from;
        while (i < to) {
            if (state == TYPE) {
                i = begin(buf, i, to);
            } else if (state == LINE) {
                i = line(buf, i, to);
            } else if (state == PAYLOAD) {
                i = payload(buf, i, to);
            } else {
                oneByte(buf.getByte(i++));
            }
            if (event != Event.MORE) {
                Event happened = event;
                event = Event.MORE;
                at = i;
                return happened;
            }
        }
        at = i;
        return Event.MORE;
    }

    // ---- a value begins

    private int begin(ByteBuf buf, int i, int to) {
        long word = Bytes.window(buf, i, to);
        type = (byte) word;
        if (frames.depth() > 1) {
            value.textLength = 0;
        } else if (frames.depth() == 1) {
            value.elementBegins();
        } else if (!chunked) {
            open = true;
            value.begins(type, loop.scratch);
        }
        if (chunked != (type == ';')) {
            throw new SniffException("answer_chunk");
        }
        textWanted = wantsText();
        if (!textWanted) {
            int end = type == '$'
                    ? wholeBulk(buf, i, to, word)
                    : type == '+' || type == ':' ? wholeLine(i, to, word) : -1;
            if (end > 0) {
                return end;
            }
        }
        return beginSlowly(i, word);
    }

    private int beginSlowly(int i, long word) {
        switch (type) {
            case '*', '%', '~', '>', '|':
                long head = RequestCursor.header(word, type);
                if (head >= 0) {
                    number = head >> 8;
                    streamedHeader = false;
                    aggregateBegins();
                    return i + ((int) head & 0xff);
                }
                header();
                return i + 1;
            case '$', '!', '=', ';':
                header();
                return i + 1;
            case '+', ':', '-', '_', '#', ',', '(', '.':
                lineBegins();
                return i + 1;
            default:
                throw new SniffException("answer_type");
        }
    }

    private boolean wantsText() {
        if (type == '-' || type == '!') {
            return frames.depth() <= 1;
        }
        return (watchTexts || value.type == '>') && (frames.depth() == 0 || frames.top() && value.elements < 3);
    }

    private int wholeBulk(ByteBuf buf, int i, int to, long word) {
        long head = RequestCursor.header(word, '$');
        if (head < 0) {
            if ((word & 0xff_ffff_ffffL) == 0x0a0d_312d24L) { // $-1 CR LF
                ended(true);
                return i + 5;
            }
            return -1;
        }
        int payload = i + ((int) head & 0xff);
        int end = payload + (int) (head >> 8) + 2;
        if (end > to || buf.getShortLE(end - 2) != CRLF) {
            return -1;
        }
        ended(false);
        return end;
    }

    /** A line of at most 5 bytes. */
    private int wholeLine(int i, int to, long word) {
        if ((word & 0xff_ffff_ffffL) == 0x0a0d_4b4f2bL) { // +OK CR LF
            ended(false);
            return i + 5;
        }
        int end = Bytes.carriageReturn(word);
        if (end < 2 || end > 6 || (word >> (end + 1 << 3) & 0xff) != '\n' || i + end + 2 > to) {
            return -1;
        }
        if (type == ':') {
            for (int k = 1; k < end; k++) {
                RespLine.checkNumber(type, (byte) (word >> (k << 3)));
            }
        }
        ended(false);
        return i + end + 2;
    }

    private void header() {
        state = HEADER;
        number = 0;
        digits = 0;
        negative = false;
        streamedHeader = false;
    }

    private void lineBegins() {
        state = LINE;
        lineLength = 0;
    }

    // ---- byte by byte

    private void oneByte(byte b) {
        switch (state) {
            case HEADER:
                headerByte(b);
                break;
            case HEADER_LF:
                expect(b, '\n');
                headerEnded();
                break;
            case LINE_LF:
                if (b != '\n') {
                    lineGoesOn(b);
                    break;
                }
                lineEnded();
                break;
            case PAYLOAD_CR:
                expect(b, '\r');
                state = PAYLOAD_LF;
                break;
            default:
                expect(b, '\n');
                payloadEnded();
        }
    }

    private static void expect(byte b, char c) {
        if (b != c) {
            throw new SniffException("answer_crlf");
        }
    }

    private void headerByte(byte b) {
        if (b == '\r') {
            if (digits == 0 && !streamedHeader) {
                throw new SniffException("answer_length");
            }
            state = HEADER_LF;
        } else if (b == '?' && digits == 0 && !negative && !streamedHeader && type != ';') {
            streamedHeader = true;
        } else if (b == '-' && digits == 0 && !negative && !streamedHeader) {
            negative = true;
        } else if (b >= '0' && b <= '9' && digits < 18 && !streamedHeader) {
            number = number * 10 + b - '0';
            digits++;
        } else {
            throw new SniffException("answer_length");
        }
    }

    private void headerEnded() {
        state = TYPE;
        boolean isNull = negative;
        if (isNull && (number != 1 || type != '$' && type != '*' && type != '%' && type != '~')) {
            throw new SniffException("answer_length");
        }
        switch (type) {
            case '$', '!', '=':
                if (isNull) {
                    ended(true);
                } else if (streamedHeader) {
                    chunked = true;
                } else {
                    payloadBegins();
                }
                break;
            case ';':
                if (number == 0) {
                    chunked = false;
                    type = '$';
                    ended(false);
                } else {
                    payloadBegins();
                }
                break;
            default:
                if (isNull) {
                    ended(true);
                } else {
                    aggregateBegins();
                }
        }
    }

    private void payloadBegins() {
        if (number > Integer.MAX_VALUE) {
            throw new SniffException("answer_length");
        }
        left = number;
        state = left == 0 ? PAYLOAD_CR : PAYLOAD;
    }

    private int payload(ByteBuf buf, int i, int to) {
        int n = (int) Math.min(left, to - i);
        if (textWanted) {
            keep(buf, i, n);
        }
        left -= n;
        if (left == 0) {
            state = PAYLOAD_CR;
        }
        return i + n;
    }

    private void payloadEnded() {
        state = TYPE;
        if (!chunked) {
            ended(false);
        }
    }

    private void keep(ByteBuf buf, int i, int n) {
        int k = Math.min(n, Loop.SCRATCH - value.textLength);
        if (k > 0) {
            if (capture == null) {
                capture = loop.borrow();
                value.text = capture;
            }
            buf.getBytes(i, capture, value.textLength, k);
            value.textLength += k;
        }
    }

    // ---- lines

    private int line(ByteBuf buf, int i, int to) {
        int end = i;
        int cr = 8;
        while (end < to && cr == 8) {
            cr = Bytes.carriageReturn(Bytes.window(buf, end, to));
            end += cr;
        }
        end = Math.min(end, to);
        RespLine.check(type, lineLength, buf, i, end);
        lineLength += end - i;
        if (lineLength > MAX_LINE && !(watchTexts && type == '+')) {
            throw new SniffException("answer_line");
        }
        if (textWanted) {
            keep(buf, i, end - i);
        }
        if (end < to) {
            state = LINE_LF;
            return end + 1;
        }
        return end;
    }

    /** A carriage return that does not end the line: a text may hold one. */
    private void lineGoesOn(byte b) {
        if (type != '+' && type != '-') {
            throw new SniffException("answer_crlf");
        }
        lineLength++;
        state = b == '\r' ? LINE_LF : LINE;
    }

    private void lineEnded() {
        state = TYPE;
        RespLine.checkLength(type, lineLength);
        if (type == '.') {
            streamEnds();
        } else {
            ended(type == '_');
        }
    }

    // ---- aggregates

    private void aggregateBegins() {
        if (number > Integer.MAX_VALUE || streamedHeader && (type == '|' || type == '>')) {
            throw new SniffException("answer_count");
        }
        int depth = frames.depth();
        boolean aside = type == '|' || type == '>' && depth > 0;
        long values = type == '%' || type == '|' ? number * 2 : number;
        if (depth == 0 && !aside) {
            value.count = number;
        } else if (frames.top() && !aside) {
            value.elementCount = number;
            if (value.elements == 1) {
                value.secondCount = number;
            }
        } else if (watchElements && frames.second() && !aside) {
            value.innerBegins(number);
        }
        if (values > 0 || streamedHeader) {
            frames.push(values, aside, streamedHeader);
        } else if (!aside) {
            ended(false);
        }
    }

    private void streamEnds() {
        if (!frames.streamed()) {
            throw new SniffException("answer_stream");
        }
        frames.pop();
        type = (byte) '*';
        ended(false);
    }

    /** A value ended: so may the aggregates that it completes. */
    private void ended(boolean isNull) {
        boolean nil = isNull;
        while (frames.depth() > 0) {
            if (frames.top()) {
                elementEnded(nil);
            } else if (watchElements && frames.second()) {
                value.innerEnded(nil);
            }
            if (!frames.valueEnded()) {
                return;
            }
            type = (byte) '*';
            if (!frames.pop()) {
                return; // the value that an attribute belongs to is still to come
            }
            nil = false;
        }
        value.isNull = nil;
        value.lastElement = event == Event.ELEMENT;
        event = Event.VALUE;
        open = false;
    }

    private void elementEnded(boolean isNull) {
        value.elementEnded(type, isNull, frames.streamed());
        if (textWanted) {
            value.watched(type == '$' ? number : value.textLength);
        }
        if (watchElements && value.type != '>') {
            event = Event.ELEMENT;
        }
    }
}
