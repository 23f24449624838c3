package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies the small writes of one turn of the loop together. The codec writes a frame as two or three buffers of a few bytes; each of them would be looked
 * after by the channel, told about, and sent as a piece of its own. What was copied is sent, or fails, with what it was copied into.
 */
final class Http2Gather extends ChannelOutboundHandlerAdapter {
    /** Larger ones are cheaper to pass on than to copy. */
    private static final int SMALL = 1_024;

    /** So much is not counted by the channel yet: one frame of usual size. */
    private static final int MOST = 16_384;

    private static final int LEAST = 512;

    private int guess = LEAST;
    private @Nullable ByteBuf gathered;
    private Sent sent = new Sent();

    /** Who waits for the bytes of one buffer. */
    private static final class Sent implements ChannelFutureListener {
        private final List<ChannelPromise> promises = new ArrayList<>();

        @Override
        public void operationComplete(ChannelFuture done) {
            Throwable cause = done.cause();
            for (ChannelPromise promise : promises) {
                if (cause == null) {
                    promise.trySuccess();
                } else {
                    promise.tryFailure(cause);
                }
            }
        }
    }

    /** Puts itself where it gets what {@code codec} writes. */
    static void before(ChannelHandlerContext codec) {
        codec.pipeline().addBefore(codec.name(), null, new Http2Gather());
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf data) || data.readableBytes() > SMALL) {
            pass(ctx);
            ctx.write(message, promise);
            return;
        }
        int length = data.readableBytes();
        if (gathered != null && gathered.readableBytes() + length > MOST) {
            pass(ctx);
        }
        ByteBuf all = gathered;
        if (all == null) {
            all = ctx.alloc().buffer(guess, MOST);
            gathered = all;
        }
        all.writeBytes(data);
        data.release();
        if (!promise.isVoid()) {
            sent.promises.add(promise);
        }
    }

    /** What is gathered goes on, before anything else does. */
    private void pass(ChannelHandlerContext ctx) {
        ByteBuf all = gathered;
        if (all != null) {
            gathered = null;
            guess = Math.min(MOST, Math.max(LEAST, all.readableBytes() * 5 / 4));
            Sent waiting = sent;
            sent = new Sent();
            ctx.write(all).addListener(waiting);
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        pass(ctx);
        ctx.flush();
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        pass(ctx);
        ctx.close(promise);
    }

    /** Also when the channel was closed before it was flushed: then it fails, and is released. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        pass(ctx);
    }
}
