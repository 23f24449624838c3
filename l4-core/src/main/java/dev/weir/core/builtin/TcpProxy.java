package dev.weir.core.builtin;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.net.Resets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Forwards bytes between the client and one endpoint. Sits behind the chain on the client channel; its inner
 * {@link Upstream} sits on the upstream channel. Both live on one event loop.
 *
 * <p>Each side reads only while the other one is writable, and is flushed once per read burst. An end of stream
 * is passed on behind the bytes before it, a reset as a reset.
 */
final class TcpProxy extends ChannelInboundHandlerAdapter {
    /** How long an upstream that does not read may delay the end of what was written to it. */
    private static final long FLUSH_MILLIS = 5_000;

    /**
     * What all connections of one configured terminal share.
     *
     * @param hashBy what is hashed; null, and where it is not set, for the client's address
     * @param idleNanos 0 for none
     * @param longestNanos 0 for none
     */
    record Settings(
            Cluster cluster,
            @Nullable ConnectionAttribute<String> hashBy,
            long idleNanos,
            long longestNanos,
            int attempts,
            UpstreamMetrics metrics) {}

    private final Settings settings;
    private final TerminalContext context;

    private @Nullable ChannelHandlerContext client;
    private @Nullable Channel upstream;
    private Exclusions excluded = Exclusions.NONE;
    private int attempt;
    private long connectStart;
    private boolean connected;
    /** Whether the last attempt to connect ended with a reset, not with a refusal. */
    private boolean wasReset;

    private boolean clientEnded;
    /** The upstream takes no more bytes; what it sent before is still to be read. */
    private boolean refused;

    private boolean closed;
    private long lastActive;
    private @Nullable ArrayDeque<ByteBuf> early;
    private @Nullable ScheduledFuture<?> idleTimer;
    private @Nullable ScheduledFuture<?> longestTimer;

    TcpProxy(Settings settings, TerminalContext context) {
        this.settings = settings;
        this.context = context;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        client = ctx;
        lastActive = context.clock().nanoTime();
        context.pauseReading();
        if (settings.longestNanos > 0) {
            longestTimer = ctx.executor()
                    .schedule(
                            () -> context.connection().close(CloseReason.MAX_DURATION),
                            settings.longestNanos,
                            TimeUnit.NANOSECONDS);
        }
        connect();
    }

    // ---- connecting

    private void connect() {
        Endpoint next = settings.cluster.pick(hash(), attempt, excluded);
        if (next == null) {
            if (attempt == 0) {
                settings.metrics.noEndpoint();
            }
            giveUp(attempt == 0 ? CloseReason.NO_ENDPOINT : CloseReason.CONNECT_FAILED);
            return;
        }
        connectStart = context.clock().nanoTime();
        ChannelFuture connecting;
        try {
            connecting = next.connect(context.connection(), new Upstream());
        } catch (ChannelException noSocket) {
            // Too many open files: another endpoint would fare no better.
            next.done(Endpoint.Outcome.CONNECT_FAILED, 0);
            settings.metrics.failed(noSocket);
            giveUp(CloseReason.CONNECT_FAILED);
            return;
        }
        upstream = connecting.channel();
        if (connecting.isDone()) {
            connectDone(connecting, next);
        } else {
            connecting.addListener((ChannelFuture done) -> connectDone(done, next));
        }
    }

    private long hash() {
        if (!settings.cluster.usesHash()) {
            return 0;
        }
        Long chosen = context.connection().get(ConnectionAttribute.HASH);
        if (chosen != null) {
            return chosen;
        }
        ConnectionAttribute<String> attribute = settings.hashBy;
        String key = attribute == null ? null : context.connection().get(attribute);
        byte[] bytes = (key != null ? key : context.connection().clientHost()).getBytes(StandardCharsets.UTF_8);
        return settings.cluster.keyHash().hash(bytes, bytes.length);
    }

    private void connectDone(ChannelFuture done, Endpoint tried) {
        if (closed) {
            done.channel().close();
            return;
        }
        long nanos = context.clock().nanoTime() - connectStart;
        if (done.isSuccess()) {
            tried.done(Endpoint.Outcome.SUCCESS, nanos / 1_000);
            settings.metrics.connected(nanos);
            open(done.channel());
            return;
        }
        boolean late = done.cause() instanceof io.netty.channel.ConnectTimeoutException;
        tried.done(late ? Endpoint.Outcome.TIMEOUT : Endpoint.Outcome.CONNECT_FAILED, nanos / 1_000);
        settings.metrics.failed(done.cause());
        attempt++;
        wasReset = wasReset(done.cause());
        if (attempt >= settings.attempts) {
            giveUp(late ? CloseReason.CONNECT_TIMEOUT : CloseReason.CONNECT_FAILED);
            return;
        }
        if (excluded == Exclusions.NONE) {
            excluded = Exclusions.create();
        }
        excluded.add(tried);
        connect();
    }

