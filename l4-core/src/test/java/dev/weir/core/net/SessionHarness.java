package dev.weir.core.net;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Sniffer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A session on an embedded channel, with a terminal that records. For the testkit only. */
public final class SessionHarness {
    private final EmbeddedChannel channel;
    private final Session session;
    private final Terminal terminal = new Terminal();
    private long nanos = 1_000_000_000L;

    /** Opens a session with {@code filters}. */
    public SessionHarness(Exchanges exchanges, String[] types, NetworkFilter... filters) {
        WireClock clock = new WireClock() {
            @Override
            public long nanoTime() {
                return nanos;
            }

            @Override
            public long epochMicros(long nanoTime) {
                return nanoTime / 1_000;
            }
        };
        channel = new EmbeddedChannel();
        channel.freezeTime();
        Loop loop = new Loop(0, channel.eventLoop(), exchanges, clock);
        ListenerLoop home =
                new ListenerLoop("test", loop, new AtomicLong(), new CoreMetrics(new SimpleMeterRegistry()), false);
        session = new Session(home, channel, types, connection -> filters, context -> terminal, () -> {});
        channel.pipeline().addLast(session);
        channel.runPendingTasks();
    }

    /** Wraps a sniffer as the core does. */
    public static NetworkFilter sniffing(Sniffer sniffer) {
        return new SniffingFilter(sniffer, () -> true, (outcome, reason, cause) -> {});
    }

    /** Records what the chain lets through, and writes what the upstream sends. */
    private static final class Terminal extends ChannelInboundHandlerAdapter {
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        ChannelHandlerContext context;
        boolean ended;
        int bursts;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            ByteBuf data = (ByteBuf) message;
            data.readBytes(received, data.readableBytes());
            data.release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            bursts++;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            ended |= event == EndOfStream.INSTANCE;
        }
    }

    /** Bytes from the client, in one read. Takes ownership. */
    public void fromClient(ByteBuf data) {
        if (channel.isOpen()) {
            channel.writeInbound(data);
        } else {
            data.release();
        }
        channel.runPendingTasks();
    }

    /** Bytes from the upstream, written and flushed. Takes ownership. */
    public ChannelFuture fromUpstream(ByteBuf data) {
        ChannelFuture written = terminal.context.writeAndFlush(data);
        channel.runPendingTasks();
        return written;
    }

    /** The client ends its stream. */
    public void clientEnds() {
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        channel.runPendingTasks();
    }

    /** The upstream ends its stream. */
    public void upstreamEnds() {
        terminal.context.writeAndFlush(EndOfStream.INSTANCE);
        channel.runPendingTasks();
    }

    /** What reached the terminal since the last call. */
    public byte[] takeToUpstream() {
        byte[] all = terminal.received.toByteArray();
        terminal.received.reset();
        return all;
    }

    /** What was sent and flushed to the client since the last call. */
    public byte[] takeToClient() {
        channel.runPendingTasks();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (ByteBuf data = channel.readOutbound(); data != null; data = channel.readOutbound()) {
            all.writeBytes(io.netty.buffer.ByteBufUtil.getBytes(data));
            data.release();
        }
        return all.toByteArray();
    }

    /** Whether the client's end of stream has reached the terminal. */
    public boolean upstreamSawEnd() {
        return terminal.ended;
    }

    /** Whether the client was told of the upstream's end of stream. */
    public boolean clientSawEnd() {
        return session.outputEnded();
    }

    /** Read bursts the terminal was told the end of. */
    public int bursts() {
        return terminal.bursts;
    }

    /** Whether the terminal was started. */
    public boolean started() {
        return terminal.context != null;
    }

    /** Whether the client is read from. */
    public boolean reading() {
        return channel.config().isAutoRead();
    }

    /** Whether the terminal may write on. */
    public boolean writable() {
        return channel.isWritable();
    }

    /** Lets time pass and runs what is due. */
    public void advance(long nanoseconds) {
        nanos += nanoseconds;
        channel.advanceTimeBy(nanoseconds, TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    /** The connection. */
    public Connection connection() {
        return session.connection();
    }

    /** The channel of the client. */
    public EmbeddedChannel channel() {
        return channel;
    }

    /** Why the connection was closed, or null. */
    public CloseReason closeReason() {
        return session.closeReason();
    }

    /** Closes the connection as a client would. */
    public void close() {
        channel.close();
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();
        channel.releaseOutbound();
        channel.releaseInbound();
    }

    /** A buffer of its own for {@code bytes}. */
    public static ByteBuf buffer(byte[] bytes) {
        return Unpooled.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
    }
}
