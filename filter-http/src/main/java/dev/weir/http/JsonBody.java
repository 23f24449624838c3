package dev.weir.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * JSON (RFC 8259), one value or several, in memory that depends neither on what it holds nor on how many names are in it.
 *
 * <pre>
 *   VALUE ──"──▶ STRING ──"──▶ COLON (a name) or NEXT ── , ──▶ VALUE, or NAME in maps
 *     │ {   ──▶ NAME_OR_END                          └── } ] ──▶ NEXT, at the top VALUE
 *     │ [   ──▶ VALUE_OR_END
 *     └ -0t ──▶ NUMBER, LITERAL ──▶ NEXT
 * </pre>
 */
final class JsonBody implements BodyFormat, Token {
    private enum State {
        VALUE,
        VALUE_OR_END,
        NAME,
        NAME_OR_END,
        COLON,
        NEXT,
        STRING,
        ESCAPE,
        DIGITS,
        NUMBER,
        LITERAL
    }

    private static final int DEEPEST = 64;
    private static final int FIRST_TEXT = 64;

    /** Longest number. */
    private static final int LONGEST_NUMBER = 400;

    /** Most bytes of a character: a text is not cut within one. */
    private static final int WIDEST = 4;

    private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FALSE = "false".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);

    private final ObservationLoop loop;
    private final TokenSink sink;

    private State state = State.VALUE;
    private int depth;

    /** A bit for each depth: whether a map is open there. */
    private long maps;

    private boolean any;

    /** Bytes of a byte order mark that were seen. */
    private int marked;

    private String name = "";
    private boolean naming;

    // The text, number or word under way, and what of it is kept.
    private byte[] text = new byte[FIRST_TEXT];
    private int length;
    private boolean full;
    private byte[] literal = TRUE;
    private int escaped;
    private int digits;
    private int high;

    // The value that is told of.
    private boolean isText;
    private boolean isNumber;
    private boolean isTrue;

    JsonBody(ObservationLoop loop, TokenSink sink) {
        this.loop = loop;
        this.sink = sink;
    }

    @Override
    public void feed(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            switch (state) {
                case STRING -> i = string(bytes, i, to);
                case ESCAPE -> escape(bytes[i++]);
                case DIGITS -> digit(bytes[i++]);
                case NUMBER -> i = number(bytes, i, to);
                case LITERAL -> literal(bytes[i++]);
                default -> between(bytes[i++]);
            }
        }
    }

    private void between(byte b) {
        if (b == ' ' || b == '\n' || b == '\r' || b == '\t') {
            return;
        }
        switch (state) {
            case COLON -> {
                expect(b == ':');
                state = State.VALUE;
            }
            case NEXT -> next(b);
            case NAME, NAME_OR_END -> name(b);
            default -> value(b);
        }
    }

    private static void expect(boolean good) {
        if (!good) {
            throw new MalformedException("JSON");
        }
    }

    private void next(byte b) {
        if (b == ',') {
            state = inMap() ? State.NAME : State.VALUE;
        } else {
            expect(b == (inMap() ? '}' : ']'));
            end();
        }
    }

    private void name(byte b) {
        if (b == '}' && state == State.NAME_OR_END) {
            end();
            return;
        }
        expect(b == '"');
        naming = true;
        startText();
        state = State.STRING;
    }

    private void value(byte b) {
        switch (b) {
            case '{', '[' -> begin(b == '{');
            case ']' -> {
                expect(state == State.VALUE_OR_END);
                end();
            }
            case '"' -> {
                naming = false;
                startText();
                state = State.STRING;
            }
            case 't' -> word(TRUE);
            case 'f' -> word(FALSE);
            case 'n' -> word(NULL);
            default -> {
                if (isMark(b)) {
                    return;
                }
                expect(b == '-' || b >= '0' && b <= '9');
                startText();
                append(b);
                state = State.NUMBER;
            }
        }
    }

    /** A byte order mark before everything has no meaning. */
    private boolean isMark(byte b) {
        boolean mark = depth == 0 && !any && marked < MARK.length && b == MARK[marked];
        marked += mark ? 1 : 0;
        return mark;
    }

    private void begin(boolean map) {
        expect(depth < DEEPEST);
        sink.begin(map, ownName());
        maps = map ? maps | 1L << depth : maps & ~(1L << depth);
        depth++;
        state = map ? State.NAME_OR_END : State.VALUE_OR_END;
    }

    private void end() {
        depth--;
        any = true;
        state = depth == 0 ? State.VALUE : State.NEXT;
        sink.end();
    }

    private boolean inMap() {
        return depth > 0 && (maps >>> depth - 1 & 1) != 0;
    }

    private String ownName() {
        return inMap() ? name : "";
    }

    private void tell() {
        any = true;
        state = depth == 0 ? State.VALUE : State.NEXT;
        sink.value(ownName(), this);
        isText = false;
        isNumber = false;
        isTrue = false;
    }

    // ---- strings

    private void startText() {
        length = 0;
        full = false;
        high = 0;
    }

    private int string(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            byte b = bytes[i++];
            if (b == '"') {
                lone();
                stringDone();
                return i;
            }
            if (b == '\\') {
                state = State.ESCAPE;
                return i;
            }
            expect(b < 0 || b >= ' ');
            lone();
            append(b);
        }
        return i;
    }

    private void stringDone() {
        if (naming) {
            name = loop.texts.of(text, 0, length);
            state = State.COLON;
        } else {
            isText = true;
            tell();
        }
    }

    /** A byte of a text. What is beyond the limit is dropped from the begin of a character on. */
    private void append(byte b) {
        boolean begins = (b & 0xc0) != 0x80;
        full |= begins && length > LONGEST - WIDEST;
        if (full || length == LONGEST) {
            return;
        }
        if (length == text.length) {
            text = Arrays.copyOf(text, Math.min(LONGEST, 2 * length));
        }
        text[length++] = b;
    }

    private void escape(byte b) {
        state = State.STRING;
        if (b == 'u') {
            escaped = 0;
            digits = 4;
            state = State.DIGITS;
            return;
        }
        lone();
        switch (b) {
            case '"', '\\', '/' -> append(b);
            case 'b' -> append((byte) '\b');
            case 'f' -> append((byte) '\f');
            case 'n' -> append((byte) '\n');
            case 'r' -> append((byte) '\r');
            case 't' -> append((byte) '\t');
            default -> expect(false);
        }
    }

    private void digit(byte b) {
        int value = b < 0 ? -1 : Character.digit(b, 16);
        expect(value >= 0);
        escaped = escaped << 4 | value;
        if (--digits == 0) {
            state = State.STRING;
            character((char) escaped);
        }
    }

    /** Two escapes may be one character. */
    private void character(char c) {
        if (Character.isLowSurrogate(c) && high != 0) {
            int both = Character.toCodePoint((char) high, c);
            high = 0;
            append((byte) (0xf0 | both >> 18));
            append((byte) (0x80 | both >> 12 & 0x3f));
            append((byte) (0x80 | both >> 6 & 0x3f));
            append((byte) (0x80 | both & 0x3f));
            return;
        }
        lone();
        if (Character.isHighSurrogate(c)) {
            high = c;
        } else if (c < 0x80) {
            append((byte) c);
        } else if (c < 0x800) {
            append((byte) (0xc0 | c >> 6));
            append((byte) (0x80 | c & 0x3f));
        } else if (Character.isLowSurrogate(c)) {
            append((byte) '?');
        } else {
            append((byte) (0xe0 | c >> 12));
            append((byte) (0x80 | c >> 6 & 0x3f));
            append((byte) (0x80 | c & 0x3f));
        }
    }

    /** Half a character without its other half. */
    private void lone() {
        if (high != 0) {
            high = 0;
            append((byte) '?');
        }
    }

    // ---- numbers and words

    private int number(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && isOfNumber(bytes[i])) {
            expect(length < LONGEST_NUMBER);
            append(bytes[i++]);
        }
        if (i < to) {
            numberDone();
        }
        return i;
    }

    private static boolean isOfNumber(byte b) {
        return b >= '0' && b <= '9' || b == '.' || b == '-' || b == '+' || (b | 0x20) == 'e';
    }

    private void numberDone() {
        int i = text[0] == '-' ? 1 : 0;
        expect(i < length);
        int whole = text[i] == '0' ? i + 1 : digits(i);
        expect(whole > i);
        i = whole;
        if (i < length && text[i] == '.') {
            int fraction = digits(i + 1);
            expect(fraction > i + 1);
            i = fraction;
        }
        if (i < length && (text[i] | 0x20) == 'e') {
            int sign = i + 1 < length && (text[i + 1] == '-' || text[i + 1] == '+') ? 1 : 0;
            int exponent = digits(i + 1 + sign);
            expect(exponent > i + 1 + sign);
            i = exponent;
        }
        expect(i == length);
        isNumber = true;
        tell();
    }

    private int digits(int from) {
        int i = from;
        while (i < length && text[i] >= '0' && text[i] <= '9') {
            i++;
        }
        return i;
    }

    private void word(byte[] expected) {
        literal = expected;
        length = 1;
        state = State.LITERAL;
    }

    private void literal(byte b) {
        expect(b == literal[length++]);
        if (length == literal.length) {
            length = 0;
            isTrue = literal[0] == 't';
            tell();
        }
    }

    @Override
    public boolean finish() {
        if (state == State.NUMBER) {
            numberDone();
        }
        return any && depth == 0 && state == State.VALUE;
    }

    @Override
    public void close() {
        text = new byte[0];
        length = 0;
    }

    // ---- the token

    @Override
    public boolean isText() {
        return isText;
    }

    @Override
    public boolean isNumber() {
        return isNumber;
    }

    @Override
    public boolean isTrue() {
        return isTrue;
    }

    @Override
    public String text() {
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public String name() {
        return loop.texts.of(text, 0, length);
    }

    @Override
    public double number() {
        return isNumber ? Double.parseDouble(new String(text, 0, length, StandardCharsets.US_ASCII)) : Double.NaN;
    }

    /** Most numbers are short, and whole. */
    @Override
    public long count() {
        if (!isNumber || length > 17) {
            return Token.super.count();
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            if (text[i] < '0' || text[i] > '9') {
                return Token.super.count();
            }
            value = 10 * value + text[i] - '0';
        }
        return value;
    }
}
