package dev.weir.ratelimit;

import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;

/**
 * The two messages of the API, in the encoding of Protocol Buffers, with the prefix of gRPC. Field numbers are those of
 * {@code envoy/service/ratelimit/v3/rls.proto} and {@code envoy/extensions/common/ratelimit/v3/ratelimit.proto}:
 *
 * <pre>
 *   RateLimitRequest    domain = 1 · descriptors = 2 { entries = 1 { key = 1 · value = 2 } } · hits_addend = 3
 *   RateLimitResponse   overall_code = 1 · statuses = 2 { code = 1 }          codes: OK = 1, OVER_LIMIT = 2
 * </pre>
 */
final class RateLimitMessages {
    /** Compressed or not, and the length. */
    static final int PREFIX = 5;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int OK = 1;
    private static final int OVER_LIMIT = 2;

    private RateLimitMessages() {}

    // ---- the request

    static void writeRequest(ByteBuf out, String domain, List<List<Entry>> descriptors, int hits) {
        int start = out.writerIndex();
        out.writeZero(PREFIX);
        text(out, 1, domain);
        for (List<Entry> descriptor : descriptors) {
            int size = 0;
            for (Entry entry : descriptor) {
                size += sizeOf(size(entry));
            }
            head(out, 2, size);
            for (Entry entry : descriptor) {
                head(out, 1, size(entry));
                text(out, 1, entry.key());
                text(out, 2, entry.value());
            }
        }
        if (hits != 1) {
            varint(out, 3 << 3 | VARINT);
            varint(out, hits);
        }
        out.setInt(start + 1, out.writerIndex() - start - PREFIX);
    }

    private static int size(Entry entry) {
        return sizeOf(ByteBufUtil.utf8Bytes(entry.key())) + sizeOf(ByteBufUtil.utf8Bytes(entry.value()));
    }

    /** Bytes of a field of {@code length} bytes with its head; all field numbers are below 16. */
    private static int sizeOf(int length) {
        int size = 2;
        for (int left = length >>> 7; left != 0; left >>>= 7) {
            size++;
        }
        return size + length;
    }

    private static void head(ByteBuf out, int field, int length) {
        varint(out, field << 3 | BYTES);
        varint(out, length);
    }

    private static void text(ByteBuf out, int field, String text) {
        int bytes = ByteBufUtil.utf8Bytes(text);
        head(out, field, bytes);
        ByteBufUtil.reserveAndWriteUtf8(out, text, bytes);
    }

    private static void varint(ByteBuf out, int value) {
        int left = value;
        while ((left & ~0x7f) != 0) {
            out.writeByte(left & 0x7f | 0x80);
            left >>>= 7;
        }
        out.writeByte(left);
    }

    // ---- the answer

    /**
     * Reads an answer with its prefix.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Reply readReply(ByteBuf in) {
        if (in.readableBytes() < PREFIX || in.readByte() != 0) {
            throw new IllegalArgumentException("no message, or a compressed one");
        }
        if (in.readInt() != in.readableBytes()) {
            throw new IllegalArgumentException("more or less than one message");
        }
        int code = 0;
        int place = 0;
        long over = 0;
        int end = in.writerIndex();
        while (in.readerIndex() < end) {
            int tag = (int) readVarint(in, end);
            if (tag == (1 << 3 | VARINT)) {
                code = (int) readVarint(in, end);
            } else if (tag == (2 << 3 | BYTES)) {
                boolean itsOver = statusIsOver(in, readLength(in, end));
                over |= itsOver && place < Long.SIZE ? 1L << place : 0;
                place++;
            } else {
                skip(in, tag & 7, end);
            }
        }
        if (code != OK && code != OVER_LIMIT) {
            throw new IllegalArgumentException("code " + code);
        }
        return new Reply(code == OK ? Result.OK : Result.OVER_LIMIT, over);
    }

    private static boolean statusIsOver(ByteBuf in, int length) {
        int end = in.readerIndex() + length;
        int code = 0;
        while (in.readerIndex() < end) {
            int tag = (int) readVarint(in, end);
            if (tag == (1 << 3 | VARINT)) {
                code = (int) readVarint(in, end);
            } else {
                skip(in, tag & 7, end);
            }
        }
        return code == OVER_LIMIT;
    }

    private static void skip(ByteBuf in, int type, int end) {
        switch (type) {
            case VARINT -> readVarint(in, end);
            case FIXED64 -> skipBytes(in, Long.BYTES, end);
            case BYTES -> skipBytes(in, readLength(in, end), end);
            case FIXED32 -> skipBytes(in, Integer.BYTES, end);
            default -> throw new IllegalArgumentException("wire type " + type);
        }
    }

    private static void skipBytes(ByteBuf in, int length, int end) {
        if (length > end - in.readerIndex()) {
            throw new IllegalArgumentException("cut off");
        }
        in.skipBytes(length);
    }

    private static int readLength(ByteBuf in, int end) {
        long length = readVarint(in, end);
        if (length < 0 || length > end - in.readerIndex()) {
            throw new IllegalArgumentException("length " + length);
        }
        return (int) length;
    }

    private static long readVarint(ByteBuf in, int end) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (in.readerIndex() >= end) {
                throw new IllegalArgumentException("cut off");
            }
            byte b = in.readByte();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number of more than 10 bytes");
    }
}
