package dev.weir.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * CBOR (RFC 8949), one item or several, as far as data of JSON's kind need it; byte strings, tags and simple values pass without a meaning.
 *
 * <pre>
 *   ┌─────────────┬──────────────────────┬──────────────────────────────┐
 *   │ kind  info  │ argument: 0, 1, 2, 4 │ text or bytes: as many as    │
 *   │  3 b   5 b  │ or 8 bytes, by info  │ the argument says            │
 *   └─────────────┴──────────────────────┴──────────────────────────────┘
 *   info 31: without a number; a text, list or map goes on to a break (0xff)
 * </pre>
 */
final class CborBody implements BodyFormat, Token {
    private static final int UNSIGNED = 0;
    private static final int NEGATIVE = 1;
    private static final int BYTES = 2;
    private static final int TEXT = 3;
    private static final int LIST = 4;
    private static final int MAP = 5;
    private static final int TAG = 6;
    private static final int SIMPLE = 7;

    private static final int INDEFINITE = 31;
    private static final int DEEPEST = 64;
    private static final long ENDLESS = -1;

    private final ObservationLoop loop;
    private final TokenSink sink;

    /** Items that the maps and lists around still have; a pair is two. */
    private final long[] left = new long[DEEPEST];

    private final boolean[] maps = new boolean[DEEPEST];

    /** Whether a key comes next. */
    private final boolean[] keys = new boolean[DEEPEST];

    private int depth;
    private String name = "";
    private boolean any;

    // The head under way.
    private int kind;
    private int info;
    private int argumentLeft;
    private long argument;

    // The text or byte string under way.
    private long bytesLeft;
    private boolean chunked;
    private int chunkKind;
    private byte[] text = new byte[64];
    private int length;

    // The value that is told of.
    private boolean isText;
    private boolean isTrue;
    private double number = Double.NaN;

    CborBody(ObservationLoop loop, TokenSink sink) {
        this.loop = loop;
        this.sink = sink;
    }

    @Override
    public void feed(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            if (bytesLeft > 0) {
                int n = (int) Math.min(bytesLeft, to - i);
                take(bytes, i, n);
                i += n;
                bytesLeft -= n;
                if (bytesLeft == 0) {
                    stringDone();
                }
            } else if (argumentLeft > 0) {
                argument = argument << 8 | bytes[i++] & 0xff;
                if (--argumentLeft == 0) {
                    head();
                }
            } else {
                first(bytes[i++] & 0xff);
            }
        }
    }

    private void first(int b) {
        kind = b >> 5;
        info = b & 31;
        if (b == 0xff) {
            broken();
            return;
        }
        if (chunked && (kind != chunkKind || info == INDEFINITE)) {
            throw new MalformedException("CBOR chunk");
        }
        if (info < 24) {
            argument = info;
            head();
        } else if (info < 28) {
            argument = 0;
            argumentLeft = 1 << info - 24;
        } else if (info == INDEFINITE && kind >= BYTES && kind <= MAP) {
            endless();
        } else {
            throw new MalformedException("CBOR head");
        }
    }

    private void head() {
        switch (kind) {
            case UNSIGNED -> numeric(argument >= 0 ? argument : argument + 0x1p64);
            case NEGATIVE -> numeric(-1.0 - (argument >= 0 ? argument : argument + 0x1p64));
            case BYTES, TEXT -> string();
            case LIST, MAP -> container();
            case TAG -> {
                // Its item follows.
            }
            case SIMPLE -> simple();
            default -> throw new MalformedException("CBOR kind"); // there are eight
        }
    }

    private void numeric(double value) {
        number = value;
        value();
        number = Double.NaN;
    }

    private void simple() {
        switch (info) {
            case 25 -> numeric(half((int) argument));
            case 26 -> numeric(Float.intBitsToFloat((int) argument));
            case 27 -> numeric(Double.longBitsToDouble(argument));
            default -> {
                isTrue = info == 21;
                value();
                isTrue = false;
            }
        }
    }

    private static double half(int bits) {
        int exponent = bits >> 10 & 31;
        int mantissa = bits & 0x3ff;
        double value = exponent == 0
                ? mantissa * 0x1p-24
                : exponent == 31
                        ? mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                        : Math.scalb(1024.0 + mantissa, exponent - 25);
        return (bits & 0x8000) == 0 ? value : -value;
    }

    private void string() {
        if (argument < 0) {
            throw new MalformedException("CBOR length");
        }
        if (!chunked) {
            length = 0;
        }
        bytesLeft = argument;
        if (argument == 0) {
            stringDone();
        }
    }

    private void endless() {
        if (kind == BYTES || kind == TEXT) {
            chunked = true;
            chunkKind = kind;
            length = 0;
        } else {
            open(ENDLESS);
        }
    }

    private void take(byte[] bytes, int from, int n) {
        if (kind != TEXT) {
            return;
        }
        int kept = Math.min(n, LONGEST - length);
        if (length + kept > text.length) {
            text = Arrays.copyOf(text, Math.min(LONGEST, Math.max(length + kept, 2 * text.length)));
        }
        System.arraycopy(bytes, from, text, length, kept);
        length += kept;
    }

    private void stringDone() {
        if (!chunked) {
            isText = kind == TEXT;
            value();
            isText = false;
        }
    }

    private void container() {
        if (argument < 0 || argument > Integer.MAX_VALUE) {
            throw new MalformedException("CBOR count");
        }
        open(kind == MAP ? 2 * argument : argument);
    }

    private void open(long items) {
        if (isKey() || depth == DEEPEST) {
            throw new MalformedException("CBOR nesting");
        }
        sink.begin(kind == MAP, ownName());
        maps[depth] = kind == MAP;
        keys[depth] = kind == MAP;
        left[depth++] = items;
        if (items == 0) {
            close1();
        }
    }

    private void broken() {
        if (chunked) {
            chunked = false;
            kind = chunkKind;
            stringDone();
            return;
        }
        if (depth == 0 || left[depth - 1] != ENDLESS || maps[depth - 1] && !keys[depth - 1]) {
            throw new MalformedException("CBOR break");
        }
        close1();
    }

    private boolean isKey() {
        return depth > 0 && keys[depth - 1];
    }

    private String ownName() {
        return depth > 0 && maps[depth - 1] ? name : "";
    }

    /** A single item: a key, or a value that is told of. */
    private void value() {
        if (isKey()) {
            name = isText ? loop.texts.of(text, 0, length) : "";
        } else {
            any = true;
            sink.value(ownName(), this);
        }
        counted();
    }

    private void close1() {
        depth--;
        any = true;
        sink.end();
        counted();
    }

    /** One item of what is around is done. */
    private void counted() {
        if (depth == 0) {
            return;
        }
        int top = depth - 1;
        keys[top] = maps[top] && !keys[top];
        if (left[top] != ENDLESS && --left[top] == 0) {
            close1();
        }
    }

    @Override
    public boolean finish() {
        return any && depth == 0 && argumentLeft == 0 && bytesLeft == 0 && !chunked;
    }

    @Override
    public void close() {
        text = new byte[0];
    }

    // ---- the token

    @Override
    public boolean isText() {
        return isText;
    }

    @Override
    public boolean isNumber() {
        return !Double.isNaN(number);
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
        return number;
    }
}
