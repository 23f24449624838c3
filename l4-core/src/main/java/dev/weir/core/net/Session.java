package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.filter.Side;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.TerminalFactory.PerTerminal;
import dev.weir.core.filter.WireClock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client connection: the Netty handler that runs its chain, and its life.
 *
 * <pre>
 *   accepted ──channelActive──▶ opening ──all filters proceed──▶ open ──close(reason)──▶ closing ──▶ closed
 *                                  └───────────────close(reason)──────────────────────────┘
 * </pre>
 *
 * While closing, nothing is read or run any more; what was written goes out, then the client is told of the end
 * and given {@value #LINGER_MILLIS} ms to hang up, so that no reset destroys what is on its way.
 */
final class Session extends ChannelDuplexHandler implements Connection, TerminalContext, ChainEnds {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final @Nullable Object[] NO_ATTRIBUTES = new Object[0];
    private static final long LINGER_MILLIS = 1_000;
    private static final long FLUSH_MILLIS = 5_000;
    /** A drained connection stays this long at its boundary, so that a request on its way is still answered. */
    private static final long DRAIN_GRACE_MILLIS = 10;

    private final ListenerLoop home;
    private final Channel channel;
    private final FilterChain chain;
    private final PerTerminal terminalFactory;
    private final Runnable release;
    private final ReadGate gate;
    /** Bytes held or not yet written in one direction at which reading stops; it goes on at half of that. */
    private final int highWater;

    private final long id;
    private final long openedNanos;

    /** Neighbours in the list of {@link ListenerLoop}. */
    @Nullable
    Session previous;

    @Nullable
    Session next;

    private @Nullable ChannelHandlerContext context;
    private @Nullable ArrayDeque<Object> beforeTerminal = new ArrayDeque<>(0);
    private @Nullable Object[] attributes = NO_ATTRIBUTES;

    private @Nullable Object sinkState;
    private @Nullable String clientText;
    private @Nullable String clientHost;
    private @Nullable String cluster;
    private @Nullable SocketAddress upstream;
    private @Nullable String upstreamText;
    private @Nullable Channel upstreamChannel;

    private long burstNanos;
    private boolean inClientBurst;
    private boolean inUpstreamBurst;
    private boolean needsFlush;
    private boolean flushScheduled;
    private boolean completeScheduled;
    private boolean heldUnwritable;

    private boolean clientEnded;
    private boolean outputEnded;
    private @Nullable CloseReason firstEnd;
    private boolean started;
    private boolean resetSeen;
    private boolean draining;
    private boolean drainScheduled;
    private long drainMark;
    private @Nullable CloseReason closeReason;
    private boolean terminalTold;

    Session(
            ListenerLoop home,
            Channel channel,
            String[] types,
            PerConnectionFilters filters,
            PerTerminal terminalFactory,
            Runnable release) {
        this.home = home;
        this.channel = channel;
        this.terminalFactory = terminalFactory;
        this.release = release;
        this.gate = new ReadGate(channel);
        this.highWater = channel.config().getWriteBufferHighWaterMark();
        this.id = home.nextId();
        this.openedNanos = home.clock().nanoTime();
        this.burstNanos = openedNanos;
        this.chain = new FilterChain(this, channel.alloc(), types, filters.create(this));
    }

    /** Makes the filters of one connection. */
    @FunctionalInterface
    interface PerConnectionFilters {
        NetworkFilter[] create(Connection connection);
    }

    // ---- Netty: client side

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        home.opened(this);
        if (ctx.channel().isActive()) {
            start();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        start();
    }

    private void start() {
        if (started) {
            return;
        }
        started = true;
        chain.open();
        gate.release(ReadGate.CLOSED);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || closeReason != null) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (!inClientBurst) {
            inClientBurst = true;
            burstNanos = home.clock().nanoTime();
        }
        home.bytesFromClients.add(data.readableBytes());
        chain.fromClient(data);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (closeReason == null) {
            chain.readComplete(Direction.TO_UPSTREAM);
            ctx.fireChannelReadComplete();
        }
        inClientBurst = false;
        if (needsFlush) {
            needsFlush = false;
            ctx.flush();
        }
        if (draining) {
            drainSoon();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            if (closeReason == null && !clientEnded && !resetSeen) {
                clientEnded = true;
                firstEnd = firstEnd == null ? CloseReason.CLIENT_CLOSED : firstEnd;
                chain.endFromClient();
            } else if (closeReason != null) {
                channel.close();
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (closeReason == null) {
            if (channel.isWritable()) {
                chain.clientWritable();
            }
            ctx.fireChannelWritabilityChanged();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            resetSeen = true;
            close(CloseReason.CLIENT_RESET);
        } else if (cause.getCause() instanceof javax.net.ssl.SSLException) {
            LOG.debug("TLS failed connection={} client={}", id, clientText(), cause);
            close(CloseReason.TLS_FAILED);
        } else {
            home.internalError("connection", cause);
            close(CloseReason.INTERNAL_ERROR);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (closeReason == null) {
            closeReason = resetSeen || !clientEnded ? CloseReason.CLIENT_RESET : CloseReason.CLIENT_CLOSED;
        }
        tellTerminal();
        chain.close(closeReason);
        if (beforeTerminal != null) {
            beforeTerminal.forEach(ReferenceCountUtil::release);
            beforeTerminal = null;
        }
        home.closed(this, closeReason);
        release.run();
    }

    private void tellTerminal() {
        if (!terminalTold) {
            terminalTold = true;
            ctx().fireChannelInactive();
        }
    }

    // ---- Netty: what the terminal writes

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf data) {
            if (!inClientBurst && !inUpstreamBurst) {
                inUpstreamBurst = true;
                burstNanos = home.clock().nanoTime();
            }
            chain.fromTerminal(data, promise);
        } else if (message == EndOfStream.INSTANCE) {
            promise.trySuccess();
            if (closeReason == null && !outputEnded) {
                firstEnd = firstEnd == null ? CloseReason.UPSTREAM_CLOSED : firstEnd;
                chain.endFromTerminal();
            }
        } else {
            ctx.write(message, promise);
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (inUpstreamBurst) {
            inUpstreamBurst = false;
            if (closeReason == null) {
                chain.readComplete(Direction.TO_CLIENT);
            }
        }
        needsFlush = false;
        ctx.flush();
        if (draining) {
            drainSoon();
        }
    }

    // ---- the ends of the chain

    @Override
    public void toTerminal(ByteBuf data) {
        if (closeReason != null) {
            data.release();
        } else if (beforeTerminal != null) {
            beforeTerminal.add(data);
        } else {
            ctx().fireChannelRead(data);
            completeSoon();
        }
    }

    @Override
    public void endToTerminal() {
        if (beforeTerminal != null) {
            beforeTerminal.add(EndOfStream.INSTANCE);
        } else if (closeReason == null) {
            ctx().fireUserEventTriggered(EndOfStream.INSTANCE);
        }
    }

    /** Bytes that reach the terminal outside of a read burst of the client still need an end of burst. */
    private void completeSoon() {
        if (!inClientBurst && !completeScheduled) {
            completeScheduled = true;
            loop().execute(() -> {
                completeScheduled = false;
                if (closeReason == null && !inClientBurst) {
                    ctx().fireChannelReadComplete();
                }
            });
        }
    }

    @Override
    public void toClient(ByteBuf data, @Nullable ChannelPromise promise) {
        if (outputEnded) {
            data.release();
            return;
        }
        home.bytesToClients.add(data.readableBytes());
        ctx().write(data, promise == null ? ctx().voidPromise() : promise);
        if (inClientBurst) {
            needsFlush = true;
        } else if (!inUpstreamBurst && !flushScheduled) {
            flushScheduled = true;
            loop().execute(() -> {
                flushScheduled = false;
                ctx().flush();
            });
        }
    }

    @Override
    public void endToClient() {
        if (outputEnded) {
            return;
        }
        outputEnded = true;
        ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            shutdownOutput();
            if (clientEnded && firstEnd != null) {
                close(firstEnd);
            }
        });
    }

    private void shutdownOutput() {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls != null) {
            tls.closeOutbound().addListener(closed -> shutdownSocket());
        } else {
            shutdownSocket();
        }
    }

    private void shutdownSocket() {
        if (channel instanceof DuplexChannel duplex && duplex.isActive() && !duplex.isOutputShutdown()) {
            duplex.shutdownOutput();
        }
    }

    @Override
    public void startTerminal() {
        ctx().pipeline().addLast(terminalFactory.handler(this));
        ArrayDeque<Object> waiting = beforeTerminal;
        beforeTerminal = null;
        if (waiting != null) {
            for (Object message : waiting) {
                if (message instanceof ByteBuf data) {
                    toTerminal(data);
                } else {
                    endToTerminal();
                }
            }
        }
    }

    @Override
    public void heldChanged(int towardUpstream, int towardClient) {
        if (towardUpstream >= highWater) {
            gate.hold(ReadGate.HELD);
        } else if (towardUpstream <= highWater / 2) {
            gate.release(ReadGate.HELD);
        }
        boolean unwritable = towardClient >= highWater || heldUnwritable && towardClient > highWater / 2;
        if (unwritable != heldUnwritable) {
            heldUnwritable = unwritable;
            ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
            if (out != null) {
                out.setUserDefinedWritability(1, !unwritable);
            }
        }
    }

    @Override
    public void watchHolds(long nanos) {
        loop().schedule(chain::checkHolds, nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void holdExpired(String filter, String reason) {
        home.holdExpired(filter, reason);
    }

    @Override
    public void filterFailed(String filter, Throwable cause) {
        home.internalError(filter, cause);
    }

    @Override
    public Future<?> startTls(Side side, SslHandler handler, @Nullable ByteBuf first) {
        Channel target = side == Side.CLIENT ? channel : upstreamChannel;
        if (target == null || closeReason != null) {
            ReferenceCountUtil.release(first);
            return loop().newFailedFuture(new IllegalStateException("no upstream connection to start TLS on"));
        }
        target.pipeline().addFirst("tls", handler);
        handler.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                close(CloseReason.TLS_FAILED);
            }
        });
        if (first != null) {
            ChannelHandlerContext tls = target.pipeline().context(handler);
            // Later, because the filter that asked is still running: plain text must not reach it before.
            loop().execute(() -> {
                try {
                    handler.channelRead(tls, first);
                    handler.channelReadComplete(tls);
                } catch (Exception e) {
                    close(CloseReason.TLS_FAILED);
                }
            });
        }
        return handler.handshakeFuture();
    }

    // ---- closing

    @Override
    public void close(CloseReason reason) {
        if (closeReason != null) {
            return;
        }
        closeReason = reason;
        chain.stop();
        tellTerminal();
        if (!channel.isActive() || reason == CloseReason.CLIENT_RESET) {
            channel.close();
            return;
        }
        ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> linger());
        if (channel.isOpen()) {
            loop().schedule(() -> channel.close(), FLUSH_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void linger() {
        if (clientEnded || !channel.isActive()) {
            channel.close();
            return;
        }
        shutdownOutput();
        gate.release(~0);
        loop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void reset(CloseReason reason) {
        if (closeReason != null) {
            return;
        }
        closeReason = reason;
        chain.stop();
        tellTerminal();
        Resets.resetAfterFlush(channel);
    }

    /** Closes at the next boundary. */
    void drain() {
        draining = true;
        drainSoon();
    }

    private void drainSoon() {
        if (drainScheduled || closeReason != null || chain.boundary() != Boundary.IDLE) {
            return;
        }
        drainScheduled = true;
        drainMark = burstNanos;
        loop().schedule(
                        () -> {
                            drainScheduled = false;
                            ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
                            boolean quiet =
                                    drainMark == burstNanos && (out == null || out.totalPendingWriteBytes() == 0);
                            if (quiet && chain.boundary() == Boundary.IDLE) {
                                close(CloseReason.DRAINED);
                            } else {
                                drainSoon();
                            }
                        },
                        DRAIN_GRACE_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    /** Whether the end of the upstream's stream has come through the chain. */
    boolean outputEnded() {
        return outputEnded;
    }

    // ---- terminal context

    @Override
    public Connection connection() {
        return this;
    }

    @Override
    public void upstream(String clusterName, @Nullable SocketAddress address, @Nullable Channel upstreamSocket) {
        cluster = clusterName;
        upstream = address;
        upstreamText = address == null ? null : home.textOf(address);
        upstreamChannel = upstreamSocket;
    }

    @Override
    public void pauseReading() {
        gate.hold(ReadGate.TERMINAL);
    }

    @Override
    public void resumeReading() {
        gate.release(ReadGate.TERMINAL);
    }

    @Override
    public void countUpstream(long read, long written) {
        home.bytesFromUpstreams.add(read);
        home.bytesToUpstreams.add(written);
    }

    @Override
    public boolean busy() {
        return chain.boundary() == Boundary.BUSY;
    }

    @Override
    public @Nullable CloseReason closeReason() {
        return closeReason;
    }

    // ---- connection

    private ChannelHandlerContext ctx() {
        if (context == null) {
            throw new IllegalStateException("session not in a pipeline yet");
        }
        return context;
    }

    @Override
    public Channel channel() {
        return channel;
    }

    @Override
    public Exchanges exchanges() {
        return home.exchanges();
    }

    @Override
    public WireClock clock() {
        return home.clock();
    }

    @Override
    public long burstNanos() {
        return burstNanos;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listener() {
        return home.listener();
    }

    @Override
    public SocketAddress client() {
        SocketAddress remote = channel.remoteAddress();
        return remote == null ? home.unnamed() : remote;
    }

    @Override
    public String clientText() {
        if (clientText == null) {
            clientText = Address.format(client());
        }
        return clientText;
    }

    @Override
    public String clientHost() {
        if (clientHost == null) {
            clientHost = client() instanceof InetSocketAddress inet && inet.getAddress() != null
                    ? io.netty.util.NetUtil.toAddressString(inet.getAddress())
                    : "unix";
        }
        return clientHost;
    }

    @Override
    public SocketAddress local() {
        SocketAddress local = channel.localAddress();
        return local == null ? home.unnamed() : local;
    }

    @Override
    public @Nullable String cluster() {
        return cluster;
    }

    @Override
    public @Nullable SocketAddress upstream() {
        return upstream;
    }

    @Override
    public @Nullable String upstreamText() {
        return upstreamText;
    }

    @Override
    public long openedNanos() {
        return openedNanos;
    }

    @Override
    public <T> @Nullable T get(ConnectionAttribute<T> key) {
        return key.index() < attributes.length ? key.type().cast(attributes[key.index()]) : null;
    }

    @Override
    public <T> void set(ConnectionAttribute<T> key, T value) {
        if (key.index() >= attributes.length) {
            attributes = Arrays.copyOf(attributes, key.index() + 1);
        }
        attributes[key.index()] = value;
    }

    @Override
    public @Nullable Object sinkState() {
        return sinkState;
    }

    @Override
    public void sinkState(@Nullable Object state) {
        sinkState = state;
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public ByteBufAllocator allocator() {
        return channel.alloc();
    }
}
