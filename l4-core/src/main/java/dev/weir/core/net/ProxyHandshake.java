package dev.weir.core.net;

import dev.weir.core.config.ProxyProtocolConfig;
import dev.weir.core.config.ProxyProtocolConfig.Mode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ProxyHeader;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The begin of a client connection that may have a PROXY protocol header: stands in the place of its session until it is known
 * what the header says, or that there is none. Holds at most a header and what came in the same read.
 */
final class ProxyHandshake extends ChannelInboundHandlerAdapter implements ListenerLoop.Waiting {
    /** Where a header is optional, who has said nothing for so long is taken to wait for the server. */
    private static final long SILENCE_MILLIS = 200;

    /** Goes on with a connection. */
    interface Next {
        /** Puts a session behind the handshake; false if there is none, and the connection has been dealt with. */
        boolean session(Channel channel, @Nullable ProxyHeader header);
    }

    private final ListenerLoop home;
    private final ProxyProtocolConfig config;
    private final Next next;
    private final Runnable release;

    private @Nullable ByteBuf held;
    private @Nullable ScheduledFuture<?> alarm;
    private @Nullable ChannelHandlerContext context;
    private boolean done;

    /** {@code release} is called when the connection ends without having had a {@code next}. */
    ProxyHandshake(ListenerLoop home, ProxyProtocolConfig config, Next next, Runnable release) {
        this.home = home;
        this.config = config;
        this.next = next;
        this.release = release;
    }

    // ---- Netty

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        home.waiting(this);
        if (config.mode() == Mode.OPTIONAL) {
            alarm(ctx, () -> silent(ctx), silence());
        } else {
            alarm(ctx, () -> late(ctx), config.timeout().toMillis());
        }
        if (ctx.channel().isActive()) {
            ctx.read();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || done) {
            ReferenceCountUtil.release(message);
            return;
        }
        ByteBuf all = held == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), held, data);
        held = all;
        int length = ProxyFrame.length(all);
        switch (length) {
            case ProxyFrame.UNDECIDED, ProxyFrame.INCOMPLETE -> {}
            case ProxyFrame.TOO_LONG -> fail(ctx, ProxyError.TOO_LONG);
            case ProxyFrame.NONE -> {
                if (config.mode() == Mode.REQUIRED) {
                    fail(ctx, ProxyError.MISSING);
                } else {
                    pass(ctx, null);
                }
            }
            default -> header(ctx, all, length);
        }
    }

    private void header(ChannelHandlerContext ctx, ByteBuf all, int length) {
        byte[] bytes = new byte[length];
        all.readBytes(bytes);
        ProxyHeader header;
        try {
            SocketAddress peer = ctx.channel().remoteAddress();
            header = new ProxyParser().parse(ctx, bytes, peer == null ? home.unnamed() : peer);
        } catch (ProxyError.Rejected e) {
            fail(ctx, e.error());
            return;
        }
        pass(ctx, header);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!done) {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof ChannelInputShutdownEvent) || done) {
            return;
        }
        if (mayPass()) {
            pass(ctx, null);
            ctx.fireChannelReadComplete();
            ctx.fireUserEventTriggered(event);
        } else if (held == null) {
            end(CloseReason.CLIENT_CLOSED); // a load balancer that looks whether somebody listens
        } else {
            fail(ctx, ProxyError.TRUNCATED);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            end(CloseReason.CLIENT_RESET);
        } else {
            home.internalError("proxy_protocol", cause);
            end(CloseReason.INTERNAL_ERROR);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end(CloseReason.CLIENT_RESET);
    }

    // ---- time

    private long silence() {
        return Math.min(SILENCE_MILLIS, config.timeout().toMillis());
    }

    private void alarm(ChannelHandlerContext ctx, Runnable task, long millis) {
        alarm = ctx.channel().eventLoop().schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    private void silent(ChannelHandlerContext ctx) {
        if (!done && held == null) {
            pass(ctx, null);
        } else if (!done) {
            alarm(ctx, () -> late(ctx), config.timeout().toMillis() - silence());
        }
    }

    private void late(ChannelHandlerContext ctx) {
        if (done) {
            return;
        }
        if (mayPass()) {
            pass(ctx, null);
            ctx.fireChannelReadComplete();
        } else {
            fail(ctx, ProxyError.TIMEOUT);
        }
    }

    /** Whether what has come, if that is all, needs no header before it. */
    private boolean mayPass() {
        return config.mode() == Mode.OPTIONAL && (held == null || ProxyFrame.length(held) == ProxyFrame.UNDECIDED);
    }

    // ---- ends

    /** What is behind the header goes on untouched. */
    private void pass(ChannelHandlerContext ctx, @Nullable ProxyHeader header) {
        done = true;
        cancel();
        ByteBuf rest = held;
        held = null;
        boolean goesOn = next.session(ctx.channel(), header);
        // Only now, so that a drain that counts connections sees this one all the time.
        home.passed(this);
        if (goesOn && rest != null && rest.isReadable()) {
            ctx.fireChannelRead(rest);
        } else if (rest != null) {
            rest.release();
        }
        if (goesOn) {
            ctx.pipeline().remove(this);
        }
    }

    private void fail(ChannelHandlerContext ctx, ProxyError error) {
        home.proxyError(error, ctx.channel().remoteAddress());
        end(CloseReason.PROXY_PROTOCOL);
    }

    @Override
    public void end(CloseReason reason) {
        if (done) {
            return;
        }
        done = true;
        cancel();
        if (held != null) {
            held.release();
            held = null;
        }
        home.ended(this, reason);
        release.run();
        if (context != null) {
            context.close();
        }
    }

    private void cancel() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }
}
