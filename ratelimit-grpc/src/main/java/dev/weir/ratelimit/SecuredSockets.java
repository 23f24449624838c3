package dev.weir.ratelimit;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * Sockets to one endpoint that are connected when their TLS is, as the cluster's {@code tls} wants it: gRPC writes and reads plain text, and nothing before the
 * service is known and trusted.
 */
final class SecuredSockets implements ChannelFactory<NioSocketChannel> {
    /** The loops of these sockets, which gRPC's own need not fit; made at first use. */
    private static final class Loops {
        private static final int MOST = 4;
        static final EventLoopGroup SHARED = new MultiThreadIoEventLoopGroup(
                Math.min(MOST, Runtime.getRuntime().availableProcessors()),
                new DefaultThreadFactory("weir-ratelimit", true),
                NioIoHandler.newFactory());
    }

    private final Endpoint endpoint;
    private final TlsClient tls;

    SecuredSockets(Endpoint endpoint, TlsClient tls) {
        this.endpoint = endpoint;
        this.tls = tls;
    }

    static EventLoopGroup loops() {
        return Loops.SHARED;
    }

    @Override
    public NioSocketChannel newChannel() {
        NioSocketChannel channel = new NioSocketChannel();
        channel.pipeline().addFirst(new Connecting(endpoint, tls));
        return channel;
    }

    /** Nearest to the socket: it keeps back that the connection is there. */
    private static final class Connecting extends ChannelDuplexHandler {
        private final Endpoint endpoint;
        private final TlsClient tls;

        Connecting(Endpoint endpoint, TlsClient tls) {
            this.endpoint = endpoint;
            this.tls = tls;
        }

        @Override
        public void connect(
                ChannelHandlerContext ctx, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            ChannelFuture tcp = ctx.connect(remote, local, ctx.newPromise());
            tcp.addListener(done -> {
                if (done.isSuccess()) {
                    secure(ctx, promise);
                } else {
                    promise.tryFailure(done.cause());
                }
            });
        }

        private void secure(ChannelHandlerContext ctx, ChannelPromise promise) {
            TlsHandler handler;
            try {
                handler = tls.handler(ctx.channel(), endpoint.address(), Discovery.nameOf(endpoint.metadata()));
                ctx.pipeline().addAfter(ctx.name(), null, handler);
            } catch (RuntimeException e) {
                promise.tryFailure(e);
                ctx.close();
                return;
            }
            handler.handshakeFuture().addListener(done -> {
                if (handler.session() == null) {
                    Throwable cause = done.cause();
                    promise.tryFailure(cause == null ? new IOException("the service is not trusted") : cause);
                    ctx.close();
                    return;
                }
                ChannelHandlerContext secured = ctx.pipeline().context(handler);
                ctx.pipeline().addAfter(secured.name(), null, new Ended());
                promise.trySuccess();
                secured.fireChannelActive();
            });
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            // Told when TLS is there.
        }
    }

    /** HTTP/2 has no use for half a connection. */
    private static final class Ended extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ctx.close();
            } else {
                ctx.fireUserEventTriggered(event);
            }
        }
    }
}
