package dev.weir.mysql;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;

/** Whether the first bytes of a connection are a server's greeting, or its refusal. A client never speaks first. */
final class MysqlDetection {
    private static final int PROTOCOL_10 = 10;
    private static final int ERR = 0xff;
    private static final int LONGEST = 1_024;
    private static final int VERSION = 5;

    private MysqlDetection() {}

    static Detection detect(Direction direction, ByteBuf first) {
        if (direction == Direction.TO_UPSTREAM) {
            // Before the greeting it says nothing, and a greeting decides at once.
            return Detection.NO;
        }
        int from = first.readerIndex();
        int n = first.readableBytes();
        if (n < 4) {
            return n == 3 && first.getMediumLE(from) > LONGEST ? Detection.NO : Detection.MORE;
        }
        int length = first.getMediumLE(from);
        if (length < 8 || length > LONGEST || first.getByte(from + 3) != 0) {
            return Detection.NO;
        }
        if (n < 5) {
            return Detection.MORE;
        }
        int type = first.getUnsignedByte(from + 4);
        if (type == ERR) {
            return errno(first, from + 5, n - 5);
        }
        return type == PROTOCOL_10 ? version(first, from + VERSION, n - VERSION) : Detection.NO;
    }

    /** Errors of servers begin at 1000. */
    private static Detection errno(ByteBuf first, int at, int left) {
        if (left < 2) {
            return Detection.MORE;
        }
        int errno = first.getUnsignedShortLE(at);
        return errno >= 1_000 && errno < 5_000 ? Detection.YES : Detection.NO;
    }

    /** Printable characters and a zero. */
    private static Detection version(ByteBuf first, int at, int left) {
        int most = Math.min(left, 256);
        for (int i = 0; i < most; i++) {
            byte b = first.getByte(at + i);
            if (b == 0) {
                return i > 0 ? Detection.YES : Detection.NO;
            }
            if (b < ' ' || b > '~') {
                return Detection.NO;
            }
        }
        return left < 256 ? Detection.MORE : Detection.NO;
    }
}
