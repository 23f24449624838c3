package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;

/** One connection of a {@link ShardLink}. What comes of it when it is not the link's any more is of no interest. */
final class ShardWire extends ChannelInboundHandlerAdapter {
    private final ShardLink link;

    ShardWire(ShardLink link) {
        this.link = link;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof ByteBuf data && link.has(ctx.channel())) {
                link.received(data);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (link.has(ctx.channel()) && ctx.channel().isWritable()) {
            link.resumeStopped();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && link.has(ctx.channel())) {
            link.ended();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (link.has(ctx.channel())) {
            link.ended();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (link.has(ctx.channel())) {
            link.broken(cause instanceof IOException ? "connection lost: " + cause.getMessage() : cause.toString());
        } else {
            ctx.close();
        }
    }
}
