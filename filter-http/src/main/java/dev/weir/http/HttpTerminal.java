package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which HTTP a client speaks: what ALPN has agreed on, else HTTP/2 if its connection begins with the preface that nobody else sends (RFC 9113 §3.4), else HTTP/1.1.
 */
final class HttpTerminal extends ChannelInboundHandlerAdapter implements HttpLoop.Watched {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final HttpLoop home;
    private final TerminalContext context;
    private final HttpConnection connection;
    private final HttpLoop.Watch watch = new HttpLoop.Watch(this);
    private @Nullable ChannelHandlerContext channel;
    private @Nullable ByteBuf first;
    private long since;

    HttpTerminal(HttpLoop home, TerminalContext context) {
        this.home = home;
        this.context = context;
        this.connection = new HttpConnection(home, context);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = ctx;
        TlsSession tls = context.connection().get(ConnectionAttribute.TLS);
        ClientProtocol protocol = home.settings.clientProtocol();
        if (protocol == ClientProtocol.HTTP1
                || protocol == ClientProtocol.AUTO && tls != null && "http/1.1".equals(tls.alpn())) {
            become(http1());
        } else if (protocol == ClientProtocol.HTTP2 || tls != null && "h2".equals(tls.alpn())) {
            become(http2());
        } else {
            since = home.clock.nanoTime();
            home.watch(watch);
            context.boundary(() -> first == null);
        }
    }

    private ChannelHandler http1() {
        return new Http1Client(home, context, home.settings.clientLimits(), connection);
    }

    private ChannelHandler http2() {
        return Http2Client.of(home, context, home.settings.clientLimits(), connection, home.protocolErrors);
    }

    private void become(ChannelHandler handler) {
        ChannelHandlerContext ctx = channel;
        if (ctx != null) {
            home.unwatch(watch);
            ctx.pipeline().addLast(handler);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || ctx.pipeline().last() != this) {
            ctx.fireChannelRead(message);
            return;
        }
        if (first == null) {
            since = home.clock.nanoTime();
        }
        ByteBuf all = first == null ? data : join(first, data, ctx);
        first = null;
        int length = Math.min(all.readableBytes(), PREFACE.length);
        for (int i = 0; i < length; i++) {
            if (all.getByte(all.readerIndex() + i) != PREFACE[i]) {
                become(http1());
                ctx.fireChannelRead(all);
                return;
            }
        }
        if (length < PREFACE.length) {
            first = all;
            return;
        }
        become(http2());
        ctx.fireChannelRead(all);
    }

    private static ByteBuf join(ByteBuf one, ByteBuf other, ChannelHandlerContext ctx) {
        ByteBuf both = ctx.alloc().buffer(one.readableBytes() + other.readableBytes());
        try {
            return both.writeBytes(one).writeBytes(other);
        } finally {
            one.release();
            other.release();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == EndOfStream.INSTANCE && ctx.pipeline().last() == this) {
            context.connection().close(CloseReason.CLIENT_CLOSED);
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        home.unwatch(watch);
        ReferenceCountUtil.release(first);
        first = null;
        ctx.fireChannelInactive();
        connection.close();
    }

    /** Who has not said anything yet is idle; who has begun is to go on. */
    @Override
    public void check(long now) {
        ClientLimits limits = home.settings.clientLimits();
        long most = first == null ? limits.idleNanos() : limits.headersNanos();
        if (most > 0 && now - since > most) {
            context.connection().close(CloseReason.IDLE_TIMEOUT);
        }
    }
}
