package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites one answer that is there in full: OP_MSG, whose other sections stay and whose checksum is made anew, or OP_REPLY;
 * compressed ones become plain.
 */
final class AnswerRewriter {
    /** Longest answer, compressed or not. */
    static final int LONGEST = 1 << 20;

    private static final int CHECKSUM = 4;
    /** Of the body of OP_REPLY, before its documents. */
    private static final int REPLY_FIELDS = 20;

    private final Members members;
    private final Inflating inflating;

    AnswerRewriter(Members members, Inflating inflating) {
        this.members = members;
        this.inflating = inflating;
    }

    /**
     * What came of an answer.
     *
     * @param message what is to be sent in its place, the caller's; null if it stays as it is
     * @param goesOn whether the upstream sends another one unasked
     * @param unknown how many names of members are in no mapping
     */
    record Result(@Nullable ByteBuf message, boolean goesOn, int unknown) {}

    /**
     * Rewrites.
     *
     * @throws SniffException if it is malformed
     */
    Result rewrite(ByteBufAllocator allocator, ByteBuf data, int at, int size, MemberNames.Kind kind) {
        byte[] message = plain(data, at, size);
        ByteBuf out = allocator.buffer(message.length + 64);
        boolean done = false;
        try {
            Result result = switch (Bson.int32(message, 12)) {
                case Wire.OP_MSG -> message(message, kind, out);
                case Wire.OP_REPLY -> reply(message, kind, out);
                default -> new Result(null, false, 0);
            };
            done = result.message != null;
            return result;
        } finally {
            if (!done) {
                out.release();
            }
        }
    }

    private byte[] plain(ByteBuf data, int at, int size) {
        if (data.getIntLE(at + 12) != Wire.OP_COMPRESSED) {
            byte[] message = new byte[size];
            data.getBytes(at, message);
            return message;
        }
        if (size <= Inflating.HEADER) {
            throw new SniffException("compression");
        }
        int inside = Inflating.size(data, at);
        if (inside > LONGEST - Wire.HEADER) {
            throw new SniffException("size");
        }
        ByteBuf plain = Unpooled.buffer(Math.min(2 * size, LONGEST), LONGEST);
        plain.writeIntLE(Wire.HEADER + inside);
        plain.writeIntLE(data.getIntLE(at + 4)).writeIntLE(data.getIntLE(at + 8));
        plain.writeIntLE(Inflating.opcode(data, at));
        inflating.inflate(data, at, size, true, LONGEST, plain);
        byte[] message = new byte[plain.readableBytes()];
        plain.readBytes(message);
        return message;
    }

    private Result message(byte[] a, MemberNames.Kind kind, ByteBuf out) {
        if (a.length < Wire.HEADER + 4) {
            throw new SniffException("length");
        }
        int flags = Bson.int32(a, Wire.HEADER);
        if ((flags & Wire.REQUIRED_BITS & ~(Wire.CHECKSUM_PRESENT | Wire.MORE_TO_COME)) != 0) {
            throw new SniffException("flags");
        }
        boolean summed = (flags & Wire.CHECKSUM_PRESENT) != 0;
        int end = a.length - (summed ? CHECKSUM : 0);
        if (summed && Bson.int32(a, end) != checksum(a, end)) {
            throw new SniffException("checksum");
        }
        out.writeBytes(a, 0, Wire.HEADER + 4);
        MemberNames.Result result = sections(a, end, kind, out);
        boolean goesOn = (flags & Wire.MORE_TO_COME) != 0;
        if (!result.changed()) {
            return new Result(null, goesOn, result.unknown());
        }
        out.setIntLE(0, out.writerIndex() + (summed ? CHECKSUM : 0));
        if (summed) {
            byte[] written = new byte[out.writerIndex()];
            out.getBytes(0, written);
            out.writeIntLE(checksum(written, written.length));
        }
        return new Result(out, goesOn, result.unknown());
    }

    private MemberNames.Result sections(byte[] a, int end, MemberNames.Kind kind, ByteBuf out) {
        MemberNames.Result body = null;
        int i = Wire.HEADER + 4;
        while (i < end) {
            int section = a[i];
            if (section == 0 && body == null) {
                out.writeByte(0);
                body = MemberNames.rewrite(members, kind, a, i + 1, end, out);
                i = body.end();
                continue;
            }
            // Sequences and documents of other kinds have their size in front.
            int size = end - i < 5 ? 0 : Bson.int32(a, i + 1);
            if (section != 1 && section != 3 || size < Bson.EMPTY || size > end - i - 1) {
                throw new SniffException("section");
            }
            out.writeBytes(a, i, 1 + size);
            i += 1 + size;
        }
        if (body == null) {
            throw new SniffException("section");
        }
        return body;
    }

    private Result reply(byte[] a, MemberNames.Kind kind, ByteBuf out) {
        int documents = Wire.HEADER + REPLY_FIELDS;
        if (a.length < documents) {
            throw new SniffException("length");
        }
        if (Bson.int32(a, documents - 4) != 1) {
            return new Result(null, false, 0);
        }
        out.writeBytes(a, 0, documents);
        MemberNames.Result result = MemberNames.rewrite(members, kind, a, documents, a.length, out);
        if (result.end() != a.length) {
            throw new SniffException("length");
        }
        if (!result.changed()) {
            return new Result(null, false, result.unknown());
        }
        out.setIntLE(0, out.writerIndex());
        return new Result(out, false, result.unknown());
    }

    private static int checksum(byte[] a, int length) {
        CRC32C crc = new CRC32C();
        crc.update(a, 0, length);
        return (int) crc.getValue();
    }
}
