package dev.weir.core.compress;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** zlib, and what it wraps, by the JDK. */
final class ZlibInflation implements Inflation {
    /** Its state and window of 32 KiB. */
    static final long BYTES = 48 << 10;

    private final Inflaters pool;
    private final boolean raw;
    private final Inflater inflater;
    private int consumed;

    /** With {@code raw} there is neither a header nor a checksum. */
    ZlibInflation(Inflaters pool, boolean raw) {
        this.pool = pool;
        this.raw = raw;
        this.inflater = new Inflater(raw);
    }

    boolean isRaw() {
        return raw;
    }

    ZlibInflation begin() {
        inflater.reset();
        return this;
    }

    @Override
    public int inflate(byte[] in, int from, int to, byte[] out, int outFrom, int outTo) {
        inflater.setInput(in, from, to - from);
        try {
            int written = inflater.inflate(out, outFrom, outTo - outFrom);
            consumed = to - from - inflater.getRemaining();
            if (inflater.needsDictionary()) {
                throw new InflateException("dictionary", false);
            }
            return written;
        } catch (DataFormatException e) {
            throw new InflateException("malformed", false);
        }
    }

    @Override
    public int consumed() {
        return consumed;
    }

    @Override
    public boolean finished() {
        return inflater.finished();
    }

    @Override
    public void release() {
        pool.giveBack(this);
    }

    void end() {
        inflater.end();
    }
}
