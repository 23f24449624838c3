package dev.weir.tls;

import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/** Netty's handler, with half-close, with alerts that arrive, and with somebody who judges and counts its handshake. */
final class NettyTlsHandler extends SslHandler implements TlsHandler {
    /** Who wants to know how handshakes end. On the channel's loop. */
    interface Observer {
        /** Judges a peer whose handshake is done, and counts it. */
        TlsSession succeeded(Channel channel, SSLEngine engine, long nanos) throws Distrust;

        /** Counts and logs a failure. */
        void failed(Channel channel, Throwable cause);
    }

    private final Observer observer;
    private final long begin = System.nanoTime();
    private final AlertLinger linger = new AlertLinger();
    private @Nullable ChannelHandlerContext context;
    private @Nullable TlsSession session;
    private boolean inputEnded;

    @SuppressWarnings("this-escape") // listeners are called from the channel's loop, later
    NettyTlsHandler(SSLEngine engine, Executor tasks, Observer observer) {
        super(engine, tasks);
        this.observer = observer;
        HalfClose.allow(engine);
        handshakeFuture().addListener(this::handshaken);
        // By it the JDK's engine tells of the peer's close_notify, BoringSSL's also of its own.
        sslCloseFuture().addListener(closed -> {
            if (closed.isSuccess() && !(engine instanceof ReferenceCountedOpenSslEngine)) {
                endInput();
            }
        });
    }

    @Override
    public @Nullable TlsSession session() {
        return session;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
        context = ctx;
        if (!engine().getUseClientMode()) {
            ctx.pipeline().addBefore(ctx.name(), null, linger);
        }
        super.handlerAdded(ctx);
    }

    private void handshaken(Future<? super Channel> done) {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            return;
        }
        Channel channel = ctx.channel();
        if (!done.isSuccess()) {
            linger.arm();
            observer.failed(channel, done.cause());
            return;
        }
        try {
            session = observer.succeeded(channel, engine(), System.nanoTime() - begin);
            if (!engine().getUseClientMode()) {
                ctx.pipeline().remove(linger);
            }
        } catch (Distrust e) {
            linger.arm();
            observer.failed(channel, e);
            ctx.close();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        super.channelReadComplete(ctx);
        if (!inputEnded
                && session != null
                && engine() instanceof ReferenceCountedOpenSslEngine openSsl
                && HalfClose.seen(openSsl)) {
            endInput();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (!(event instanceof ChannelInputShutdownEvent)) {
            super.userEventTriggered(ctx, event);
        } else if (session == null) {
            ctx.close(); // nobody goes on with half a handshake
        } else if (!inputEnded) {
            inputEnded = true;
            super.userEventTriggered(ctx, event);
        }
    }

    private void endInput() {
        ChannelHandlerContext ctx = context;
        if (!inputEnded && ctx != null && !ctx.isRemoved() && session != null) {
            inputEnded = true;
            ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }
}
