package dev.weir.core.compress;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The inflaters of one event loop: leased for the time of one frame, kept for the next one, and never more of them than
 * a number of bytes of memory, native or not, whatever peers send. On that loop only, but for {@link #close}.
 */
public final class Inflaters implements AutoCloseable {
    /** How a frame is compressed. */
    public enum Format {
        /** RFC 1950. */
        ZLIB,
        /** RFC 1951: what zlib and gzip wrap. */
        DEFLATE,
        /** RFC 8878; a single frame, without a dictionary. */
        ZSTD,
        /** snappy's raw blocks, not its framing format. */
        SNAPPY
    }

    /** Memory of all inflaters of a loop, unless told otherwise. */
    public static final long DEFAULT_MAX_BYTES = 32L << 20;

    /** Most idle inflaters of a format that are kept. */
    private static final int KEPT = 4;

    private final long maxBytes;
    private final ArrayDeque<ZlibInflation> zlib = new ArrayDeque<>();
    private final ArrayDeque<ZlibInflation> deflate = new ArrayDeque<>();
    private final ArrayDeque<ZstdInflation> zstd = new ArrayDeque<>();
    private final ArrayDeque<SnappyInflation> snappy = new ArrayDeque<>();
    private @Nullable ZstdBuffers buffers;
    private long taken;
    private boolean closed;

    /** A pool with the default limit. */
    public Inflaters() {
        this(DEFAULT_MAX_BYTES);
    }

    /** A pool whose leased inflaters take at most {@code maxBytes} bytes of memory together. */
    public Inflaters(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** An inflater for one frame, or null if there is no memory left for one. */
    public @Nullable Inflation lease(Format format) {
        if (closed || !take(bytes(format))) {
            return null;
        }
        switch (format) {
            case ZLIB -> {
                ZlibInflation idle = zlib.pollLast();
                return idle != null ? idle.begin() : new ZlibInflation(this, false).begin();
            }
            case DEFLATE -> {
                ZlibInflation idle = deflate.pollLast();
                return idle != null ? idle.begin() : new ZlibInflation(this, true).begin();
            }
            case ZSTD -> {
                ZstdInflation idle = zstd.pollLast();
                return idle != null ? idle.begin() : new ZstdInflation(this).begin();
            }
            default -> {
                SnappyInflation idle = snappy.pollLast();
                return idle != null ? idle.begin() : new SnappyInflation(this).begin();
            }
        }
    }

    private static long bytes(Format format) {
        return switch (format) {
            case ZLIB, DEFLATE -> ZlibInflation.BYTES;
            case ZSTD -> ZstdInflation.BYTES;
            case SNAPPY -> SnappyInflation.BYTES;
        };
    }

    /** Memory of what is leased, in bytes. */
    public long taken() {
        return taken;
    }

    boolean take(long bytes) {
        if (taken + bytes > maxBytes) {
            return false;
        }
        taken += bytes;
        return true;
    }

    void giveBack(long bytes) {
        taken -= bytes;
    }

    void giveBack(ZlibInflation inflation) {
        giveBack(ZlibInflation.BYTES);
        ArrayDeque<ZlibInflation> idle = inflation.isRaw() ? deflate : zlib;
        if (closed || idle.size() >= KEPT) {
            inflation.end();
        } else {
            idle.addLast(inflation);
        }
    }

    void giveBack(ZstdInflation inflation, boolean grown) {
        giveBack(ZstdInflation.BYTES);
        if (closed || grown || zstd.size() >= KEPT) {
            inflation.end();
        } else {
            zstd.addLast(inflation);
        }
    }

    void giveBack(SnappyInflation inflation) {
        giveBack(SnappyInflation.BYTES);
        if (!closed && snappy.size() < KEPT) {
            snappy.addLast(inflation);
        }
    }

    /** Direct memory that the zstd library reads from and writes to, for the running call only. */
    ZstdBuffers buffers() {
        ZstdBuffers made = buffers;
        if (made == null) {
            made = new ZstdBuffers();
            buffers = made;
        }
        return made;
    }

    /** Frees what is idle; what is still leased is freed when it is given back. After the loop has ended, or on it. */
    @Override
    public void close() {
        closed = true;
        zlib.forEach(ZlibInflation::end);
        zlib.clear();
        deflate.forEach(ZlibInflation::end);
        deflate.clear();
        zstd.forEach(ZstdInflation::end);
        zstd.clear();
        snappy.clear();
        buffers = null;
    }
}
