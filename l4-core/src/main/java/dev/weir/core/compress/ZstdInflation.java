package dev.weir.core.compress;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * zstd, by its own library. The window that a frame asks for is read from its header first (RFC 8878, 3.1.1.1): the
 * library would allocate up to 128 MiB for it.
 */
final class ZstdInflation implements Inflation {
    /** Its state and the window of small frames. */
    static final long BYTES = 256 << 10;

    private static final long SMALL_WINDOW = 64 << 10;
    /** As large as what any protocol puts into one frame here. */
    private static final long MAX_WINDOW = 16 << 20;

    private static final int MAGIC = 0xFD2FB528;
    private static final int LONGEST_HEADER = 18;
    private static final int[] DICTIONARY_BYTES = {0, 1, 2, 4};

    private final Inflaters pool;
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final byte[] header = new byte[LONGEST_HEADER];
    private int headerBytes;
    private boolean checked;
    private boolean finished;
    private int consumed;
    /** What the window takes beyond {@link #BYTES}. */
    private long window;

    ZstdInflation(Inflaters pool) {
        this.pool = pool;
    }

    ZstdInflation begin() {
        context.reset();
        headerBytes = 0;
        checked = false;
        finished = false;
        window = 0;
        return this;
    }

    @Override
    public int inflate(byte[] in, int from, int to, byte[] out, int outFrom, int outTo) {
        consumed = 0;
        if (!checked) {
            while (!checked && from + consumed < to) {
                header[headerBytes++] = in[from + consumed++];
                check();
            }
            if (!checked) {
                return 0;
            }
            return decompress(header, 0, headerBytes, out, outFrom, outTo, true);
        }
        return decompress(in, from, to, out, outFrom, outTo, false);
    }

    private int decompress(byte[] in, int from, int to, byte[] out, int outFrom, int outTo, boolean head) {
        ByteBuffer source = pool.buffers().in.clear();
        ByteBuffer target = pool.buffers().out.clear();
        source.put(in, from, Math.min(to - from, ZstdBuffers.SIZE)).flip();
        target.limit(Math.min(outTo - outFrom, ZstdBuffers.SIZE));
        int given = source.limit();
        try {
            finished = context.decompressDirectByteBufferStream(target, source);
        } catch (ZstdException e) {
            throw new InflateException("malformed", false);
        }
        if (!head) {
            consumed = given - source.remaining();
        } else if (source.hasRemaining() && !finished) {
            throw new InflateException("malformed", false);
        }
        int written = target.position();
        target.flip().get(out, outFrom, written);
        return written;
    }

    /** Looks at the header as far as it is there; charges the window once that is known. */
    private void check() {
        if (headerBytes < 5) {
            return;
        }
        int magic = header[0] & 0xff | (header[1] & 0xff) << 8 | (header[2] & 0xff) << 16 | header[3] << 24;
        if (magic != MAGIC) {
            throw new InflateException("malformed", false);
        }
        int descriptor = header[4] & 0xff;
        boolean single = (descriptor & 0x20) != 0;
        int sizeFlag = descriptor >> 6;
        int sizeBytes = sizeFlag == 0 ? single ? 1 : 0 : 1 << sizeFlag;
        int sizeAt = 5 + (single ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3];
        if (headerBytes < sizeAt + sizeBytes) {
            return;
        }
        checked = true;
        charge(single ? contentSize(sizeAt, sizeBytes) : windowSize(header[5] & 0xff));
    }

    private long contentSize(int at, int bytes) {
        long size = 0;
        for (int i = 0; i < bytes; i++) {
            size |= (header[at + i] & 0xffL) << (8 * i);
        }
        return bytes == 2 ? size + 256 : size;
    }

    private static long windowSize(int descriptor) {
        long base = 1L << (10 + (descriptor >> 3));
        return base + base / 8 * (descriptor & 7);
    }

    private void charge(long size) {
        if (size < 0 || size > MAX_WINDOW) {
            throw new InflateException("window", false);
        }
        if (size > SMALL_WINDOW) {
            if (!pool.take(size)) {
                throw new InflateException("no room", true);
            }
            window = size;
        }
    }

    @Override
    public int consumed() {
        return consumed;
    }

    @Override
    public boolean finished() {
        return finished;
    }

    @Override
    public void release() {
        pool.giveBack(window);
        pool.giveBack(this, window > 0);
    }

    void end() {
        context.close();
    }
}
