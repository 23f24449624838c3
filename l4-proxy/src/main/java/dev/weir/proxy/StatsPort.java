package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.net.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells everybody who connects the same thing, and closes: what twemproxy calls its stats port. On a thread of its own. */
final class StatsPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatsPort.class);
    private static final int MOST = 64;
    private static final int PATIENCE_SECONDS = 10;

    private final Supplier<String> text;
    private final MultiThreadIoEventLoopGroup group;
    private final AdminSocket socket;
    private final Channel channel;
    private final AtomicInteger open = new AtomicInteger();

    /**
     * Listens.
     *
     * @throws IllegalStateException if the address is not to be had
     */
    StatsPort(Address address, Supplier<String> text) {
        this.text = text;
        this.socket = new AdminSocket(address, Transport.of("auto"), null);
        this.group = new MultiThreadIoEventLoopGroup(
                1,
                new DefaultThreadFactory("weir-stats", true),
                socket.transport().ioHandlers());
        ServerBootstrap bootstrap = new ServerBootstrap().group(group).childHandler(new Answering());
        try {
            this.channel = socket.listen(bootstrap);
        } catch (InterruptedException e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (Exception e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IllegalStateException("stats: cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    /** Where it listens. */
    Address address() {
        return socket.bound(channel);
    }

    @ChannelHandler.Sharable
    private final class Answering extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            Channel client = ctx.channel();
            client.closeFuture().addListener(closed -> open.decrementAndGet());
            if (open.incrementAndGet() > MOST) {
                client.close();
                return;
            }
            // Who does not read is not waited for.
            var patience = client.eventLoop().schedule(() -> client.close(), PATIENCE_SECONDS, TimeUnit.SECONDS);
            client.closeFuture().addListener(closed -> patience.cancel(false));
            ctx.writeAndFlush(ByteBufUtil.writeUtf8(ctx.alloc(), text.get())).addListener(ChannelFutureListener.CLOSE);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            io.netty.util.ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            LOG.debug("stats", cause);
            ctx.close();
        }
    }

    @Override
    public void close() {
        socket.close();
        channel.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        group.shutdownGracefully(0, 1_000, TimeUnit.MILLISECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
