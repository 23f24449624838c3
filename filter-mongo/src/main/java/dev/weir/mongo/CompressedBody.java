package dev.weir.mongo;

import dev.weir.core.compress.InflateException;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import dev.weir.core.protocol.SniffException;
import org.jspecify.annotations.Nullable;

/**
 * The body of OP_COMPRESSED, one direction of a connection. No more is inflated than the message wants to see, than it has announced,
 * and than the peer has earned: each byte on the wire pays for some, so that a message which inflates to a thousand times its size
 * does not keep the loop busy.
 */
final class CompressedBody {
    /** Inflated bytes that one on the wire pays for: more than documents ever compress to. */
    private static final int RATE = 32;

    /** Most credit, which is there at the beginning, too. */
    private static final long CREDIT = 512 << 10;

    private final Loop loop;
    private long head;
    private int compressor;
    private long credit = CREDIT;
    private int plainLeft;
    private boolean skips;
    private boolean lossy;
    private @Nullable Inflation inflation;

    CompressedBody(Loop loop) {
        this.loop = loop;
    }

    /** A message begins. */
    void header() {
        head = 0;
    }

    /** Byte {@code i} of the 9 before the body. */
    void header(byte b, int i) {
        if (i < 8) {
            head |= (b & 0xffL) << 8 * i;
        } else {
            compressor = b & 0xff;
        }
    }

    int opcode() {
        return (int) head;
    }

    int compressor() {
        return compressor;
    }

    /**
     * The body begins, of so many bytes on the wire.
     *
     * @return its bytes when inflated
     */
    int begin(int wire) {
        plainLeft = (int) (head >>> 32);
        if (plainLeft < 5 || plainLeft > Wire.MAX_MESSAGE || compressor == Wire.NOOP && plainLeft != wire) {
            throw new SniffException("length");
        }
        skips = false;
        lossy = false;
        return plainLeft;
    }

    private static Format format(int compressor) {
        return switch (compressor) {
            case Wire.SNAPPY -> Format.SNAPPY;
            case Wire.ZLIB -> Format.ZLIB;
            case Wire.ZSTD -> Format.ZSTD;
            default -> throw new SniffException("compression");
        };
    }

    /** Takes bytes of the wire, all of them. */
    void feed(byte[] a, int from, int to, Body body) {
        credit = Math.min(CREDIT, credit + (long) RATE * (to - from));
        if (compressor == Wire.NOOP) {
            plainLeft -= to - from;
            show(a, from, to, body);
        } else if (!skips) {
            if (inflation == null) {
                inflation = loop.inflaters.lease(format(compressor));
            }
            if (inflation == null) {
                lose();
            } else {
                inflate(inflation, a, from, to, body);
            }
        }
    }

    private void inflate(Inflation running, byte[] a, int from, int to, Body body) {
        int i = from;
        byte[] out = loop.inflated;
        try {
            while (!skips) {
                if (plainLeft > 0 && body.skippable() >= plainLeft && !shown(body)) {
                    body.skipped(plainLeft);
                    plainLeft = 0;
                    skips = true;
                    return;
                }
                if (credit <= 0) {
                    lose();
                    return;
                }
                // One byte more than announced, so that a frame that lies is found out.
                int most = (int) Math.min(Math.min(out.length, plainLeft + 1L), credit);
                int written = running.inflate(a, i, to, out, 0, most);
                i += running.consumed();
                plainLeft -= written;
                credit -= written;
                if (plainLeft < 0 || running.finished() && i < to) {
                    throw new SniffException("compression");
                }
                read(out, written, body);
                if (running.finished() || written == 0 && (i == to || running.consumed() == 0)) {
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

    /** The body has ended: so has all that is in it. */
    void complete(Body body) {
        try {
            body.complete();
        } catch (SniffException e) {
            throw compressor == Wire.NOOP ? e : new SniffException("compression");
        }
    }

    /** Whether all of it is wanted, to be shown. */
    private static boolean shown(Body body) {
        RawText raw = body.raw();
        return raw != null && !raw.cut();
    }

    /** What is found in bytes that come before the damage depends on how far they came: it is the damage in any case. */
    private static void read(byte[] out, int written, Body body) {
        try {
            show(out, 0, written, body);
        } catch (SniffException e) {
            throw new SniffException("compression");
        }
    }

    private static void show(byte[] a, int from, int to, Body body) {
        int i = from;
        RawText raw = body.raw();
        if (raw != null) {
            raw.add(a, from, to);
        }
        while (i < to) {
            i = body.feed(a, i, to);
        }
    }

    private void lose() {
        lossy = true;
        skips = true;
        release();
    }

    /**
     * The message ends; {@code read} tells whether anybody has read it.
     *
     * @return whether a part of it was not seen
     */
    boolean end(boolean read) {
        Inflation ended = inflation;
        boolean complete =
                !read || skips || plainLeft == 0 && (compressor == Wire.NOOP || ended != null && ended.finished());
        release();
        if (!complete) {
            throw new SniffException("compression");
        }
        return lossy;
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (inflation != null) {
            inflation.release();
            inflation = null;
        }
    }
}
