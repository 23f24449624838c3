package dev.weir.core.compress;

/**
 * snappy's raw blocks, read as they come: the libraries take whole buffers only.
 *
 * <pre>
 *   frame    uncompressed length varint, 1 to 5 bytes · elements              google/snappy, format_description.txt
 *   element  tag u8, by its low bits:
 *            00 literal  length-1 in the tag; 60 to 63: in the next 1 to 4 bytes  · the bytes
 *            01 copy     length 4 to 11 · offset of 11 bits, the low 8 in the next byte
 *            10 copy     length 1 to 64 · offset u16
 *            11 copy     length 1 to 64 · offset u32                all little endian, offsets count backwards
 * </pre>
 *
 * The frame ends where the announced length is reached; nothing is written beyond it, nothing is allocated from it.
 *
 * <p>How far back copies may reach is not said anywhere. snappy itself, and what most drivers use, compress blocks of
 * 64 KiB one by one; S2, which MongoDB's driver for Go uses, the whole message. So the window is one block, two where the
 * frame is longer, and doubles only after a copy has crossed the border of a block, with what has been written, up to
 * {@link #MAX_WINDOW} and as far as the pool has memory. A copy that reaches further is no room, not malformed.
 */
final class SnappyInflation implements Inflation {
    private static final int BLOCK_BITS = 16;
    private static final int BLOCK = 1 << BLOCK_BITS;

    /** Its state and the window of short frames. */
    static final long BYTES = BLOCK + 256;
    /** As much as zstd may have. */
    static final int MAX_WINDOW = 16 << 20;

    private static final long MAX_LENGTH = 0xFFFFFFFFL;
    private static final int LONGEST_VARINT_BITS = 35;
    /** Lengths of literals from here on follow the tag. */
    private static final int LONG_LITERAL = 60;

    private static final byte[] NONE = {};

    private enum State {
        LENGTH,
        TAG,
        NUMBER,
        LITERAL,
        COPY,
        FINISHED
    }

    private final Inflaters pool;
    private final byte[] block = new byte[BLOCK];
    /** The last bytes, each at its position modulo the size. */
    private byte[] window = block;
    /** What came before was overwritten before the window grew. */
    private long floor;

    private boolean crossed;

    private State state = State.LENGTH;
    private long announced;
    /** Bytes written of the frame. */
    private long position;

    private int tag;
    /** What follows the tag, as far as it is there. */
    private long number;
    /** Of it, or of the announced length. */
    private int numberBits;

    private int numberBytes;
    /** What is left of a literal or copy. */
    private long left;

    private int offset;

    // Of the running call.
    private byte[] in = NONE;
    private int at;
    private int to;
    private byte[] out = NONE;
    private int outAt;
    private int outTo;

    private int consumed;

    SnappyInflation(Inflaters pool) {
        this.pool = pool;
    }

    SnappyInflation begin() {
        state = State.LENGTH;
        announced = 0;
        position = 0;
        numberBits = 0;
        floor = 0;
        crossed = false;
        return this;
    }

    @Override
    public int inflate(byte[] in, int from, int to, byte[] out, int outFrom, int outTo) {
        this.in = in;
        this.at = from;
        this.to = to;
        this.out = out;
        this.outAt = outFrom;
        this.outTo = outTo;
        try {
            while (step()) {
                // until one side is used up
            }
        } finally {
            this.in = NONE;
            this.out = NONE;
        }
        consumed = at - from;
        return outAt - outFrom;
    }

    private boolean step() {
        return switch (state) {
            case LENGTH -> length();
            case TAG -> tag();
            case NUMBER -> number();
            case LITERAL -> literal();
            case COPY -> copy();
            case FINISHED -> false;
        };
    }

