package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;

/** Whether the first bytes of a connection are the header of a message. */
final class MongoDetection {
    private MongoDetection() {}

    static Detection detect(Direction direction, ByteBuf first) {
        int from = first.readerIndex();
        int n = first.readableBytes();
        if (n >= 4) {
            int length = first.getIntLE(from);
            if (length < Wire.HEADER + 5 || length > Wire.MAX_MESSAGE) {
                return Detection.NO;
            }
        }
        if (n < Wire.HEADER) {
            return Detection.MORE;
        }
        int opcode = first.getIntLE(from + 12);
        boolean known = direction == Direction.TO_UPSTREAM ? Wire.isRequest(opcode) : Wire.isAnswer(opcode);
        // The first message of a connection answers nothing.
        boolean request = direction == Direction.TO_CLIENT || first.getIntLE(from + 8) == 0;
        return known && request ? Detection.YES : Detection.NO;
    }
}
