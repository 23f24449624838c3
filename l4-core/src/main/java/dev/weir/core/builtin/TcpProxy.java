package dev.weir.core.builtin;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Mirror;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.net.Resets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Forwards bytes between the client and one endpoint. Sits behind the chain on the client channel; its inner
 * {@link Upstream} sits on the upstream channel. Both live on one event loop.
 *
 * <p>Each side reads only while the other one is writable, and is flushed once per read burst. An end of stream
 * is passed on behind the bytes before it, a reset as a reset.
 */
final class TcpProxy extends ChannelInboundHandlerAdapter implements Connecting.Owner {
    /** How long an upstream that does not read may delay the end of what was written to it. */
    private static final long FLUSH_MILLIS = 5_000;

    /**
     * What all connections of one configured terminal share.
     *
     * @param hashBy what is hashed; null, and where it is not set, for the client's address
     * @param idleNanos 0 for none
     * @param longestNanos 0 for none
     * @param targets where clients may ask to be connected to; null for nowhere
     * @param overridden whether a filter has chosen the cluster
     */
    record Settings(
            Cluster cluster,
            @Nullable ConnectionAttribute<String> hashBy,
            long idleNanos,
            long longestNanos,
            Connecting.Attempts attempts,
            @Nullable Mirror mirror,
            @Nullable TargetRules targets,
            boolean overridden,
            UpstreamMetrics metrics) {
        /** The same for another cluster. */
        Settings with(Cluster other, UpstreamMetrics itsMetrics) {
            return new Settings(other, hashBy, idleNanos, longestNanos, attempts, mirror, null, true, itsMetrics);
        }
    }

    private final Settings settings;
    private final TerminalContext context;
    private final Connecting connecting;

    private @Nullable ChannelHandlerContext client;
    private @Nullable Channel upstream;
    private boolean connected;
    /** Set as long as the upstream has not said anything, if its cluster wants to know. */
    private @Nullable Silent silent;

    private Mirror.@Nullable Copy copy;

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
        this.connecting = new Connecting(settings, context, this);
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
        Mirror mirror = settings.mirror;
        if (mirror != null && mirror.chosen()) {
            copy = mirror.open(context.connection().loop(), connecting.hash());
        }
        connecting.start();
    }

    // ---- connecting

    @Override
    public ChannelHandler handler() {
        return new Upstream();
    }

    @Override
    public void gaveUp(CloseReason reason, boolean reset) {
        if (reset) {
            context.reset(CloseReason.UPSTREAM_RESET);
        } else {
            context.connection().close(reason);
        }
    }

    @Override
    public void connected(Channel channel, Endpoint endpoint) {
        upstream = channel;
        connected = true;
        context.upstream(settings.cluster.name(), channel.remoteAddress(), channel);
        if (settings.cluster.wantsOutcomes()
                && (settings.overridden || context.connection().get(ConnectionAttribute.TARGET) == null)) {
            context.judge(endpoint);
            silent = new Silent(endpoint, context.clock().nanoTime());
        }
        ArrayDeque<ByteBuf> waiting = early;
        early = null;
        if (waiting != null) {
            asked();
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
        if (copy != null) {
            copy.send(data);
        }
        if (!connected || to == null) {
            // Reading is paused, but filters may have held bytes, and reading may have begun before.
            if (early == null) {
                early = new ArrayDeque<>(4);
            }
            early.add(data);
            return;
        }
        asked();
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
        if (copy != null) {
            copy.flush();
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
        if (copy != null) {
            copy.end();
        }
        connecting.cancel();
        Channel to = upstream;
        if (to == null) {
            return;
        }
        if (context.closeReason() == CloseReason.CLIENT_RESET) {
            Resets.resetAfterFlush(to);
        } else {
            Resets.closeAfterFlush(to, FLUSH_MILLIS);
        }
    }

    private void asked() {
        if (silent != null) {
            silent.asked = true;
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
            if (silent != null) {
                silent.speaks(context.followed());
                silent = null;
            }
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
                leaves(refused);
                if (refused) {
                    // The failed write has taken the news of the reset away; the end of its bytes is what is left.
                    client().flush();
                    context.reset(CloseReason.UPSTREAM_RESET);
                } else {
                    client().writeAndFlush(EndOfStream.INSTANCE);
                }
            }
        }

        private void leaves(boolean reset) {
            if (silent != null && !clientEnded) {
                silent.leaves(reset, context.clock().nanoTime(), settings.cluster.connectTimeoutMillis());
            }
            silent = null;
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
            if (!ended) {
                leaves(cause instanceof IOException);
            }
            ended = true;
            if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
                context.connection().close(CloseReason.UPSTREAM_TLS_FAILED);
            } else if (cause instanceof IOException) {
                client().flush();
                context.reset(CloseReason.UPSTREAM_RESET);
            } else {
                context.connection().close(CloseReason.INTERNAL_ERROR);
            }
            ctx.close();
        }
    }
}
