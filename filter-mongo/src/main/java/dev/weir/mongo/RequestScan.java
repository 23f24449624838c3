package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a client's bytes as they pass for requests whose answers name members, and notes those. Holds nothing back. Of
 * compressed messages the short ones are looked into: such commands have no more than a few fields.
 */
final class RequestScan {
    /** Longest message, compressed or not, that is taken for one of these commands when it is compressed. */
    private static final int SHORT = 16 << 10;

    private static final int TLS_HANDSHAKE = 0x16;
    private static final int TLS_MAJOR = 3;

    private final OpenRequests open;
    private final Inflating inflating;
    private final RequestHead head = new RequestHead();
    private final byte[] header = new byte[Wire.HEADER];
    private int headerBytes;
    private int left;
    private boolean begun;
    private boolean walks;
    /** A compressed message, as far as it is there. */
    private @Nullable ByteBuf packed;

    RequestScan(OpenRequests open, Inflating inflating) {
        this.open = open;
        this.inflating = inflating;
    }

    /** Whether no message is under way. */
    boolean atBoundary() {
        return headerBytes == 0;
    }

    /** Looks at bytes, all of them. */
    void feed(ByteBuf data, int from, int to) {
        int i = from;
        while (i < to) {
            if (headerBytes < Wire.HEADER) {
                header[headerBytes++] = data.getByte(i++);
                if (headerBytes == Wire.HEADER) {
                    begin();
                }
                continue;
            }
            int n = Math.min(left, to - i);
            body(data, i, i + n);
            i += n;
            left -= n;
            if (left == 0) {
                end();
            }
        }
    }

    private void begin() {
        int size = Bson.int32(header, 0);
        int opcode = Bson.int32(header, 12);
        boolean sized = size > Wire.HEADER && size <= Wire.MAX_MESSAGE;
        if (!sized || !Wire.isRequest(opcode)) {
            boolean tls = !begun && header[0] == TLS_HANDSHAKE && header[1] == TLS_MAJOR;
            throw new SniffException(tls ? "encrypted" : sized ? "opcode" : "length");
        }
        begun = true;
        left = size - Wire.HEADER;
        walks = opcode == Wire.OP_MSG || opcode == Wire.OP_QUERY;
        if (walks) {
            head.begin(opcode, left);
        } else if (opcode == Wire.OP_COMPRESSED && size <= SHORT) {
            packed = Unpooled.buffer(256, SHORT).writeBytes(header);
        }
    }

    private void body(ByteBuf data, int from, int to) {
        ByteBuf kept = packed;
        if (kept != null) {
            kept.writeBytes(data, from, to - from);
        } else if (walks) {
            head.feed(data, from, to);
            if (head.command() != null) {
                walks = false;
                found();
            }
        }
    }

    private void end() {
        ByteBuf kept = packed;
        packed = null;
        headerBytes = 0;
        if (kept == null) {
            return;
        }
        int size = kept.readableBytes();
        if (size <= Inflating.HEADER) {
            throw new SniffException("compression");
        }
        int inside = Inflating.size(kept, 0);
        int opcode = Inflating.opcode(kept, 0);
        if (inside > SHORT || opcode != Wire.OP_MSG && opcode != Wire.OP_QUERY) {
            return;
        }
        ByteBuf plain = Unpooled.buffer(256, SHORT);
        head.begin(opcode, inside);
        head.feed(plain, 0, inflating.inflate(kept, 0, size, true, SHORT, plain));
        if (head.command() != null) {
            found();
        }
    }

    private void found() {
        MemberNames.Kind kind = kind(head.command());
        if (kind != null && head.answered()) {
            int exhaust = head.exhaust() ? OpenRequests.EXHAUST : 0;
            open.add(Bson.int32(header, 4), kind.ordinal() * OpenRequests.OWN | exhaust);
        }
    }

    private static MemberNames.@Nullable Kind kind(CommandNames.@Nullable Entry command) {
        if (command == CommandNames.HELLO || command == CommandNames.IS_MASTER) {
            return MemberNames.Kind.HELLO;
        }
        if (command == CommandNames.REPL_SET_GET_STATUS) {
            return MemberNames.Kind.STATUS;
        }
        return command == CommandNames.REPL_SET_GET_CONFIG ? MemberNames.Kind.CONFIG : null;
    }
}
