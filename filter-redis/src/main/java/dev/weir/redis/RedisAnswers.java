package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.redis.ArrayHeaderRedisMessage;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.BulkStringHeaderRedisMessage;
import io.netty.handler.codec.redis.BulkStringRedisContent;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FixedRedisMessagePool;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.LastBulkStringRedisContent;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisEncoder;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts together whole answers (RESP2) of servers that are not trusted: an answer has at most {@link #MOST_BYTES} or what it was made for, however it announces
 * itself. One per connection, on its event loop. Texts are {@link String}, integers {@link Long}, lists {@link List}, errors {@link Failure}, what is
 * absent is null.
 */
abstract class RedisAnswers extends SimpleChannelInboundHandler<RedisMessage> {
    /** Of one answer, if nothing else is said; a value counts {@link #OVERHEAD} bytes besides its own. */
    static final int MOST_BYTES = 64 << 10;

    private static final int OVERHEAD = 16;
    private static final int MOST_DEPTH = 8;
    private static final int LONGEST_LINE = 4096;

    /** An error that a server answers. */
    record Failure(String message) {}

    /** A list that is not complete. */
    private static final class Open {
        final List<@Nullable Object> values = new ArrayList<>();
        long left;

        Open(long left) {
            this.left = left;
        }
    }

    private final int most;
    private final Deque<Open> open = new ArrayDeque<>();
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private int bytes;

    RedisAnswers() {
        this(MOST_BYTES);
    }

    /** @param most bytes of one answer */
    RedisAnswers(int most) {
        this.most = most;
    }

    /** Puts this and its codec on a connection. */
    final void add(Channel channel) {
        channel.pipeline()
                .addLast(new RedisDecoder(LONGEST_LINE, FixedRedisMessagePool.INSTANCE))
                .addLast(new RedisEncoder())
                .addLast(this);
    }

    static void send(ChannelHandlerContext context, List<String> command) {
        List<RedisMessage> parts = new ArrayList<>();
        for (String part : command) {
            parts.add(new FullBulkStringRedisMessage(Unpooled.copiedBuffer(part, StandardCharsets.UTF_8)));
        }
        context.writeAndFlush(new ArrayRedisMessage(parts));
    }

    /** A whole answer. */
    abstract void answered(ChannelHandlerContext context, @Nullable Object answer);

    /** The connection is of no use any more; it is closed afterwards. Once or more often. */
    abstract void failed(String reason);

    @Override
    protected void channelRead0(ChannelHandlerContext context, RedisMessage message) {
        bytes += OVERHEAD;
        if (message instanceof ArrayHeaderRedisMessage header && !header.isNull() && header.length() > 0) {
            if (open.size() == MOST_DEPTH) {
                fail(context, "an answer that is nested too deeply");
                return;
            }
            open.push(new Open(header.length()));
        } else if (message instanceof ArrayHeaderRedisMessage header) {
            value(context, header.isNull() ? null : List.of());
        } else if (message instanceof FullBulkStringRedisMessage full) {
            value(context, full.isNull() ? null : full.content().toString(StandardCharsets.UTF_8));
        } else if (message instanceof BulkStringRedisContent part) {
            append(part.content());
            if (message instanceof LastBulkStringRedisContent && bytes <= most) {
                String whole = text.toString(StandardCharsets.UTF_8);
                text.reset();
                value(context, whole);
            }
        } else if (message instanceof IntegerRedisMessage number) {
            value(context, number.value());
        } else if (message instanceof SimpleStringRedisMessage line) {
            line(context, line.content(), line.content());
        } else if (message instanceof ErrorRedisMessage error) {
            line(context, error.content(), new Failure(error.content()));
        } else if (!(message instanceof BulkStringHeaderRedisMessage)) {
            fail(context, "not Redis");
            return;
        }
        if (bytes > most) {
            fail(context, "an answer of more than " + most + " bytes");
        }
    }

    private void append(ByteBuf part) {
        bytes += part.readableBytes();
        if (bytes <= most) {
            text.writeBytes(ByteBufUtil.getBytes(part));
        }
    }

    private void line(ChannelHandlerContext context, String line, Object value) {
        bytes += line.length();
        value(context, value);
    }

    private void value(ChannelHandlerContext context, @Nullable Object value) {
        if (bytes > most) {
            return;
        }
        Object whole = value;
        while (!open.isEmpty()) {
            Open list = open.peek();
            list.values.add(whole);
            if (--list.left > 0) {
                return;
            }
            open.pop();
            whole = Collections.unmodifiableList(list.values);
        }
        bytes = 0;
        answered(context, whole);
    }

    private void fail(ChannelHandlerContext context, String reason) {
        failed(reason);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        failed("closed by its peer");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        String message = cause.getMessage();
        String told = message == null ? cause.getClass().getSimpleName() : message;
        fail(context, cause instanceof DecoderException ? "not Redis" : told);
    }
}
