package dev.weir.core.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a handler that is made when it is known what the client asks for, where certificates are chosen by that and TLS begins in mid-stream. The real one
 * is put in right behind it; then this one leaves.
 */
public final class AwaitedHello extends ChannelInboundHandlerAdapter implements TlsHandler {
    /** No hello that anybody sends is longer. */
    private static final int LONGEST = 17 << 10;

    private static final long MOST_MILLIS = 10_000;

    private final Channel channel;
    private final Function<ClientHello, TlsHandler> maker;
    /** Reads a hello. */
    private final Function<ByteBuf, @Nullable ClientHello> reader;

    private final Promise<Object> handshake;
    private @Nullable TlsHandler made;
    private @Nullable ByteBuf held;
    private @Nullable ScheduledFuture<?> alarm;

    private AwaitedHello(
            Channel channel, Function<ClientHello, TlsHandler> maker, Function<ByteBuf, @Nullable ClientHello> reader) {
        this.channel = channel;
        this.maker = maker;
        this.reader = reader;
        this.handshake = channel.eventLoop().newPromise();
    }

    /** The same TLS for those who have not looked at what the client asks for: its handlers do that themselves, with what {@code support} knows. */
    public static TlsServer of(TlsServer tls, TlsSupport support) {
        return tls.needsHello() ? new Looking(tls, support::hello) : tls;
    }

    private record Looking(TlsServer tls, Function<ByteBuf, @Nullable ClientHello> reader) implements TlsServer {
        @Override
        public boolean needsHello() {
            return false;
        }

        @Override
        public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
            return hello == null
                    ? new AwaitedHello(channel, found -> tls.handler(channel, found), reader)
                    : tls.handler(channel, hello);
        }

        @Override
        public @Nullable String unauthorizedCluster() {
            return tls.unauthorizedCluster();
        }

        @Override
        public int maxHandshakes() {
            return tls.maxHandshakes();
        }
    }

    // ---- as long as there is none

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        alarm = ctx.executor().schedule(() -> fail(ctx, "no TLS hello in time"), MOST_MILLIS, TimeUnit.MILLISECONDS);
        readOn(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (made != null || !(message instanceof ByteBuf data)) {
            ctx.fireChannelRead(message);
            return;
        }
        ByteBuf all = held == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), held, data);
        held = null;
        ClientHello hello = reader.apply(all);
        if (hello == null && all.readableBytes() < LONGEST) {
            held = all;
            return;
        }
        try {
            make(ctx, hello == null ? ClientHello.NONE : hello);
        } catch (RuntimeException e) {
            all.release();
            handshake.tryFailure(e);
            ctx.close();
            return;
        }
        ctx.fireChannelRead(all);
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private void make(ChannelHandlerContext ctx, ClientHello hello) {
        cancel();
        TlsHandler handler = maker.apply(hello);
        made = handler;
        ctx.pipeline().addAfter(ctx.name(), null, handler);
        handler.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                handshake.tryFailure(done.cause());
            } else if (handler.session() == null) {
                handshake.tryFailure(new SSLException("the peer is not trusted")); // after the handshake
            } else {
                handshake.trySuccess(handler);
            }
        });
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (made == null) {
            readOn(ctx);
        }
        ctx.fireChannelReadComplete();
    }

    private static void readOn(ChannelHandlerContext ctx) {
        if (!ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (made == null && event instanceof ChannelInputShutdownEvent) {
            fail(ctx, "the peer ended the connection before the TLS handshake");
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    private void fail(ChannelHandlerContext ctx, String why) {
        handshake.tryFailure(new SSLException(why));
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ctx.fireChannelInactive();
        over();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        over();
    }

    private void over() {
        cancel();
        if (held != null) {
            held.release();
            held = null;
        }
        if (made == null) {
            handshake.tryFailure(new ClosedChannelException());
        }
    }

    private void cancel() {
        if (alarm != null) {
            alarm.cancel(false);
            alarm = null;
        }
    }

    // ---- of the real one

    @Override
    public Future<?> handshakeFuture() {
        return handshake;
    }

    @Override
    public ChannelFuture closeOutbound() {
        // As long as there is no TLS none can be ended.
        return made == null ? channel.newFailedFuture(new ClosedChannelException()) : made.closeOutbound();
    }

    @Override
    public @Nullable TlsSession session() {
        return made == null ? null : made.session();
    }
}
