package dev.weir.mongo;

import dev.weir.core.compress.InflateException;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * Inflates the begin of a body of OP_COMPRESSED that is at hand, in one go: what was leased is given back before it returns.
 *
 * <pre>
 *   header · originalOpcode i32 · uncompressedSize i32 · compressorId u8 · bytes
 * </pre>
 */
final class Inflating {
    /** Header of the message, and what comes before the compressed bytes. */
    static final int HEADER = Wire.HEADER + 9;

    private static final int CHUNK = 16 << 10;

    /** Heap arrays for the running call, as inflaters want them. */
    private static final class Chunks {
        final byte[] in = new byte[CHUNK];
        final byte[] out = new byte[CHUNK];
    }

    private static final FastThreadLocal<Chunks> CHUNKS = new FastThreadLocal<>() {
        @Override
        protected Chunks initialValue() {
            return new Chunks();
        }
    };

    private final Inflaters inflaters;

    Inflating(Inflaters inflaters) {
        this.inflaters = inflaters;
    }

    /** Opcode of the message that begins at {@code at}, of which {@link #HEADER} bytes are there, inside its compression. */
    static int opcode(ByteBuf data, int at) {
        int opcode = data.getIntLE(at + Wire.HEADER);
        if (opcode == Wire.OP_COMPRESSED) {
            throw new SniffException("compression");
        }
        return opcode;
    }

    /** Size of the body inside its compression. */
    static int size(ByteBuf data, int at) {
        int size = data.getIntLE(at + Wire.HEADER + 4);
        if (size < 0 || size > Wire.MAX_MESSAGE - Wire.HEADER) {
            throw new SniffException("compression");
        }
        return size;
    }

    /**
     * Inflates what is there of the message that begins at {@code at} and has {@code available} bytes so far, until
     * {@code most} bytes have been written to {@code out}.
     *
     * @param whole whether no more bytes of the message are to come: then its size has to be what it says
     * @return number of bytes written
     * @throws SniffException if it is malformed, or there is no inflater to be had
     */
    int inflate(ByteBuf data, int at, int available, boolean whole, int most, ByteBuf out) {
        int size = size(data, at);
        int wanted = Math.min(size, most);
        int from = at + HEADER;
        int to = at + available;
        int compressor = data.getByte(from - 1);
        if (compressor == Wire.NOOP) {
            if (to - from > size || whole && to - from != size) {
                throw new SniffException("compression");
            }
            int n = Math.min(to - from, wanted);
            out.writeBytes(data, from, n);
            return n;
        }
        Inflation inflation = inflaters.lease(format(compressor));
        if (inflation == null) {
            throw new SniffException("no_room");
        }
        try {
            return inflate(inflation, data, from, to, new Goal(wanted, size, whole), out);
        } catch (InflateException e) {
            throw new SniffException(e.noRoom() ? "no_room" : "compression");
        } finally {
            inflation.release();
        }
    }

    /** How far to go: bytes wanted, bytes there are to be, and whether the frame has to be complete then. */
    private record Goal(int wanted, int size, boolean whole) {}

    private static int inflate(Inflation inflation, ByteBuf data, int from, int to, Goal goal, ByteBuf out) {
        Chunks chunks = CHUNKS.get();
        // One byte more than announced, so that a frame that lies is found out.
        int most = goal.wanted == goal.size ? goal.size + 1 : goal.wanted;
        int written = 0;
        int next = from;
        int at = 0;
        int end = 0;
        while (written < most && !inflation.finished()) {
            if (at == end && next < to) {
                end = Math.min(CHUNK, to - next);
                at = 0;
                data.getBytes(next, chunks.in, 0, end);
                next += end;
            }
            int n = inflation.inflate(chunks.in, at, end, chunks.out, 0, Math.min(CHUNK, most - written));
            at += inflation.consumed();
            written += n;
            if (written > goal.size) {
                throw new SniffException("compression");
            }
            out.writeBytes(chunks.out, 0, n);
            if (n == 0 && inflation.consumed() == 0) {
                break;
            }
        }
        boolean ended = inflation.finished() && at == end && next == to;
        if (goal.whole && goal.wanted == goal.size && (written != goal.size || !ended)) {
            throw new SniffException("compression");
        }
        return written;
    }

    private static Format format(int compressor) {
        return switch (compressor) {
            case Wire.SNAPPY -> Format.SNAPPY;
            case Wire.ZLIB -> Format.ZLIB;
            case Wire.ZSTD -> Format.ZSTD;
            default -> throw new SniffException("compression");
        };
    }
}
