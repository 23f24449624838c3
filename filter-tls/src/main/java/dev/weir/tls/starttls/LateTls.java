package dev.weir.tls.starttls;

import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a handler that is made when the channel is known: filters do not see channels. The real one is put in right behind it; this one lets all
 * pass.
 */
final class LateTls extends ChannelInboundHandlerAdapter implements TlsHandler {
    private final Function<Channel, TlsHandler> maker;
    private final Promise<Object> handshake;
    private @Nullable TlsHandler made;

    LateTls(Function<Channel, TlsHandler> maker, Promise<Object> handshake) {
        this.maker = maker;
        this.handshake = handshake;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        TlsHandler handler = maker.apply(ctx.channel());
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

    @Override
    public Future<?> handshakeFuture() {
        return handshake;
    }

    @Override
    public ChannelFuture closeOutbound() {
        if (made == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return made.closeOutbound();
    }

    @Override
    public @Nullable TlsSession session() {
        return made == null ? null : made.session();
    }
}
