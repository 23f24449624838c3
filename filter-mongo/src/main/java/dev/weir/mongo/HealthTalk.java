package dev.weir.mongo;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck.Health;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The conversation of one {@link MongoHealthCheck}: a question, an answer, at most twice. On its channel's event loop. */
final class HealthTalk extends ChannelInboundHandlerAdapter {
    /** Header, flags, the kind of a section, an empty document. */
    private static final int SHORTEST = Wire.HEADER + 4 + 1 + 5;

    private static final int CHECKSUM = 4;
    private static final int COMMAND_NOT_FOUND = 59;
    private static final byte STRING = 0x02;
    private static final byte INT32 = 0x10;
    private static final String HELLO = "hello";
    private static final String IS_MASTER = "isMaster";

    private final Promise<Health> result;
    private final boolean writablePrimary;
    private @Nullable ByteBuf received;
    private int seen;
    private int requestId;

    HealthTalk(Promise<Health> result, boolean writablePrimary) {
        this.result = result;
        this.writablePrimary = writablePrimary;
    }

    private void fail(String reason) {
        result.trySuccess(Health.no(reason));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        // On the heap: a proxy that ends may end its event loops before they remove this handler.
        received = Unpooled.buffer(1024, MongoHealthCheck.MAX_BYTES);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        ByteBuf buffer = received;
        received = null;
        if (buffer != null) {
            buffer.release();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        ask(context, HELLO);
    }

    private void ask(ChannelHandlerContext context, String command) {
        ByteBuf message = context.alloc().buffer(64);
        requestId++;
        message.writeIntLE(0).writeIntLE(requestId).writeIntLE(0).writeIntLE(Wire.OP_MSG);
        message.writeIntLE(0).writeByte(0);
        int document = message.writerIndex();
        message.writeIntLE(0);
        name(message, INT32, command).writeIntLE(1);
        name(message, STRING, "$db").writeIntLE("admin".length() + 1);
        message.writeCharSequence("admin", StandardCharsets.UTF_8);
        message.writeByte(0).writeByte(0);
        message.setIntLE(document, message.writerIndex() - document).setIntLE(0, message.writerIndex());
        context.writeAndFlush(message);
    }

    private static ByteBuf name(ByteBuf message, byte type, String name) {
        message.writeByte(type).writeCharSequence(name, StandardCharsets.UTF_8);
        return message.writeByte(0);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        try {
            take(context, data);
        } finally {
            data.release();
        }
    }

    private void take(ChannelHandlerContext context, ByteBuf data) {
        ByteBuf buffer = received;
        if (buffer == null || result.isDone()) {
            return;
        }
        seen += data.readableBytes();
        if (seen > MongoHealthCheck.MAX_BYTES) {
            end(context, "more than " + MongoHealthCheck.MAX_BYTES + " bytes");
            return;
        }
        buffer.writeBytes(data);
        if (buffer.readableBytes() < Integer.BYTES) {
            return;
        }
        int length = buffer.getIntLE(buffer.readerIndex());
        if (length < SHORTEST || length > MongoHealthCheck.MAX_BYTES) {
            end(context, "a message of " + length + " bytes: not MongoDB, or not an answer to hello");
        } else if (buffer.readableBytes() > length) {
            end(context, "more bytes than one answer");
        } else if (buffer.readableBytes() == length) {
            message(context, buffer.readSlice(length));
        }
    }

    private void message(ChannelHandlerContext context, ByteBuf message) {
        int responseTo = message.getIntLE(message.readerIndex() + 8);
        int opcode = message.getIntLE(message.readerIndex() + 12);
        if (opcode != Wire.OP_MSG || responseTo != requestId) {
            end(
                    context,
                    "opcode " + opcode + " to request " + responseTo + " (expected: " + Wire.OP_MSG + " to " + requestId
                            + ")");
            return;
        }
        int flags = message.getIntLE(message.readerIndex() + Wire.HEADER);
        int tail = (flags & Wire.CHECKSUM_PRESENT) != 0 ? CHECKSUM : 0;
        message.skipBytes(Wire.HEADER + 4);
        HelloAnswer answer = HelloAnswer.in(message.slice(message.readerIndex(), message.readableBytes() - tail));
        if (answer == null) {
            end(context, "a message that holds no document");
        } else {
            judge(context, answer);
        }
    }

    private void judge(ChannelHandlerContext context, HelloAnswer answer) {
        if (!answer.ok() && answer.code() == COMMAND_NOT_FOUND && requestId == 1) {
            ask(context, IS_MASTER);
        } else if (!answer.ok()) {
            end(context, answer.error());
        } else if (writablePrimary && !answer.writable()) {
            end(context, "takes no writes: " + answer.role());
        } else {
            result.trySuccess(Health.OK);
        }
    }

    private void end(ChannelHandlerContext context, String reason) {
        fail(reason);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail("closed without an answer");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(context, Conversation.message(cause));
    }
}