    private boolean length() {
        if (at == to) {
            return false;
        }
        int next = in[at++];
        announced |= (next & 0x7fL) << numberBits;
        numberBits += 7;
        if (next >= 0) {
            state = announced == 0 ? State.FINISHED : State.TAG;
        }
        if (announced > MAX_LENGTH || next < 0 && numberBits == LONGEST_VARINT_BITS) {
            throw malformed();
        }
        return true;
    }

    private boolean tag() {
        if (at == to) {
            return false;
        }
        tag = in[at++] & 0xff;
        number = 0;
        numberBits = 0;
        numberBytes = switch (tag & 3) {
            case 0 -> Math.max(0, (tag >> 2) - LONG_LITERAL + 1);
            case 1 -> 1;
            case 2 -> 2;
            default -> 4;
        };
        state = State.NUMBER;
        return number();
    }

    private boolean number() {
        while (numberBytes > 0) {
            if (at == to) {
                return false;
            }
            number |= (in[at++] & 0xffL) << numberBits;
            numberBits += 8;
            numberBytes--;
        }
        int high = tag >> 2;
        switch (tag & 3) {
            case 0 -> beginLiteral(high < LONG_LITERAL ? high + 1 : number + 1);
            case 1 -> beginCopy(4 + (high & 7), (high >> 3) << 8 | number);
            default -> beginCopy(high + 1, number);
        }
        return true;
    }

    private void beginLiteral(long length) {
        if (length > announced - position) {
            throw malformed();
        }
        left = length;
        state = State.LITERAL;
    }

    private void beginCopy(int length, long back) {
        if (length > announced - position || back == 0 || back > position) {
            throw malformed();
        }
        long source = position - back;
        if (back > window.length || source < floor) {
            throw new InflateException("window", true);
        }
        crossed |= source >> BLOCK_BITS != position + length - 1 >> BLOCK_BITS;
        left = length;
        offset = (int) back;
        state = State.COPY;
    }

    private boolean literal() {
        while (left > 0 && at < to && outAt < outTo) {
            int target = place();
            int n = Math.min(Math.min(to - at, outTo - outAt), window.length - target);
            n = (int) Math.min(n, left);
            System.arraycopy(in, at, window, target, n);
            System.arraycopy(in, at, out, outAt, n);
            at += n;
            pass(n);
        }
        return ended();
    }

    private boolean copy() {
        while (left > 0 && outAt < outTo) {
            int target = place();
            int source = (int) (position - offset) & (window.length - 1);
            int n = Math.min(Math.min(outTo - outAt, window.length - target), window.length - source);
            n = (int) Math.min(n, left);
            // Byte by byte, as a copy may read what it writes, which repeats the last bytes.
            for (int i = 0; i < n; i++) {
                byte b = window[source + i];
                window[target + i] = b;
                out[outAt + i] = b;
            }
            pass(n);
        }
        return ended();
    }

    private void pass(int n) {
        outAt += n;
        position += n;
        left -= n;
    }

    private boolean ended() {
        if (left > 0) {
            return false;
        }
        state = position == announced ? State.FINISHED : State.TAG;
        return true;
    }

    /** Where the next byte goes. Only before one is written: the window may grow when it would begin anew. */
    private int place() {
        if (position > 0 && ((int) position & (window.length - 1)) == 0) {
            grow();
        }
        return (int) position & (window.length - 1);
    }

    private void grow() {
        int size = window.length;
        if (size == MAX_WINDOW || size > BLOCK && !crossed || !pool.take(size)) {
            return;
        }
        byte[] larger = new byte[2 * size];
        long oldest = position - size;
        System.arraycopy(window, 0, larger, (int) oldest & (larger.length - 1), size);
        window = larger;
        floor = oldest;
    }

    private static InflateException malformed() {
        return new InflateException("malformed", false);
    }

    @Override
    public int consumed() {
        return consumed;
    }

    @Override
    public boolean finished() {
        return state == State.FINISHED;
    }

    @Override
    public void release() {
        pool.giveBack(window.length - BLOCK);
        window = block;
        pool.giveBack(this);
    }
}
