package dev.weir.mysql;

import dev.weir.core.compress.Inflaters.Format;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One direction of a connection: packets, from some point on in compressed frames. */
final class Stream {
    /** Bytes of one {@link #step}: what is behind a pause is copied again. */
    private static final int STEP = 8 << 10;

    private final Loop loop;
    final PacketReader packets;
    private @Nullable CompressedFrames frames;
    /** Bytes of compressed frames that nobody has been charged for yet. */
    private long uncharged;

    Stream(Loop loop, PacketReader.Handler handler) {
        this.loop = loop;
        this.packets = new PacketReader(loop, handler);
    }

    /** From the next byte on; {@code thorough}: see there. */
    void compressed(Format format, CompressedFrames.Owner owner, boolean thorough) {
        frames = new CompressedFrames(loop, format, packets, thorough, new CompressedFrames.Owner() {
            @Override
            public boolean frame(int sequence, long size) {
                uncharged += size;
                return owner.frame(sequence, size);
            }

            @Override
            public void lost() {
                owner.lost();
            }
        });
        packets.pause();
    }

    boolean compressed() {
        return frames != null;
    }

    /** Takes all of {@code [from, to)}. */
    void feed(ByteBuf data, int from, int to) {
        int i = from;
        while (i < to) {
            if (frames == null) {
                int skip = Math.min(packets.skippable(), to - i);
                if (skip > 0) {
                    packets.skip(skip);
                    i += skip;
                    continue;
                }
            }
            int n = Math.min(to - i, Loop.WINDOW);
            byte[] window = loop.window;
            data.getBytes(i, window, 0, n);
            feed(window, 0, n);
            i += n;
        }
    }

    /**
     * Takes some of {@code [from, to)}: no further than to where the packets paused, or to the end of a compressed frame.
     *
     * @return where it stopped
     */
    int step(ByteBuf data, int from, int to) {
        CompressedFrames below = frames;
        if (below != null) {
            int n = Math.min(Math.min(to - from, below.missing()), Loop.WINDOW);
            data.getBytes(from, loop.window, 0, n);
            below.feed(loop.window, 0, n);
            return from + n;
        }
        int skip = Math.min(packets.skippable(), to - from);
        if (skip > 0) {
            packets.skip(skip);
            return from + skip;
        }
        int n = Math.min(to - from, STEP);
        data.getBytes(from, loop.window, 0, n);
        return from + packets.feed(loop.window, 0, n);
    }

    private void feed(byte[] a, int from, int to) {
        int i = from;
        while (i < to) {
            CompressedFrames below = frames;
            if (below == null) {
                i = packets.feed(a, i, to);
            } else {
                below.feed(a, i, to);
                i = to;
            }
        }
    }

    /**
     * Bytes on the wire of a payload that ended. Where frames are compressed, the first payload that ends after a frame's
     * begin is charged for all of it.
     */
    long charge(long length) {
        if (frames == null) {
            return PacketReader.onTheWire(length);
        }
        long all = uncharged;
        uncharged = 0;
        return all;
    }

    /** The same for {@code bytes} of whole packets. */
    long chargeRun(int bytes) {
        return frames == null ? bytes : charge(0);
    }

    /** Whether it does not stand within a compressed frame. */
    boolean atFrameEnd() {
        return frames == null || frames.atBoundary();
    }

    boolean atBoundary() {
        return packets.atBoundary() && (frames == null || frames.atBoundary());
    }

    /** Everything of this direction that is on its way is unknown. */
    void lose() {
        packets.reset();
        uncharged = 0;
        if (frames != null) {
            frames.skipRest();
        }
    }

    /** Gives back what it has borrowed. */
    void release() {
        packets.release();
        if (frames != null) {
            frames.release();
        }
    }
}
