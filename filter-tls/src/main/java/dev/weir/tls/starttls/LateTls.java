package dev.weir.tls.starttls;

import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.nio.channels.ClosedChannelException;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a handler that is made when the channel is known, as filters do not see channels, and what the client asks for, where certificates are chosen by
 * that. The real one is put in right behind it; from then on this one lets all pass.
 */
final class LateTls extends ChannelInboundHandlerAdapter implements TlsHandler {
    /** No hello that anybody sends is longer. */
    private static final int MAX_HELLO = 17 << 10;

    /** Makes the real one. */
    interface Maker {
        TlsHandler make(Channel channel, @Nullable ClientHello hello);
    }

    private final Maker maker;
    /** Reads a hello; null where nobody wants to know. */
    private final @Nullable Function<ByteBuf, @Nullable ClientHello> reader;

    private final Promise<Object> handshake;
    private @Nullable TlsHandler made;
    private @Nullable ByteBuf held;
    private @Nullable ChannelHandlerContext context;

    LateTls(Maker maker, @Nullable Function<ByteBuf, @Nullable ClientHello> reader, Promise<Object> handshake) {
        this.maker = maker;
        this.reader = reader;
        this.handshake = handshake;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        if (reader == null) {
            make(ctx, null);
        } else {
            readOn(ctx);
        }
    }

    private void make(ChannelHandlerContext ctx, @Nullable ClientHello hello) {
        TlsHandler handler = maker.make(ctx.channel(), hello);
        made = handler;
        ctx.pipeline().addAfter(ctx.name(), null, handler);
        handler.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                handshake.tryFailure(done.cause());
            } else if (handler.session() == null) {
                handshake.tryFailure(new SSLException("the peer is not trusted")); // after the handshake
            } else {
                handshake.trySuccess(ctx.channel());
            }
        });
    }

    // ---- as long as there is none

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (made != null || reader == null || !(message instanceof ByteBuf data)) {
            ctx.fireChannelRead(message);
            return;
        }
        ByteBuf all = data;
        if (held != null) {
            all = ctx.alloc().buffer(held.readableBytes() + data.readableBytes());
            all.writeBytes(held).writeBytes(data);
            held.release();
            data.release();
        }
        ClientHello hello = reader.apply(all);
        if (hello == null && all.readableBytes() < MAX_HELLO) {
            held = all;
            return;
        }
        held = null;
        make(ctx, hello == null ? ClientHello.NONE : hello);
        ctx.fireChannelRead(all);
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
            handshake.tryFailure(new SSLException("the peer ended the connection before the TLS handshake"));
            ctx.close();
        } else {
            ctx.fireUserEventTriggered(event);
        }
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
        if (held != null) {
            held.release();
            held = null;
        }
        if (made == null) {
            handshake.tryFailure(new ClosedChannelException());
        }
    }

    // ---- of the real one

    @Override
    public Future<?> handshakeFuture() {
        return handshake;
    }

    @Override
    public ChannelFuture closeOutbound() {
        if (made != null) {
            return made.closeOutbound();
        }
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return ctx.newFailedFuture(new ClosedChannelException()); // there is no TLS that could be ended
    }

    @Override
    public @Nullable TlsSession session() {
        return made == null ? null : made.session();
    }
}
