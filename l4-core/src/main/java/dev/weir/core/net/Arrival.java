package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A client connection that begins, or may begin, with TLS: stands in the place of its session until it is known what the client wants and who it
 * is. No filter runs and no upstream is asked before.
 *
 * <pre>
 *   hello ──a chain without TLS──▶ session
 *     └──▶ handshake ──done──▶ session
 *              └──failed──▶ closing ──▶ closed
 * </pre>
 *
 * It counts as a connection until its channel is closed, which may take a moment: an alert is to arrive.
 *
 * Holds at most a hello, and what comes in one read behind a handshake.
 */
final class Arrival extends ChannelInboundHandlerAdapter implements ListenerLoop.Waiting {
    private static final long HELLO_MILLIS = 10_000;
    /** Clients that are waited for at a time, on a loop. */
    private static final int MOST_HELLOS = 4_096;
    /** Hellos with several post-quantum key shares have some 4 KiB. */
    private static final int LONGEST_HELLO = 32 << 10;

    /** What is decided elsewhere. */
    interface Next {
        /** Null if the bytes do not tell yet. */
        @Nullable
        ClientHello hello(ByteBuf data);

        /** The chain of a client that begins like this; null if there is none. */
        ChainPlan.@Nullable OnLoop choose(Channel channel, ClientHello hello);

        /** Puts a session behind it; false if there is none, and the connection has been dealt with. */
        boolean session(Channel channel, ChainPlan.OnLoop chain, @Nullable ClientHello hello, @Nullable TlsSession tls);
    }

    private enum State {
        NEW,
        HELLO,
        HANDSHAKE,
        CLOSING,
        DONE
    }

    private final ListenerLoop home;
    private final Next next;
    private final Runnable release;

    private State state = State.NEW;
    private ChainPlan.@Nullable OnLoop chain;
    private @Nullable ClientHello hello;
    private @Nullable ByteBuf held;
    private @Nullable ArrayDeque<Object> plain;
    private @Nullable ScheduledFuture<?> alarm;
    private @Nullable ChannelHandlerContext context;
    /** The number under which a failure was told, or 0. */
    private long told;

    /**
     * {@code chain} is null where the hello decides; {@code release} is called when the connection ends without having had a session.
     */
    Arrival(ListenerLoop home, ChainPlan.@Nullable OnLoop chain, Next next, Runnable release) {
        this.home = home;
        this.chain = chain;
        this.next = next;
        this.release = release;
    }

