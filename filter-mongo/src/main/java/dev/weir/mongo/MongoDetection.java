package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;

/** Whether the first bytes of a connection are the header of a message. */
final class MongoDetection {
    private static final int LENGTH_END = 4;
    private static final int RESPONSE_TO = 8;
    private static final int OPCODE = 12;

    private MongoDetection() {}

    /** Says no as early as it can: others wait for the answer. */
    static Detection detect(Direction direction, ByteBuf first) {
        int from = first.readerIndex();
        int n = first.readableBytes();
        if (n >= LENGTH_END) {
            int length = first.getIntLE(from);
            if (length < Wire.HEADER + 5 || length > Wire.MAX_MESSAGE) {
                return Detection.NO;
            }
        }
        boolean request = direction == Direction.TO_UPSTREAM;
        // The first message of a connection answers nothing.
        if (request && n >= OPCODE && first.getIntLE(from + RESPONSE_TO) != 0) {
            return Detection.NO;
        }
        if (n < Wire.HEADER) {
            return Detection.MORE;
        }
        int opcode = first.getIntLE(from + OPCODE);
        return (request ? Wire.isRequest(opcode) : Wire.isAnswer(opcode)) ? Detection.YES : Detection.NO;
    }
}
