package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.filter.Side;
import dev.weir.core.filter.TerminalFactory.PerTerminal;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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
final class Session extends ChannelDuplexHandler implements ChainEnds {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final long LINGER_MILLIS = 1_000;
    private static final long FLUSH_MILLIS = 5_000;

    private final ListenerLoop home;
    private final Channel channel;
    private final ClientConnection connection;
    private final FilterChain chain;
    private final PerTerminal terminalFactory;
    private final Runnable release;
    private final ReadGate gate;
    /** Bytes held or not yet written in one direction at which reading stops; it goes on at half of that. */
    private final int highWater;

    /** Neighbours in the list of {@link ListenerLoop}. */
    @Nullable
    Session previous;

    @Nullable
    Session next;

    @Nullable
    Drain drain;

    long bytesFromClient;
    long bytesToClient;
    private @Nullable ChannelHandlerContext context;
    private @Nullable ArrayDeque<Object> beforeTerminal = new ArrayDeque<>(0);

    private long burstNanos;
    private boolean inClientBurst;
    private boolean inUpstreamBurst;
    private boolean needsFlush;
    private boolean flushScheduled;
    private boolean completeScheduled;
    private boolean heldUnwritable;

    private boolean clientEnded;
    private boolean inputEnded; // the client's stream, and that has come through the chain
    private boolean outputEnded;
    private @Nullable CloseReason firstEnd;
    private boolean started;
    private boolean resetSeen;
    private @Nullable CloseReason closeReason;
    private boolean terminalTold;

    Session(
            ListenerLoop home,
            Channel channel,
            String[] types,
            Function<Connection, NetworkFilter[]> filters,
            PerTerminal terminalFactory,
            Runnable release) {
        this.home = home;
        this.channel = channel;
        this.terminalFactory = terminalFactory;
        this.release = release;
        this.gate = new ReadGate(channel);
        this.highWater = channel.config().getWriteBufferHighWaterMark();
        this.connection = new ClientConnection(home, channel, this);
        this.burstNanos = connection.openedNanos();
        this.chain = new FilterChain(this, channel.alloc(), types, filters.apply(connection));
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
        bytesFromClient += data.readableBytes();
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
        if (drain != null) {
            drain.soon();
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
        if (TlsStart.isFailure(cause)) {
            LOG.debug("TLS failed connection={} client={}", connection.id(), connection.clientText(), cause);
            close(CloseReason.TLS_FAILED);
        } else if (cause instanceof IOException) {
            resetSeen = true;
            close(CloseReason.CLIENT_RESET);
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
        home.connectionExchange(connection, closeReason, bytesFromClient, bytesToClient);
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
        if (drain != null) {
            drain.soon();
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
            inputEnded = true;
            ctx().fireUserEventTriggered(EndOfStream.INSTANCE);
            if (outputEnded && firstEnd != null) {
                close(firstEnd);
            }
        }
    }

    /** Bytes that reach the terminal outside of a read burst of the client still need an end of burst. */
    private void completeSoon() {
        if (!inClientBurst && !completeScheduled) {
            completeScheduled = true;
            loop().execute(this::completeNow);
        }
    }

    private void completeNow() {
        completeScheduled = false;
        if (closeReason == null && !inClientBurst) {
            ctx().fireChannelReadComplete();
        }
    }

    @Override
    public void toClient(ByteBuf data, @Nullable ChannelPromise promise) {
        if (outputEnded) {
            data.release();
            if (promise != null) {
                promise.tryFailure(Flow.CLOSED);
            }
            return;
        }
        bytesToClient += data.readableBytes();
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
        if (inputEnded && firstEnd != null) {
            close(firstEnd);
        } else {
            ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> Resets.endOutput(channel));
        }
    }

    @Override
    public void startTerminal() {
        ChannelHandler terminal;
        try {
            terminal = terminalFactory.handler(new SessionTerminal(this));
        } catch (Throwable t) {
            home.internalError("terminal", t);
            close(CloseReason.INTERNAL_ERROR);
            return;
        }
        ctx().pipeline().addLast(terminal);
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
    public Future<?> startTls(Side side, TlsHandler handler, @Nullable ByteBuf first) {
        Channel target = side == Side.CLIENT ? channel : connection.upstreamChannel();
        return SessionEvents.startTls(this, side, closeReason == null ? target : null, handler, first);
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
        ChannelFuture flushing = ctx().writeAndFlush(Unpooled.EMPTY_BUFFER);
        if (flushing.isDone()) {
            linger();
        } else {
            flushing.addListener(flushed -> linger());
            loop().schedule(() -> channel.close(), FLUSH_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void linger() {
        if (!clientEnded && channel.isActive()) {
            Resets.endOutput(channel);
            gate.release(~0);
            loop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            channel.close();
        }
    }

    /** Closes with a reset behind what was written. */
    void reset(CloseReason reason) {
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
        drain = new Drain(this);
        drain.soon();
    }

    /** Whether the end of the upstream's stream has come through the chain. */
    boolean outputEnded() {
        return outputEnded;
    }

    // ---- what the terminal asks for

    Boundary boundary() {
        return connection.boundary(chain.boundary());
    }

    @Nullable
    CloseReason closeReason() {
        return closeReason;
    }

    ReadGate gate() {
        return gate;
    }

    @Override
    public ListenerLoop home() {
        return home;
    }

    void upstream(String cluster, @Nullable SocketAddress address, @Nullable Channel socket) {
        connection.upstream(cluster, address, socket);
    }

    @Override
    public ClientConnection connection() {
        return connection;
    }

    private ChannelHandlerContext ctx() {
        return Objects.requireNonNull(context, "session not in a pipeline yet");
    }

    @Override
    public Channel channel() {
        return channel;
    }

    @Override
    public @Nullable Channel upstreamChannel() {
        return connection.upstreamChannel();
    }

    @Override
    public long burstNanos() {
        return burstNanos;
    }

    private EventLoop loop() {
        return channel.eventLoop();
    }
}