    /**
     * A server that accepts and resets at once may be faster than we learn of the connection. Then connecting fails, but
     * for the client it should be as it is a moment later.
     */
    private static boolean wasReset(Throwable cause) {
        String message = cause.getMessage();
        return cause instanceof IOException
                && message != null
                && (message.contains("reset by peer") || message.contains("Connection reset"));
    }

    private void giveUp(CloseReason reason) {
        if (wasReset) {
            context.reset(CloseReason.UPSTREAM_RESET);
        } else {
            context.connection().close(reason);
        }
    }

    private void open(Channel channel) {
        connected = true;
        context.upstream(settings.cluster.name(), channel.remoteAddress(), channel);
        ArrayDeque<ByteBuf> waiting = early;
        early = null;
        if (waiting != null) {
            waiting.forEach(data -> channel.write(data, channel.voidPromise()));
            channel.flush();
        }
        if (clientEnded) {
            endUpstream();
        }
        context.resumeReading();
        channel.config().setAutoRead(client().channel().isWritable());
        if (settings.idleNanos > 0) {
            watchIdle(settings.idleNanos);
        }
    }

    // ---- client side

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || closed) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (refused) {
            data.release();
            return;
        }
        Channel to = upstream;
        lastActive = context.burstNanos();
        if (!connected || to == null) {
            // Reading is paused, but filters may have held bytes, and reading may have begun before.
            if (early == null) {
                early = new ArrayDeque<>(4);
            }
            early.add(data);
            return;
        }
        context.countUpstream(0, data.readableBytes());
        to.write(data, to.voidPromise());
        if (!to.isWritable()) {
            context.pauseReading();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (connected && upstream != null) {
            upstream.flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (connected && upstream != null) {
            upstream.config().setAutoRead(ctx.channel().isWritable());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == EndOfStream.INSTANCE) {
            clientEnded = true;
            if (connected) {
                endUpstream();
            }
        }
    }

    private void endUpstream() {
        Channel to = upstream;
        if (to == null) {
            return;
        }
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            Resets.endOutput(to);
            // From here on its end of stream is the end of all.
            to.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        if (early != null) {
            early.forEach(ByteBuf::release);
            early = null;
        }
        if (idleTimer != null) {
            idleTimer.cancel(false);
        }
        if (longestTimer != null) {
            longestTimer.cancel(false);
        }
        Channel to = upstream;
        if (to == null) {
            return;
        }
        if (!connected) {
            to.close();
        } else if (context.closeReason() == CloseReason.CLIENT_RESET) {
            Resets.resetAfterFlush(to);
        } else {
            Resets.closeAfterFlush(to, FLUSH_MILLIS);
        }
    }

    private void watchIdle(long nanos) {
        idleTimer = client().executor()
                .schedule(
                        () -> {
                            long left = settings.idleNanos - (context.clock().nanoTime() - lastActive);
                            if (left <= 0 && !context.busy()) {
                                context.connection().close(CloseReason.IDLE_TIMEOUT);
                            } else {
                                watchIdle(left > 0 ? left : settings.idleNanos);
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private ChannelHandlerContext client() {
        if (client == null) {
            throw new IllegalStateException("terminal not in a pipeline yet");
        }
        return client;
    }

    // ---- upstream side

    private final class Upstream extends ChannelInboundHandlerAdapter {
        private boolean ended;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!(message instanceof ByteBuf data) || closed) {
                ReferenceCountUtil.release(message);
                return;
            }
            context.countUpstream(data.readableBytes(), 0);
            ChannelHandlerContext to = client();
            to.write(data, to.voidPromise());
            lastActive = context.burstNanos();
            if (!to.channel().isWritable()) {
                ctx.channel().config().setAutoRead(false);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (!closed && client != null) {
                client.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!closed && connected && ctx.channel().isWritable()) {
                context.resumeReading();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                end();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end();
        }

        private void end() {
            if (!ended && connected && !closed) {
                ended = true;
                if (refused) {
                    // The failed write has taken the news of the reset away; the end of its bytes is what is left.
                    client().flush();
                    context.reset(CloseReason.UPSTREAM_RESET);
                } else {
                    client().writeAndFlush(EndOfStream.INSTANCE);
                }
            }
        }

        /** Netty shuts the output down when a write fails; when reading fails it is still open. */
        private boolean isWriteError(Channel channel, Throwable cause) {
            return cause instanceof IOException && channel instanceof DuplexChannel duplex && duplex.isOutputShutdown();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!connected || closed) {
                ctx.close();
                return;
            }
            if (!refused && !ended && !clientEnded && isWriteError(ctx.channel(), cause)) {
                refused = true;
                ctx.read();
                return;
            }
            ended = true;
            if (cause instanceof IOException) {
                client().flush();
                context.reset(CloseReason.UPSTREAM_RESET);
            } else {
                context.connection()
                        .close(
                                cause.getCause() instanceof javax.net.ssl.SSLException
                                        ? CloseReason.TLS_FAILED
                                        : CloseReason.INTERNAL_ERROR);
            }
            ctx.close();
        }
    }
}
