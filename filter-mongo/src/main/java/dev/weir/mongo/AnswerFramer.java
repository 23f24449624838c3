package dev.weir.mongo;

import dev.weir.core.protocol.CommandFramer.Step;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Cuts the upstream's stream into messages, and finds for each the request it answers. What follows the first answer of
 * a stream answers nobody as far as the gate is concerned.
 */
final class AnswerFramer {
    /** Bytes, header included, that tell whether an answer goes on. */
    private static final int FLAGS = Wire.HEADER + 4;

    private static final int CURSOR = Wire.HEADER + 12;
    private static final int FAILURES = Wire.REPLY_CURSOR_NOT_FOUND | Wire.REPLY_QUERY_FAILURE;

    private final OpenRequests open;
    private final Inflating inflating;
    private int length;
    private int left;
    private int nextTry;
    private int id;
    private int place;
    private int stream;
    private boolean goesOn;

    AnswerFramer(OpenRequests open, Inflating inflating) {
        this.open = open;
        this.inflating = inflating;
    }

    int length() {
        return length;
    }

    boolean atBoundary() {
        return left == 0;
    }

    /** The request that the last step belongs to, as its place among those that wait. */
    int place() {
        return Math.max(0, place);
    }

    Step step(ByteBuf data) {
        length = 0;
        if (left == 0 && !header(data, data.readerIndex())) {
            return Step.MORE;
        }
        length = Math.min(data.readableBytes(), left);
        left -= length;
        if (left > 0) {
            return place >= 0 ? Step.PART : Step.NEUTRAL;
        }
        if (place >= 0) {
            open.answered(place, id, goesOn);
            return Step.END;
        }
        if (stream >= 0) {
            open.streamed(stream, id, goesOn);
        }
        return Step.NEUTRAL;
    }

    /** False if more bytes are needed. */
    private boolean header(ByteBuf data, int at) {
        int readable = data.readableBytes();
        if (readable < Wire.HEADER) {
            return false;
        }
        int size = data.getIntLE(at);
        int opcode = data.getIntLE(at + 12);
        if (size < Wire.HEADER || size > Wire.MAX_MESSAGE) {
            throw new SniffException("length");
        }
        if (!Wire.isAnswer(opcode)) {
            throw new SniffException("opcode");
        }
        int answers = data.getIntLE(at + 8);
        place = open.find(answers);
        stream = place >= 0 ? -1 : open.findStream(answers);
        int available = Math.min(readable, size);
        if (!knowsWhetherItGoesOn(data, at, available, size, opcode)) {
            return false;
        }
        id = data.getIntLE(at + 4);
        left = size;
        nextTry = 0;
        return true;
    }

    private boolean knowsWhetherItGoesOn(ByteBuf data, int at, int available, int size, int opcode) {
        goesOn = false;
        boolean mayGoOn = place >= 0
                ? (open.flags(place) & OpenRequests.EXHAUST) != 0
                : stream >= 0 && (open.streamFlags(stream) & OpenRequests.EXHAUST) != 0;
        if (!mayGoOn) {
            return true;
        }
        if (opcode == Wire.OP_COMPRESSED) {
            return inflates(data, at, available, size);
        }
        int needed = Math.min(size, opcode == Wire.OP_MSG ? FLAGS : CURSOR);
        if (available < needed) {
            return false;
        }
        goesOn = goesOn(opcode, data, at + Wire.HEADER, available - Wire.HEADER);
        return true;
    }

    private boolean inflates(ByteBuf data, int at, int available, int size) {
        boolean whole = available == size;
        if (!whole && available < Math.max(nextTry, Inflating.HEADER + 1)) {
            return false;
        }
        if (available <= Inflating.HEADER) {
            throw new SniffException("compression");
        }
        nextTry = 2 * available;
        ByteBuf out = Unpooled.buffer(CURSOR - Wire.HEADER);
        int n = inflating.inflate(data, at, available, whole, CURSOR - Wire.HEADER, out);
        int opcode = Inflating.opcode(data, at);
        if (n < (opcode == Wire.OP_MSG ? 4 : CURSOR - Wire.HEADER) && !whole) {
            if (available >= MongoFramer.LONGEST) {
                throw new SniffException("compression");
            }
            return false;
        }
        goesOn = goesOn(opcode, out, 0, n);
        return true;
    }

    private static boolean goesOn(int opcode, ByteBuf body, int at, int available) {
        if (opcode == Wire.OP_MSG) {
            return available >= 4 && (body.getIntLE(at) & Wire.MORE_TO_COME) != 0;
        }
        return opcode == Wire.OP_REPLY
                && available >= 12
                && body.getLongLE(at + 4) != 0
                && (body.getIntLE(at) & FAILURES) == 0;
    }
}
