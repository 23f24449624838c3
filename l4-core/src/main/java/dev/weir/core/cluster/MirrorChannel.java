package dev.weir.core.cluster;

import dev.weir.core.cluster.Mirror.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection of a {@link Mirror}. A stream with a hole is of no use, so the first byte that finds no room ends it. */
final class MirrorChannel extends ChannelInboundHandlerAdapter implements Mirror.Copy {
    /** How long a server may take to read the rest, and to end the connection. */
    private static final long LINGER_MILLIS = 5_000;

    private final Mirror mirror;
    private final long maxBuffer;
    private @Nullable Channel channel;
    /** What is sent before the connection is there. */
    private @Nullable ArrayDeque<ByteBuf> early = new ArrayDeque<>(4);

    private long earlyBytes;
    private boolean over;
    private boolean ending;

    MirrorChannel(Mirror mirror, long maxBuffer) {
        this.mirror = mirror;
        this.maxBuffer = maxBuffer;
    }

    void connecting(ChannelFuture connecting, Endpoint endpoint) {
        channel = connecting.channel();
        connecting.addListener((ChannelFuture done) -> {
            if (done.isSuccess()) {
                mirror.count(Result.OPENED);
                endpoint.done(Endpoint.Outcome.SUCCESS, -1);
                connected(done.channel());
            } else {
                if (!over) {
                    mirror.count(Result.FAILED);
                }
                endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
                giveUp();
            }
        });
    }

    private void connected(Channel to) {
        ArrayDeque<ByteBuf> waiting = early;
        early = null;
        if (waiting == null || over) {
            to.close();
            return;
        }
        to.config().setAutoRead(true);
        waiting.forEach(data -> to.write(data, to.voidPromise()));
        to.flush();
        if (ending) {
            endNow(to);
        }
    }

    @Override
    public boolean isOpen() {
        return !over && !ending;
    }

    @Override
    public void send(ByteBuf data) {
        Channel to = channel;
        if (!isOpen() || to == null) {
            return;
        }
        int length = data.readableBytes();
        if (pending(to) + length > maxBuffer) {
            mirror.count(Result.LAGGED);
            giveUp();
            return;
        }
        mirror.sent(length);
        if (early != null) {
            earlyBytes += length;
            early.add(data.retainedDuplicate());
        } else {
            to.write(data.retainedDuplicate(), to.voidPromise());
        }
    }

    private long pending(Channel to) {
        ChannelOutboundBuffer out = early == null ? to.unsafe().outboundBuffer() : null;
        return out == null ? earlyBytes : out.totalPendingWriteBytes();
    }

    @Override
    public void flush() {
        if (channel != null && early == null && !over) {
            channel.flush();
        }
    }

    @Override
    public void end() {
        if (isOpen()) {
            ending = true;
            if (channel != null && early == null) {
                endNow(channel);
            }
        }
    }

    /** By the end of its input: to close while answers are unread would be a reset, which may destroy what the server has not read. */
    private static void endNow(Channel to) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            if (to instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            } else {
                to.close();
            }
        });
        var alarm = to.eventLoop().schedule(() -> to.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
        to.closeFuture().addListener(closed -> alarm.cancel(false));
    }

    private void giveUp() {
        over = true;
        if (early != null) {
            early.forEach(ByteBuf::release);
            early = null;
        }
        if (channel != null) {
            channel.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            giveUp();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        giveUp();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        giveUp();
    }
}
