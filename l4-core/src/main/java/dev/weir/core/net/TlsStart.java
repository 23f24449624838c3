package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Puts TLS under a channel that has been in use. */
final class TlsStart {
    private TlsStart() {}

    /** The handler for an upstream: its certificate is to be for the host that was connected to, by name if it was found by one. */
    static TlsHandler handler(@Nullable Channel upstream, TlsClient tls) {
        if (upstream == null) {
            throw new IllegalStateException("no upstream connection to start TLS on");
        }
        SocketAddress remote = upstream.remoteAddress();
        Address address = remote instanceof InetSocketAddress inet
                ? new Address(inet.getHostString(), inet.getPort())
                : Address.parse(Address.format(remote));
        return tls.handler(upstream, address, null);
    }

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
                // Behind the listeners that are there: a filter may tell the other peer before the connection closes.
                handler.handshakeFuture().addListener(told -> onFailure.run());
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
