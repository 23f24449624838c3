package dev.weir.tls;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;

/**
 * Lets the alert of a failed handshake arrive: a close with bytes of the peer unread would be a reset, which overtakes it. What the peer still sends is
 * thrown away, until it hangs up or {@value #MILLIS} ms have passed. Leaves the pipeline when the handshake succeeds.
 */
final class AlertLinger extends ChannelDuplexHandler {
    private static final long MILLIS = 1_000;

    private boolean armed;
    private boolean closing;

    /** The handshake has failed. */
    void arm() {
        armed = true;
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (!armed || !ctx.channel().isActive() || !(ctx.channel() instanceof DuplexChannel duplex)) {
            ctx.close(promise);
            return;
        }
        if (closing) {
            ctx.channel().closeFuture().addListener(closed -> promise.trySuccess());
            return;
        }
        closing = true;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            if (!flushed.isSuccess() || duplex.isInputShutdown()) {
                ctx.close(promise);
                return;
            }
            duplex.shutdownOutput();
            ctx.channel().config().setAutoRead(true);
            ctx.executor().schedule(() -> ctx.close(promise), MILLIS, TimeUnit.MILLISECONDS);
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
        } else {
            ctx.fireChannelRead(message);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (closing && event instanceof ChannelInputShutdownEvent) {
            ctx.channel().unsafe().close(ctx.voidPromise());
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }
}