    // ---- Netty

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        home.waiting(this);
        TlsServer tls = chain == null ? null : chain.tls;
        if (tls != null && !tls.needsHello()) {
            handshake(ctx, tls);
            return;
        }
        if (!home.hellos.begin(MOST_HELLOS)) {
            end(CloseReason.LIMIT);
            return;
        }
        state = State.HELLO;
        alarm = ctx.channel()
                .eventLoop()
                .schedule(() -> end(CloseReason.TLS_FAILED), HELLO_MILLIS, TimeUnit.MILLISECONDS);
        ctx.read();
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        switch (state) {
            case HELLO -> {
                ByteBuf data = (ByteBuf) message;
                held = held == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), held, data);
                look(ctx, held);
            }
            case HANDSHAKE -> later(message);
            case NEW, CLOSING, DONE -> ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.HELLO) {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof ChannelInputShutdownEvent)) {
            return;
        }
        if (state == State.HELLO) {
            if (held == null) {
                end(CloseReason.CLIENT_CLOSED); // somebody who looks whether we listen
            } else {
                later(event);
                decide(ctx, ClientHello.NONE);
            }
        } else if (state == State.HANDSHAKE) {
            if (plain == null) {
                end(CloseReason.CLIENT_CLOSED);
            } else {
                later(event);
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
            end(CloseReason.TLS_FAILED);
        } else if (cause instanceof IOException) {
            end(CloseReason.CLIENT_RESET);
        } else {
            home.internalError("tls", cause);
            end(CloseReason.INTERNAL_ERROR);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end(CloseReason.CLIENT_RESET);
    }

    // ---- hello

    private void look(ChannelHandlerContext ctx, ByteBuf data) {
        ClientHello found = next.hello(data);
        if (found != null) {
            decide(ctx, found);
        } else if (data.readableBytes() >= LONGEST_HELLO) {
            decide(ctx, ClientHello.NONE);
        }
    }

    private void decide(ChannelHandlerContext ctx, ClientHello found) {
        cancel();
        hello = found;
        ChainPlan.OnLoop chosen = chain == null ? next.choose(ctx.channel(), found) : chain;
        chain = chosen;
        if (chosen == null) {
            end(CloseReason.NO_CHAIN);
        } else if (chosen.tls == null) {
            ByteBuf rest = held;
            held = null;
            if (rest != null) {
                before(rest);
            }
            session(ctx, chosen, null);
        } else {
            handshake(ctx, chosen.tls);
        }
    }

    // ---- handshake

    private void handshake(ChannelHandlerContext ctx, TlsServer tls) {
        if (!home.handshakes.begin(tls.maxHandshakes())) {
            end(CloseReason.LIMIT);
            return;
        }
        leave();
        state = State.HANDSHAKE;
        TlsHandler handler;
        try {
            handler = tls.handler(ctx.channel(), hello);
        } catch (RuntimeException e) {
            home.internalError("tls", e);
            end(CloseReason.INTERNAL_ERROR);
            return;
        }
        ctx.pipeline().addBefore(ctx.name(), null, handler);
        handler.handshakeFuture().addListener(done -> {
            TlsSession session = handler.session();
            if (session == null) {
                failed(ctx.channel(), done.cause());
                end(CloseReason.TLS_FAILED);
            } else if (state == State.HANDSHAKE && chain != null) {
                session(ctx, chain, session);
            }
        });
        ByteBuf first = held;
        held = null;
        if (first != null) {
            give(ctx.pipeline().context(handler), handler, first);
        } else {
            ctx.read();
        }
    }

    /** Tells it before the client may notice. */
    private void failed(Channel channel, @Nullable Throwable cause) {
        if (home.events() != ConnectionEvents.NONE && cause != null && told == 0) {
            told = home.nextId();
            SocketAddress client = channel.remoteAddress();
            home.events().handshakeFailed(told, home.listener(), client == null ? home.unnamed() : client, cause);
        }
    }

    private void give(@Nullable ChannelHandlerContext tls, TlsHandler handler, ByteBuf first) {
        if (tls == null || tls.isRemoved()) {
            first.release();
            return;
        }
        try {
            handler.channelRead(tls, first);
            handler.channelReadComplete(tls);
        } catch (Exception e) {
            tls.fireExceptionCaught(e);
        }
    }

    // ---- ends

    private void later(Object message) {
        if (plain == null) {
            plain = new ArrayDeque<>(4);
        }
        plain.add(message);
    }

    private void before(ByteBuf data) {
        if (plain == null) {
            plain = new ArrayDeque<>(1);
        }
        plain.addFirst(data);
    }

    private void session(ChannelHandlerContext ctx, ChainPlan.OnLoop chosen, @Nullable TlsSession tls) {
        leave();
        state = State.DONE;
        boolean goesOn = next.session(ctx.channel(), chosen, hello, tls);
        // Only now, so that a drain that counts connections sees this one all the time.
        home.passed(this);
        ArrayDeque<Object> waiting = plain;
        plain = null;
        if (!goesOn) {
            discard(waiting);
            return;
        }
        if (waiting != null) {
            forward(ctx, waiting);
        }
        ctx.pipeline().remove(this);
    }

    private static void forward(ChannelHandlerContext ctx, ArrayDeque<Object> waiting) {
        for (Object message : waiting) {
            if (message instanceof ChannelInputShutdownEvent) {
                ctx.fireChannelReadComplete();
                ctx.fireUserEventTriggered(message);
            } else {
                ctx.fireChannelRead(message);
            }
        }
        ctx.fireChannelReadComplete();
    }

    private static void discard(@Nullable ArrayDeque<Object> waiting) {
        if (waiting != null) {
            waiting.forEach(ReferenceCountUtil::release);
        }
    }

    private void leave() {
        if (state == State.HANDSHAKE) {
            home.handshakes.end();
        } else if (state == State.HELLO) {
            home.hellos.end();
        }
        cancel();
    }

    @Override
    public void end(CloseReason reason) {
        ChannelHandlerContext ctx = context;
        if (state == State.DONE || ctx == null) {
            return;
        }
        if (state == State.CLOSING) {
            if (reason == CloseReason.SHUTDOWN) {
                ctx.channel().unsafe().close(ctx.voidPromise());
            }
            return;
        }
        leave();
        state = State.CLOSING;
        if (held != null) {
            held.release();
            held = null;
        }
        discard(plain);
        plain = null;
        ctx.channel().closeFuture().addListener(closed -> {
            home.ended(this, reason);
            if (told > 0) {
                home.events().closed(told, home.listener(), reason, 0, 0);
            }
            release.run();
        });
        ctx.close();
    }

    private void cancel() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }
}
