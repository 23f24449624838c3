package dev.weir.mysql;

import dev.weir.core.compress.InflateException;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;

/**
 * The client's side of a compressed connection at a command gate. Clients begin a frame with each command, and so commands are cut
 * at frames; one that begins within a frame cannot be. Frames are inflated whole, as servers take the length that comes out,
 * not the one that was announced.
 *
 * <pre>
 *   size u3 · sequence u1 · inflated size u3, or 0 for bytes as they are · bytes
 * </pre>
 */
final class GateFrames implements PacketReader.Handler {
    private static final int HEADER = 7;

    /** With how many bytes it is tried to inflate a frame that is not all there; then with twice as many. */
    private static final int FIRST_TRY = 8 << 10;

    private final Loop loop;
    private final Format format;
    private final GateAnswers answers;
    private final Stream client;
    private int nextTry = FIRST_TRY;

    private boolean file;
    private boolean fileOver;
    private int ended;
    private int begun;
    private int frames;
    private int packets;
    private boolean done;

    GateFrames(Loop loop, Format format, GateAnswers answers) {
        this.loop = loop;
        this.format = format;
        this.answers = answers;
        this.client = new Stream(loop, this);
        client.compressed(format, GateAnswers.EVERY_FRAME, true);
    }

    /** Frames of the payload that passed last. */
    int frames() {
        return frames;
    }

    /** Packets of the payload that passed last. */
    int packets() {
        return packets;
    }

    void release() {
        client.release();
    }

    // ---- looking

    /**
     * Inflates the begin of the frame that begins there into {@link Loop#inflated}: of a packet's header and payload as many bytes as
     * are looked at, or fewer if the frame has no more.
     *
     * @return how many; -1 if the frame is not there
     */
    int peek(ByteBuf data) {
        int n = data.readableBytes();
        if (n < HEADER) {
            return -1;
        }
        int from = data.readerIndex();
        int size = data.getUnsignedMediumLE(from);
        int plain = data.getUnsignedMediumLE(from + 4);
        boolean whole = n - HEADER >= size;
        int available = Math.min(size, n - HEADER);
        int most = PacketReader.HEADER + GateHead.LOOK;
        if (plain == 0) {
            int look = Math.min(size, most);
            if (available < look) {
                return -1;
            }
            data.getBytes(from + HEADER, loop.inflated, 0, look);
            return look;
        }
        if (!whole && available < nextTry) {
            return -1;
        }
        int look = Math.min(plain, most);
        int got = inflate(data, from + HEADER, available, look);
        if (got < look && !whole) {
            nextTry *= 2;
            return -1;
        }
        if (got < look) {
            throw new SniffException("compression");
        }
        nextTry = FIRST_TRY;
        return got;
    }

    private int inflate(ByteBuf data, int from, int available, int look) {
        Inflation inflation = loop.inflaters.lease(format);
        if (inflation == null) {
            throw new SniffException("no_room");
        }
        try {
            int written = 0;
            for (int at = 0; at < available && written < look; ) {
                int n = Math.min(Loop.WINDOW, available - at);
                data.getBytes(from + at, loop.window, 0, n);
                int i = 0;
                int moved = 1;
                while (written < look && moved > 0) {
                    int out = inflation.inflate(loop.window, i, n, loop.inflated, written, look);
                    written += out;
                    i += inflation.consumed();
                    moved = out + inflation.consumed();
                }
                at += n;
            }
            return written;
        } catch (InflateException e) {
            throw new SniffException(e.noRoom() ? "no_room" : "compression");
        } finally {
            inflation.release();
        }
    }

    // ---- passing

    /** A command, a packet of a login, or a frame of a file begins. */
    void begin(boolean ofFile) {
        file = ofFile;
        fileOver = false;
        ended = 0;
        begun = 0;
        frames = 0;
        packets = 0;
        done = false;
    }

    /** Goes over what there is of it, to its end at most; answers with the number of bytes. */
    int pass(ByteBuf data) {
        int from = data.readerIndex();
        int to = data.writerIndex();
        int i = from;
        while (i < to && !done) {
            i = client.step(data, i, to);
            if (client.atFrameEnd()) {
                frames++;
                done = client.packets.atBoundary() && (file || ended > 0);
                if (!file && (begun > 1 || ended > 0 && !done)) {
                    throw new SniffException("frames");
                }
            }
        }
        return i - from;
    }

    /** Whether it has passed. */
    boolean done() {
        return done;
    }

    @Override
    public int begin(int sequence, int first, int length) {
        begun++;
        if (fileOver) {
            throw new SniffException("frames");
        }
        if (file && first < 0) {
            fileOver = true;
            answers.fileEnds();
        }
        return 0;
    }

    @Override
    public void head(byte[] a, int from, int to) {
        // Nothing is asked for.
    }

    @Override
    public void end(long length) {
        ended++;
        packets += (int) (length / PacketReader.FULL) + 1;
    }
}
