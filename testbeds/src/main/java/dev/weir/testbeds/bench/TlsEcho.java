package dev.weir.testbeds.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A server that sends back what it gets, with or without TLS; it counts handshakes. */
final class TlsEcho implements AutoCloseable {
    private final AtomicLong handshakes = new AtomicLong();
    private final AtomicLong resumed = new AtomicLong();
    private final ChannelGroup channels;
    private final int port;
    private volatile String cipher = "";

    private TlsEcho(EventLoopGroup loops, @Nullable SslContext context) {
        channels = new DefaultChannelGroup(loops.next(), true);
        Channel channel = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                        channels.add(child);
                        if (context != null) {
                            child.pipeline().addLast(context.newHandler(child.alloc()));
                        }
                        child.pipeline().addLast(new Echo());
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        channels.add(channel);
        port = ((InetSocketAddress) channel.localAddress()).getPort();
    }

    /** Starts it on a free port. */
    static TlsEcho start(EventLoopGroup loops, @Nullable SslContext context) {
        return new TlsEcho(loops, context);
    }

    /** Ends it, with all of its connections. Not on a loop. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly();
    }

    int port() {
        return port;
    }

    /** Handshakes that were completed so far. */
    long handshakes() {
        return handshakes.get();
    }

    /** Those of them that took up an earlier session. */
    long resumed() {
        return resumed.get();
    }

    /** Version and cipher of the last one. */
    String cipher() {
        return cipher;
    }

    /** One connection. */
    private final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
                SslHandler tls = context.pipeline().get(SslHandler.class);
                handshakes.incrementAndGet();
                cipher = TlsContexts.cipher(tls);
                if (TlsContexts.resumed(tls)) {
                    resumed.incrementAndGet();
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // A proxy that resets; what is missing is missed by the load.
            context.close();
        }
    }
}
