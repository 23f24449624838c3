package dev.weir.mysql;

import dev.weir.core.compress.InflateException;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import dev.weir.core.protocol.SniffException;
import org.jspecify.annotations.Nullable;

/**
 * The layer of compression below that of packets: 7 bytes of length, sequence number and inflated length, then a frame; an
 * inflated length of 0 means that it is stored as it is (MySQL: "Compression"). Frames hold any part of the stream of
 * packets. No more is inflated than the packets want to see, or than the frame has announced.
 */
final class CompressedFrames {
    private static final int HEADER = 7;

    /** What is to be told of frames. */
    interface Owner {
        /**
         * A frame begins.
         *
         * @return whether it is to be read; else it is skipped
         */
        boolean frame(int sequence, long size);

        /** There is no inflater for the frame: nothing is known of the rest of the stream. */
        void lost();
    }

    private final Loop loop;
    private final Format format;
    private final PacketReader packets;
    private final boolean thorough;
    private final Owner owner;

    private long header;
    private int headerBytes;
    private int left;
    private int plainLeft;
    private boolean skips;
    private boolean stored;
    private @Nullable Inflation inflation;

    /**
     * Makes the layer.
     *
     * @param thorough whether each frame is inflated whole, so that its length is what was announced
     */
    CompressedFrames(Loop loop, Format format, PacketReader packets, boolean thorough, Owner owner) {
        this.loop = loop;
        this.format = format;
        this.packets = packets;
        this.thorough = thorough;
        this.owner = owner;
    }

    boolean atBoundary() {
        return headerBytes == 0;
    }

    /** Bytes that are missing of a header, or of the frame behind it. */
    int missing() {
        return headerBytes < HEADER ? HEADER - headerBytes : left;
    }

    /** Takes bytes, all of them. */
    void feed(byte[] a, int from, int to) {
        int i = from;
        while (i < to) {
            if (headerBytes < HEADER) {
                header |= (a[i++] & 0xffL) << (8 * headerBytes++);
                if (headerBytes == HEADER) {
                    begin();
                }
                continue;
            }
            int n = Math.min(left, to - i);
            if (!skips) {
                if (stored) {
                    show(a, i, i + n);
                } else {
                    inflate(a, i, i + n);
                }
            }
            i += n;
            left -= n;
            if (left == 0) {
                end();
            }
        }
    }

    private void begin() {
        left = (int) header & 0xFFFFFF;
        plainLeft = (int) (header >>> 32) & 0xFFFFFF;
        stored = plainLeft == 0;
        skips = !owner.frame((int) (header >>> 24) & 0xff, HEADER + (long) left);
        if (!skips && !stored) {
            if (!thorough && packets.skippable() >= plainLeft) {
                leaveOut();
            } else {
                inflation = loop.inflaters.lease(format);
                if (inflation == null) {
                    lose();
                }
            }
        }
        if (left == 0) {
            end();
        }
    }

    private void lose() {
        skips = true;
        release();
        owner.lost();
    }

    /** The other direction was lost, and so is the rest of this frame. */
    void skipRest() {
        skips = true;
        release();
    }

    private void leaveOut() {
        int n = plainLeft;
        plainLeft = 0;
        skips = true;
        release();
        packets.skip(n);
    }

    private void inflate(byte[] a, int from, int to) {
        Inflation running = inflation;
        int i = from;
        try {
            while (running != null) {
                byte[] out = loop.inflated;
                // One byte more than announced, so that a frame that lies is found out.
                int written = running.inflate(a, i, to, out, 0, Math.min(out.length, plainLeft + 1));
                i += running.consumed();
                if (written > plainLeft) {
                    throw new SniffException("compression");
                }
                plainLeft -= written;
                show(out, 0, written);
                if (skips) {
                    return; // lost on the way
                }
                if (running.finished()) {
                    if (i < to) {
                        throw new SniffException("compression");
                    }
                    return;
                }
                if (!thorough && plainLeft > 0 && packets.skippable() >= plainLeft) {
                    leaveOut();
                    return;
                }
                if (written == 0 && (i == to || running.consumed() == 0)) {
                    return;
                }
            }
        } catch (InflateException e) {
            if (!e.noRoom()) {
                throw new SniffException("compression");
            }
            lose();
        }
    }

    private void show(byte[] a, int from, int to) {
        int i = from;
        while (i < to) {
            i = packets.feed(a, i, to);
        }
    }

    private void end() {
        Inflation ended = inflation;
        boolean complete = skips || stored || ended != null && ended.finished() && plainLeft == 0;
        header = 0;
        headerBytes = 0;
        release();
        if (!complete) {
            throw new SniffException("compression");
        }
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (inflation != null) {
            inflation.release();
            inflation = null;
        }
    }
}
