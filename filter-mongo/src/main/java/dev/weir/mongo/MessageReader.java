package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One direction of a connection: cuts it into messages, and has their bodies read. */
final class MessageReader {
    /** What is told of messages. */
    interface Handler {
        /**
         * A message begins; for one that is compressed, when its own opcode is known.
         *
         * @param length of the message, all of it, on the wire
         * @param compressor how it is compressed, or -1
         * @return who reads its body; null to leave it out
         */
        Body.@Nullable Reader begins(int length, int requestId, int responseTo, int opcode, int compressor);

        /**
         * It is complete.
         *
         * @param lossy whether a part of its body could not be inflated, for lack of memory or of credit
         */
        void ended(boolean lossy);
    }

    private static final int PLAIN = -1;
    private static final int COMPRESSION = 9;

    private final Loop loop;
    private final Handler handler;
    private final boolean requests;

    private int headerBytes;
    /** The header, as far as it is there; behind that of a message, that of its compression. */
    private long low;

    private long high;
    private int length;
    private int left;
    private boolean open;
    private @Nullable Body body;
    private @Nullable CompressedBody compressed;
    private boolean inflates;

    MessageReader(Loop loop, Handler handler, boolean requests) {
        this.loop = loop;
        this.handler = handler;
        this.requests = requests;
    }

    /** Whether no message is half seen. */
    boolean atBoundary() {
        return headerBytes == 0;
    }

    /** Whether the header that was seen last begins with these two bytes, low one first. */
    boolean begins(int bytes) {
        return headerBytes == Wire.HEADER && (low & 0xffff) == bytes;
    }

    /** Takes all of {@code [from, to)}. */
    void feed(ByteBuf data, int from, int to) {
        int i = from;
        while (i < to) {
            if (headerBytes < Wire.HEADER || inflates && !open) {
                i = header(data, i, to);
            } else {
                int n = Math.min(left, to - i);
                Body reading = body;
                if (reading != null) {
                    read(reading, data, i, i + n);
                }
                i += n;
                left -= n;
            }
            if (left == 0 && open) {
                end();
            }
        }
    }

    // ---- headers

    private int header(ByteBuf data, int from, int to) {
        int i = from;
        if (headerBytes == 0 && to - i >= Wire.HEADER) {
            low = data.getLongLE(i);
            high = data.getLongLE(i + 8);
            headerBytes = Wire.HEADER;
            begin();
            return i + Wire.HEADER;
        }
        while (i < to && headerBytes < Wire.HEADER) {
            long b = data.getByte(i++) & 0xffL;
            if (headerBytes < 8) {
                low |= b << 8 * headerBytes;
            } else {
                high |= b << 8 * (headerBytes - 8);
            }
            if (++headerBytes == Wire.HEADER) {
                begin();
                return i;
            }
        }
        while (i < to && headerBytes < Wire.HEADER + COMPRESSION) {
            compressedHeader(data.getByte(i++));
        }
        return i;
    }

    private void begin() {
        length = (int) low;
        int opcode = (int) (high >>> 32);
        if (!(requests ? Wire.isRequest(opcode) : Wire.isAnswer(opcode))) {
            throw new SniffException("opcode");
        }
        if (length < Wire.HEADER + 5 || length > Wire.MAX_MESSAGE) {
            throw new SniffException("length");
        }
        left = length - Wire.HEADER;
        inflates = opcode == Wire.OP_COMPRESSED;
        if (inflates) {
            if (left <= COMPRESSION) {
                throw new SniffException("length");
            }
            compressedBody().header();
        } else {
            open(opcode, left, PLAIN);
        }
    }

    private CompressedBody compressedBody() {
        CompressedBody made = compressed;
        if (made == null) {
            made = new CompressedBody(loop);
            compressed = made;
        }
        return made;
    }

    private void compressedHeader(byte b) {
        CompressedBody wrapped = compressedBody();
        wrapped.header(b, headerBytes++ - Wire.HEADER);
        left--;
        if (headerBytes == Wire.HEADER + COMPRESSION) {
            int opcode = wrapped.opcode();
            if (opcode == Wire.OP_COMPRESSED || !(requests ? Wire.isRequest(opcode) : Wire.isAnswer(opcode))) {
                throw new SniffException("opcode");
            }
            open(opcode, wrapped.begin(left), wrapped.compressor());
        }
    }

    private void open(int opcode, int bytes, int compressor) {
        open = true;
        Body.Reader reader = handler.begins(length, (int) (low >>> 32), (int) high, opcode, compressor);
        if (reader != null) {
            Body lent = loop.body();
            lent.begin(reader, opcode, bytes);
            body = lent;
        }
    }

    // ---- bodies

    private void read(Body reading, ByteBuf data, int from, int to) {
        int i = from;
        RawText raw = reading.raw();
        if (raw != null && !inflates) {
            raw.add(data, from, to);
        }
        while (i < to) {
            if (!inflates) {
                int skip = Math.min(reading.skippable(), to - i);
                if (skip > 0) {
                    reading.skipped(skip);
                    i += skip;
                    continue;
                }
                if (reading.counting()) {
                    int counted = reading.count(data, i, to);
                    if (counted > i) {
                        i = counted;
                        continue;
                    }
                }
            }
            int n = Math.min(to - i, Loop.WINDOW);
            byte[] window = loop.window;
            data.getBytes(i, window, 0, n);
            if (inflates) {
                compressedBody().feed(window, 0, n, reading);
                i += n;
            } else {
                i += reading.feed(window, 0, n);
            }
        }
    }

    private void end() {
        boolean lossy = false;
        Body read = body;
        CompressedBody wrapped = inflates ? compressed : null;
        if (wrapped != null) {
            lossy = wrapped.end(read != null);
        }
        if (read != null && wrapped != null && !lossy) {
            wrapped.complete(read);
        } else if (read != null && !lossy) {
            read.complete();
        }
        release();
        headerBytes = 0;
        low = 0;
        high = 0;
        open = false;
        inflates = false;
        handler.ended(lossy);
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (body != null) {
            loop.giveBack(body);
            body = null;
        }
        if (compressed != null) {
            compressed.release();
        }
    }
}
