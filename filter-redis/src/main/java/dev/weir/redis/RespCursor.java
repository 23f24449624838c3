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

    private static final int MAX_DEPTH = 128;
    private static final int MAX_LINE = 1 << 20;
    private static final int MAX_NUMBER = 64;
    private static final int CRLF = 0x0a0d;

    private static final int TYPE = 0;
    private static final int HEADER = 1;
    private static final int HEADER_LF = 2;
    private static final int LINE = 3;
    private static final int LINE_LF = 4;
    private static final int PAYLOAD = 5;
    private static final int PAYLOAD_CR = 6;
    private static final int PAYLOAD_LF = 7;

    private static final long[] NO_STACK = {};
    private static final int ASIDE = 1; // a frame that is no value: attribute, push inside
    private static final int STREAMED = 2;

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

    // The frame being walked: elements left, and what it is. Outer frames are in the stack.
    private int depth;
    private long remaining;
    private int frame;
    private long[] stack = NO_STACK;

    private boolean watchElements;
    private boolean watchTexts;
    private boolean textWanted;
    private int captured;
    private byte @Nullable [] capture;

    // About the value of the outermost level.
    private byte topType;
    private boolean topNull;
    private long topCount;
    private long found;
    private long secondCount;
    private int elementIndex;
    // About the last element of the outermost aggregate.
    private byte elementType;
    private boolean elementNull;
    private long elementCount;
    private boolean lastElement;
    // Of pushes and of answers that may be messages.
    private PubSub.Kind messageKind = PubSub.Kind.NONE;
    private long channelHash;
    private long third;

    RespCursor(Loop loop) {
        this.loop = loop;
    }

    /** Whether no value is half seen. */
    boolean atBoundary() {
        return !open;
    }

    /** Before a value begins: whether {@link #step} shall stop behind each element. */
    void watchElements(boolean watch) {
        watchElements = watch;
    }

    /** Before a value begins: whether the text of lines and the first elements are wanted (pub/sub, monitor). */
    void watchTexts(boolean watch) {
        watchTexts = watch;
    }

    /** First byte of the value that ended. */
    byte type() {
        return topType;
    }

    /** Whether it is null. */
    boolean isNull() {
        return topNull;
    }

    /** Elements of an aggregate, pairs of a map; else 0. */
    long count() {
        return topCount;
    }

    /** Elements that are not null. */
    long found() {
        return found;
    }

    /** Elements of the second element (what SCAN answers). */
    long secondCount() {
        return secondCount;
    }

    /** With {@link Event#VALUE}: whether an element ended with it that was not told of before. */
    boolean lastElement() {
        return lastElement;
    }

    /** Type of the element that ended. */
    byte elementType() {
        return elementType;
    }

    /** Whether it is null. */
    boolean elementNull() {
        return elementNull;
    }

    /** Its elements. */
    long elementCount() {
        return elementCount;
    }

    /** The first bytes of an error or, if watched, of a status; {@link #textLength()} of them. */
    byte[] text() {
        byte[] bytes = capture;
        return bytes == null ? loop.scratch : bytes;
    }

    /** How many bytes {@link #text()} holds. */
    int textLength() {
        return captured;
    }

    /** What the first element says, if watched. */
    PubSub.Kind messageKind() {
        return messageKind;
    }

    /** Hash of the second element, if watched; 0 if it is null. */
    long channelHash() {
        return channelHash;
    }

    /** The third element, an integer; else -1. */
    long third() {
        return third;
    }

    /** Gives back what was borrowed: {@link #text()} is not needed any more. */
    void release() {
        byte[] borrowed = capture;
        if (borrowed != null) {
            capture = null;
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
                i = value(buf, i, to);
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

    private int value(ByteBuf buf, int i, int to) {
        long word = Bytes.window(buf, i, to);
        type = (byte) word;
        if (depth == 0) {
            if (!chunked) {
                topBegins();
            }
        } else if (depth == 1) {
            elementCount = 0;
        }
        if (chunked != (type == ';')) {
            throw new SniffException("answer_chunk");
        }
        textWanted = wantsText();
        captured = 0;
        switch (type) {
            case '$':
                if (!textWanted) {
                    int end = wholeBulk(buf, i, to, word);
                    if (end > 0) {
                        return end;
                    }
                }
                header();
                return i + 1;
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
            case '!', '=', ';':
                header();
                return i + 1;
            case '+', ':':
                if (!textWanted) {
                    int end = wholeLine(i, to, word);
                    if (end > 0) {
                        return end;
                    }
                }
                lineBegins();
                return i + 1;
            case '-', '_', '#', ',', '(', '.':
                lineBegins();
                return i + 1;
            default:
                throw new SniffException("answer_type");
        }
    }

    private void topBegins() {
        open = true;
        lastElement = false;
        topType = type;
        topNull = false;
        topCount = 0;
        found = 0;
        secondCount = 0;
        elementIndex = 0;
        messageKind = PubSub.Kind.NONE;
        channelHash = 0;
        third = -1;
    }

    private boolean wantsText() {
        if (type == '-' || type == '!') {
            return depth <= 1;
        }
        return (watchTexts || topType == '>') && (depth == 0 || depth == 1 && frame == 0 && elementIndex < 3);
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
                checkNumber((byte) (word >> (k << 3)));
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
        int k = Math.min(n, Loop.SCRATCH - captured);
        if (k > 0) {
            if (capture == null) {
                capture = loop.borrow();
            }
            buf.getBytes(i, capture, captured, k);
            captured += k;
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
        check(buf, i, end);
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

    private void check(ByteBuf buf, int from, int to) {
        switch (type) {
            case '+', '-':
                return;
            case '(':
                for (int i = from; i < to; i++) {
                    checkNumber(buf.getByte(i));
                }
                return;
            case ':', ',':
                if (lineLength + to - from > MAX_NUMBER) {
                    throw new SniffException("answer_line");
                }
                for (int i = from; i < to; i++) {
                    checkNumber(buf.getByte(i));
                }
                return;
            default:
                if (lineLength + to - from > 1) {
                    throw new SniffException("answer_line");
                }
                for (int i = from; i < to; i++) {
                    if (type == '#' && buf.getByte(i) != 't' && buf.getByte(i) != 'f') {
                        throw new SniffException("answer_line");
                    }
                }
        }
    }

    /** Digits and signs; of doubles also what 1.5e-3, inf and nan need. */
    private void checkNumber(byte b) {
        boolean plain = b >= '0' && b <= '9' || b == '-' || b == '+';
        if (!plain && !(type == ',' && (b == '.' || b == 'e' || b == 'E' || b >= 'a' && b <= 'z'))) {
            throw new SniffException("answer_line");
        }
    }

    private void lineEnded() {
        state = TYPE;
        int expected = type == '#' ? 1 : type == '_' || type == '.' ? 0 : -1;
        if (expected >= 0 ? lineLength != expected : lineLength == 0 && type != '+' && type != '-') {
            throw new SniffException("answer_line");
        }
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
        boolean aside = type == '|' || type == '>' && depth > 0;
        long values = type == '%' || type == '|' ? number * 2 : number;
        if (depth == 0 && !aside) {
            topCount = number;
        } else if (depth == 1 && frame == 0 && !aside) {
            elementCount = number;
            if (elementIndex == 1) {
                secondCount = number;
            }
        }
        if (values == 0 && !streamedHeader) {
            if (!aside) {
                ended(false);
            }
            return;
        }
        push();
        remaining = values;
        frame = (aside ? ASIDE : 0) | (streamedHeader ? STREAMED : 0);
        if (depth == 1 && streamedHeader) {
            topCount = 0;
        }
    }

    private void push() {
        if (depth == MAX_DEPTH) {
            throw new SniffException("answer_depth");
        }
        if (depth > 0) {
            if (stack.length < depth) {
                long[] larger = new long[Math.max(4, stack.length * 2)];
                System.arraycopy(stack, 0, larger, 0, stack.length);
                stack = larger;
            }
            stack[depth - 1] = remaining << 2 | frame;
        }
        depth++;
    }

    /** Takes the outer frame back; what ends was an aggregate. */
    private boolean pop() {
        boolean value = (frame & ASIDE) == 0;
        type = (byte) '*';
        depth--;
        if (depth > 0) {
            long outer = stack[depth - 1];
            remaining = outer >> 2;
            frame = (int) (outer & 3);
        } else if (stack.length > 0) {
            stack = NO_STACK;
        }
        return value;
    }

    private void streamEnds() {
        if (depth == 0 || (frame & STREAMED) == 0) {
            throw new SniffException("answer_stream");
        }
        pop();
        ended(false);
    }

    /** A value ended: so may the aggregates that it completes. */
    private void ended(boolean isNull) {
        boolean nil = isNull;
        while (true) {
            if (depth == 0) {
                topNull = nil;
                lastElement = event == Event.ELEMENT;
                event = Event.VALUE;
                open = false;
                return;
            }
            if (depth == 1 && (frame & ASIDE) == 0) {
                elementEnded(nil);
            }
            if ((frame & STREAMED) != 0 || --remaining > 0) {
                return;
            }
            if (!pop()) {
                return; // the value that an attribute belongs to is still to come
            }
            nil = false;
        }
    }

    private void elementEnded(boolean isNull) {
        elementType = type;
        elementNull = isNull;
        if (!isNull) {
            found++;
        }
        if (textWanted) {
            watched(isNull);
        }
        elementIndex++;
        if ((frame & STREAMED) != 0) {
            topCount = elementIndex;
        }
        if (watchElements) {
            event = Event.ELEMENT;
        }
    }

    private void watched(boolean isNull) {
        byte[] bytes = text();
        if (elementIndex == 0) {
            messageKind = type == '$' || type == '+' ? PubSub.Kind.of(bytes, captured) : PubSub.Kind.NONE;
        } else if (elementIndex == 1 && !isNull) {
            channelHash = Bytes.hash(bytes, captured, type == '$' ? number : captured);
        } else if (elementIndex == 2 && type == ':') {
            third = PubSub.parse(bytes, captured);
        }
    }
}
