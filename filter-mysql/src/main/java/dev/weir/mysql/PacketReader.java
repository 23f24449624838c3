package dev.weir.mysql;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream into payloads and shows the head of each: 4 bytes of length and sequence number, and a payload that goes on
 * in the next packet if it has 0xFFFFFF bytes (MySQL: "Protocol Packets"). Of a payload only the bytes that are asked
 * for are kept together, and only while they come in pieces.
 */
final class PacketReader {
    /** Most bytes of a packet; one that is full is followed by another one of the same payload. */
    static final int FULL = 0xFFFFFF;

    static final int HEADER = 4;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** Told of payloads. */
    interface Handler {
        /**
         * A payload begins.
         *
         * @param first its first byte, -1 if it is empty
         * @param length of the first packet; {@link #FULL} if more follow
         * @return how many bytes {@link #head} is to show together; 0 or less: none, it is not called
         */
        int begin(int sequence, int first, int length);

        /** The bytes asked for: fewer if the payload is shorter, or if there is no memory. For this call only. */
        void head(byte[] a, int from, int to);

        /** The payload ended. {@code length} counts all its bytes. */
        void end(long length);

        /**
         * While {@link PacketReader#runs} is on, and between two payloads: may take whole packets at once.
         *
         * @return where the first packet begins that is to be shown one by one; {@code from} for none taken
         */
        default int run(byte[] a, int from, int to) {
            return from;
        }
    }

    private final Loop loop;
    private final Handler handler;

    private int header;
    private int headerBytes;
    private int left;
    private boolean continues;
    private boolean continued;
    private boolean begun;
    private int want;
    private int have;
    private byte @Nullable [] head;
    private long length;
    private boolean paused;
    private boolean runs;

    PacketReader(Loop loop, Handler handler) {
        this.loop = loop;
        this.handler = handler;
    }

    /** Bytes of a payload with its headers. */
    static long onTheWire(long length) {
        return length + HEADER * (length / FULL + 1);
    }

    /** Whether it stands between two payloads. */
    boolean atBoundary() {
        return headerBytes == 0 && !continued;
    }

    /** Makes {@link #feed} return after the payload that ends now: what follows is something else. */
    void pause() {
        paused = true;
    }

    /** Takes bytes; answers where it stopped: at {@code to}, unless it was paused. */
    int feed(byte[] a, int from, int to) {
        paused = false;
        int i = from;
        while (i < to && !paused) {
            if (headerBytes < HEADER) {
                if (runs && atBoundary()) {
                    i = handler.run(a, i, to);
                }
                i = header(a, i, to);
            } else {
                i = payload(a, i, to);
            }
        }
        return i;
    }

    private int header(byte[] a, int from, int to) {
        int i = from;
        if (headerBytes == 0 && to - from >= HEADER) {
            header = (int) INT.get(a, from);
            headerBytes = HEADER;
            i += HEADER;
        } else {
            while (i < to && headerBytes < HEADER) {
                header |= (a[i++] & 0xff) << (8 * headerBytes++);
            }
        }
        if (headerBytes == HEADER) {
            left = header & FULL;
            continues = left == FULL;
            if (!continued) {
                length = 0;
                begun = false;
            }
            if (left == 0) {
                if (!begun) {
                    begin(-1);
                }
                packetEnds();
            }
        }
        return i;
    }

    private void begin(int first) {
        begun = true;
        have = 0;
        int most = left == FULL ? Integer.MAX_VALUE : left;
        want = Math.min(most, handler.begin(header >>> 24, first, left));
    }

    private int payload(byte[] a, int from, int to) {
        if (!begun) {
            begin(a[from] & 0xff);
        }
        int n = Math.min(left, to - from);
        if (want > 0) {
            if (have == 0 && n >= want) {
                int wanted = want;
                want = 0;
                handler.head(a, from, from + wanted);
            } else {
                collect(a, from, Math.min(n, want - have));
            }
        }
        left -= n;
        length += n;
        if (left == 0) {
            packetEnds();
        }
        return from + n;
    }

    private void collect(byte[] a, int from, int n) {
        byte[] room = loop.room(head, have, have + n);
        if (room == null) {
            show(); // no memory for more
            return;
        }
        head = room;
        System.arraycopy(a, from, room, have, n);
        have += n;
        if (have == want) {
            show();
        }
    }

    private void show() {
        byte[] shown = head;
        want = 0;
        if (shown != null) {
            try {
                handler.head(shown, 0, have);
            } finally {
                release();
            }
        }
    }

    private void packetEnds() {
        headerBytes = 0;
        header = 0;
        continued = continues;
        if (!continues) {
            if (want > 0) {
                show();
            }
            handler.end(length);
        }
    }

    /** How many bytes may be left out, because they would be skipped. */
    int skippable() {
        return headerBytes == HEADER && begun && want <= 0 ? left : 0;
    }

    /** Leaves out {@code n} of {@link #skippable} bytes. */
    void skip(int n) {
        left -= n;
        length += n;
        if (left == 0 && n > 0) {
            packetEnds();
        }
    }

    /** Whether {@link Handler#run} is to be asked. */
    void runs(boolean on) {
        runs = on;
    }

    /** Forgets what is half seen. */
    void reset() {
        release();
        header = 0;
        headerBytes = 0;
        continued = false;
        want = 0;
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (head != null) {
            loop.giveBack(head);
            head = null;
        }
        have = 0;
    }
}
