package dev.weir.core.net;

import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Puts TLS under a channel that has been in use. */
final class TlsStart {
    private TlsStart() {}

    /** Whether a channel broke because its TLS did. */
    static boolean isFailure(Throwable cause) {
        return cause instanceof SSLException || cause.getCause() instanceof SSLException;
    }

    /**
     * Adds {@code handler} nearest to the socket.
     *
     * @param first ciphertext that was read already, or null; owned
     * @param onFailure run when the handshake fails
     */
    static Future<?> begin(Channel channel, TlsHandler handler, @Nullable ByteBuf first, Runnable onFailure) {
        try {
            channel.pipeline().addFirst("tls", handler);
        } catch (RuntimeException e) {
            ReferenceCountUtil.release(first);
            throw e;
        }
        handler.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                onFailure.run();
            }
        });
        if (first != null) {
            ChannelHandlerContext context = channel.pipeline().context(handler);
            // Later, because the filter that asked is still running: plain text must not reach it before.
            channel.eventLoop().execute(() -> {
                if (context.isRemoved()) {
                    first.release(); // closed meanwhile
                    return;
                }
                try {
                    handler.channelRead(context, first);
                    handler.channelReadComplete(context);
                } catch (Exception e) {
                    onFailure.run();
                }
            });
        }
        return handler.handshakeFuture();
    }
}
