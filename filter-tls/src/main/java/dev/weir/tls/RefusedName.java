package dev.weir.tls;

import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import org.jspecify.annotations.Nullable;

/** In the place of a handshake: tells a client that there is nobody of the name it asks for (alert unrecognized_name, RFC 6066 §3), and hangs up. */
final class RefusedName extends ChannelInboundHandlerAdapter implements TlsHandler {
    private static final byte[] ALERT = {21, 3, 1, 0, 2, 2, 112};

    private final NettyTlsHandler.Observer observer;
    private final Promise<Void> handshake = ImmediateEventExecutor.INSTANCE.newPromise();
    private final AlertLinger linger = new AlertLinger();
    private @Nullable ChannelHandlerContext context;

    RefusedName(NettyTlsHandler.Observer observer) {
        this.observer = observer;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        ctx.pipeline().addBefore(ctx.name(), null, linger);
        linger.arm();
        Distrust refusal =
                new Distrust(Failure.UNKNOWN_SERVER_NAME, "no certificate for the name that is asked for", null);
        observer.failed(ctx.channel(), refusal);
        ctx.writeAndFlush(Unpooled.wrappedBuffer(ALERT));
        handshake.tryFailure(refusal);
        ctx.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public Future<?> handshakeFuture() {
        return handshake;
    }

    @Override
    public ChannelFuture closeOutbound() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return ctx.newSucceededFuture();
    }

    @Override
    public @Nullable TlsSession session() {
        return null;
    }
}
