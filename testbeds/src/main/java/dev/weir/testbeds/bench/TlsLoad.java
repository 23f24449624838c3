package dev.weir.testbeds.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Connections to an echo server behind a proxy, each with one request in flight. Every answer is compared with its request.
 * All state is of one event loop; a first failure ends the run.
 */
final class TlsLoad {
    private static final long PATIENCE_SECONDS = 30;

    private final EventLoop loop;
    private final int port;
    private final @Nullable SslContext context;
    private final ByteBuf request;
    private final Histogram nanos = new Histogram(3);
    private final CompletableFuture<Boolean> over = new CompletableFuture<>();
    private final List<Channel> held = new ArrayList<>();
    private long requestsPerConnection;
    private long connectionsLeft;
    private boolean holding;
    private long deadline;
    private long requests;
    private long connections;
    private long resumed;
    private int open;
    private String cipher = "";

    /** {@code context} is null for connections without TLS. */
    TlsLoad(EventLoop loop, int port, @Nullable SslContext context, int bytes) {
        this.loop = loop;
        this.port = port;
        this.context = context;
        byte[] random = new byte[bytes];
        RandomGenerator generator = RandomGeneratorFactory.getDefault().create(bytes);
        generator.nextBytes(random);
        ByteBuffer memory = ByteBuffer.allocateDirect(bytes).put(random).flip();
        this.request = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(memory));
    }

    /** What a run gave. */
    record Result(
            long requests, long connections, long resumed, String cipher, double seconds, double p50Us, double p99Us) {}

    /** So many connections at a time, each closed after one request, until the time is over. */
    Result comeAndGo(int lanes, double seconds) throws IOException, InterruptedException {
        requestsPerConnection = 1;
        connectionsLeft = Long.MAX_VALUE;
        return run(lanes, seconds, seconds);
    }

    /** The same for a number of connections. */
    Result comeAndGo(int lanes, long count) throws IOException, InterruptedException {
        requestsPerConnection = 1;
        connectionsLeft = count;
        return run(lanes, Double.MAX_VALUE, count / 10.0);
    }

    /** So many connections that stay, until the time is over. */
    Result talk(int lanes, double seconds) throws IOException, InterruptedException {
        requestsPerConnection = Long.MAX_VALUE;
        connectionsLeft = lanes;
        return run(lanes, seconds, seconds);
    }

    /** Opens so many connections, some at a time, and keeps them open after one request each. */
    Result hold(int lanes, long count) throws IOException, InterruptedException {
        requestsPerConnection = 1;
        connectionsLeft = count;
        holding = true;
        return run(lanes, Double.MAX_VALUE, count / 10.0);
    }

    /** Closes what {@link #hold} has opened. False if some were closed by the other side before. */
    boolean release() throws InterruptedException {
        boolean all = true;
        for (Channel channel : held) {
            all &= channel.isActive();
            channel.close().sync();
        }
        held.clear();
        return all;
    }

    private Result run(int lanes, double seconds, double expected) throws IOException, InterruptedException {
        long start = System.nanoTime();
        deadline = seconds == Double.MAX_VALUE ? Long.MAX_VALUE : start + (long) (seconds * 1e9);
        loop.execute(() -> {
            for (int i = 0; i < lanes; i++) {
                next();
            }
        });
        try {
            over.get((long) expected + PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IOException(open + " connections to port " + port + " without an answer", e);
        } catch (ExecutionException e) {
            throw new IOException("port " + port + ": " + e.getCause(), e.getCause());
        }
        double took = (System.nanoTime() - start) / 1e9;
        return new Result(requests, connections, resumed, cipher, took, micros(50), micros(99));
    }

    private double micros(double percentile) {
        return nanos.getValueAtPercentile(percentile) / 1e3;
    }

    private boolean late(long now) {
        return deadline != Long.MAX_VALUE && now - deadline >= 0;
    }

    /** Opens one connection more, if there is to be one; ends the run with the last one. */
    private void next() {
        if (connectionsLeft == 0 || late(System.nanoTime())) {
            if (open == 0) {
                over.complete(true);
            }
            return;
        }
        connectionsLeft--;
        open++;
        ChannelFuture connected = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new Initializer())
                .connect(InetAddress.getLoopbackAddress(), port);
        connected.addListener(done -> {
            if (!done.isSuccess()) {
                over.completeExceptionally(done.cause());
            }
        });
    }

    /** Puts TLS, if any, and a lane on a new connection. */
    private final class Initializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            SslHandler tls = null;
            if (context != null) {
                tls = context.newHandler(channel.alloc(), TlsContexts.NAME, port);
                channel.pipeline().addLast(tls);
            }
            channel.pipeline().addLast(new Lane(tls));
        }
    }

    /** A connection. The first request goes at once: behind the handshake, if there is one. */
    private final class Lane extends ChannelInboundHandlerAdapter {
        private final @Nullable SslHandler tls;
        private int answered;
        private long sent;
        private long since;
        private boolean done;

        Lane(@Nullable SslHandler tls) {
            this.tls = tls;
        }

        @Override
        public void channelActive(ChannelHandlerContext channel) {
            send(channel, System.nanoTime());
        }

        private void send(ChannelHandlerContext channel, long now) {
            since = now;
            sent++;
            answered = 0;
            channel.writeAndFlush(request.duplicate(), channel.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext channel, Object message) {
            try {
                take(channel, (ByteBuf) message);
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private void take(ChannelHandlerContext channel, ByteBuf answer) {
            int length = answer.readableBytes();
            if (length > request.readableBytes() - answered
                    || !ByteBufUtil.equals(answer, answer.readerIndex(), request, answered, length)) {
                over.completeExceptionally(new IOException("an answer that is not the request"));
                return;
            }
            answered += length;
            if (answered == request.readableBytes()) {
                answered(channel);
            }
        }

        private void answered(ChannelHandlerContext channel) {
            long now = System.nanoTime();
            nanos.recordValue(now - since);
            requests++;
            if (sent < requestsPerConnection && !late(now)) {
                send(channel, now);
                return;
            }
            done = true;
            connections++;
            if (tls != null) {
                resumed += TlsContexts.resumed(tls) ? 1 : 0;
                cipher = TlsContexts.cipher(tls);
            }
            if (holding) {
                held.add(channel.channel());
                open--;
                next();
            } else {
                channel.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext channel) {
            if (!done) {
                over.completeExceptionally(new IOException("closed before the answer to request " + sent));
            } else if (!holding) {
                open--;
                next();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext channel, Throwable cause) {
            // After the last answer a proxy may close as it likes.
            if (!done) {
                over.completeExceptionally(cause);
            }
            channel.close();
        }
    }
}
