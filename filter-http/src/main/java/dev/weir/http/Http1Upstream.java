package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An HTTP/1.1 connection to an upstream: one request at a time. The last handler of the upstream's channel. */
final class Http1Upstream extends ChannelInboundHandlerAdapter implements UpstreamConnection, HttpLoop.Flushing {
    /** Informational heads before an answer: nobody needs more, and they are not held back for a client that does not read. */
    private static final int MAX_INFORMATIONAL = 16;

    /** How long an upstream may take for what is left of a tunnel that has ended. */
    private static final long UNTAKEN_SECONDS = 30;

    private final HttpLoop home;
    private final UpstreamLimits limits;
    private final Owner owner;
    private final Http1ResponseDecoder decoder;
    private final HttpRequestEncoder encoder = new HttpRequestEncoder();

    private @Nullable ChannelHandlerContext context;
    /** Who waits for the answer under way; null between two, and when nobody waits any more. */
    private @Nullable ResponseListener listener;

    private @Nullable Http1UpstreamStream current;
    private boolean busy;
    private boolean sent;
    private boolean answered;
    private boolean headSeen;
    private int informed;
    /** The answer under way has begun to come. */
    private boolean begun;

    private boolean tunnel;
    /** Of a tunnel: all has gone out, and its end. */
    private boolean outputEnded;

    /** No request is taken any more. */
    private boolean last;
    /** All is over, and the owner knows. */
    private boolean gone;
    /** Nothing can be written any more. */
    private boolean broken;

    private boolean closing;
    private boolean dirty;
    private boolean paused;
    private int owed;
    private long requests;
    private @Nullable HttpRequest waiting;
    /** The last element behind a head that is none of the answer's, or of what is no HTTP any more, is still to come. */
    private boolean swallowEnd;

    /** An answer without a body, whose last element is still to come. */
    private @Nullable HttpResponse whole;

    Http1Upstream(HttpLoop home, UpstreamLimits limits, Owner owner) {
        this.home = home;
        this.limits = limits;
        this.owner = owner;
        this.decoder = new Http1ResponseDecoder(limits);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        ctx.pipeline().addBefore(ctx.name(), null, decoder).addBefore(ctx.name(), null, encoder);
        ctx.channel().config().setAutoRead(true);
    }

    private ChannelHandlerContext ctx() {
        return Objects.requireNonNull(context, "not in a pipeline yet");
    }

    @Override
    public int available() {
        return busy || last || gone ? 0 : 1;
    }

    @Override
    public int active() {
        return busy ? 1 : 0;
    }

    @Override
    public String version() {
        return "1.1";
    }

    /** Whether a request was served on it: then it may have been closed by the upstream meanwhile. */
    boolean isUsed() {
        return requests > 1;
    }

    @Override
    public UpstreamStream open(ResponseListener to) {
        listener = to;
        busy = true;
        sent = false;
        answered = false;
        headSeen = false;
        informed = 0;
        begun = false;
        owed = 0;
        requests++;
        last = limits.requestsPerConnection() > 0 && requests >= limits.requestsPerConnection();
        Http1UpstreamStream stream = new Http1UpstreamStream(this);
        current = stream;
        return stream;
    }

    @Override
    public void close() {
        last = true;
        if (!busy) {
            end();
        }
    }

    private void end() {
        gone = true;
        closing = true;
        ctx().close();
    }

    /** Whether it is the one under way. */
    boolean isCurrent(Http1UpstreamStream stream) {
        return current == stream && !gone;
    }

    void send(HttpRequest head, boolean end) {
        HttpMethod method = head.method();
        Http1Framing.apply(head, end, last);
        decoder.expect(HttpMethod.HEAD.equals(method), HttpMethod.CONNECT.equals(method));
        if (end) {
            write(Http1Framing.whole(head, Unpooled.EMPTY_BUFFER));
            sent = true;
        } else {
            waiting = head;
            soonWrites();
        }
    }

    private void writeHead() {
        HttpRequest head = waiting;
        if (head != null) {
            waiting = null;
            Http1Framing.beforeEnd(head);
            write(head);
        }
    }

    void send(ByteBuf data, boolean end) {
        if (sent) {
            data.release();
            return;
        }
        if (tunnel) {
            write(data);
            if (end) {
                sent = true;
                endOutput();
            }
            return;
        }
        HttpRequest head = waiting;
        if (end && head != null && !HttpUtil.isTransferEncodingChunked(head)) {
            waiting = null;
            write(Http1Framing.whole(head, data));
        } else {
            writeHead();
            write(end ? new DefaultLastHttpContent(data) : new DefaultHttpContent(data));
        }
        if (end) {
            requestSent();
        }
    }

    /** Behind what is on its way. */
    private void endOutput() {
        Channel channel = ctx().channel();
        ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            if (channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            }
            outputEnded = true;
            overOrNot();
        });
        overOrNot(); // what nobody takes is not waited for without end
    }

    void send(HttpHeaders trailers) {
        if (sent) {
            return;
        }
        writeHead();
        write(new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers));
        requestSent();
    }

    private void requestSent() {
        sent = true;
        overOrNot();
    }

    private void write(Object message) {
        ctx().write(message, ctx().voidPromise());
        soonWrites();
    }

    private void soonWrites() {
        if (!dirty) {
            dirty = true;
            home.soon(this);
        }
    }

    @Override
    public void flushNow() {
        dirty = false;
        if (!closing) {
            writeHead();
            ctx().flush();
        }
    }

    void cancel() {
        if (busy) {
            listener = null;
            lose(Failure.CLIENT_CLOSED);
        }
    }

    boolean isWritable() {
        return ctx().channel().isWritable();
    }

    void consumed(int bytes) {
        owed -= bytes;
        readOrNot();
    }

    private void readOrNot() {
        boolean pause = busy && owed > limits.window();
        if (pause != paused && !closing) {
            paused = pause;
            ctx().channel().config().setAutoRead(!pause);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (gone) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (!busy) {
            ReferenceCountUtil.release(message);
            lose(Failure.UPSTREAM_PROTOCOL); // an answer that nobody has asked for
            return;
        }
        begun = true;
        if (message instanceof HttpResponse head) {
            head(head);
        } else if (message instanceof HttpContent content) {
            content(content);
        } else if (message instanceof ByteBuf data && tunnel) {
            received(data, false);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void head(HttpResponse head) {
        int code = head.status().code();
        if (headSeen || !decoder.isGood(head)) {
            lose(Failure.UPSTREAM_PROTOCOL);
            return;
        }
        if (code < 200 && code != 101) {
            if (++informed > MAX_INFORMATIONAL) {
                lose(Failure.UPSTREAM_PROTOCOL);
                return;
            }
            swallowEnd = true;
            if (listener != null) {
                listener.head(head, false);
            }
            return;
        }
        headSeen = true;
        if (code == 101 || decoder.isTunnel(head)) {
            swallowEnd = true;
            tunnel = true;
            sent = false;
            last = true;
            ctx().pipeline().remove(encoder); // bytes may come with the first one who is told
            if (listener != null) {
                listener.head(head, false);
            }
            return;
        }
        last |= !HttpUtil.isKeepAlive(head);
        boolean bodyless = decoder.isContentAlwaysEmpty(head)
                || !HttpUtil.isTransferEncodingChunked(head)
                        && "0".equals(head.headers().get(HttpHeaderNames.CONTENT_LENGTH));
        last |= !bodyless // then the body ends with the connection
                && !head.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                && !HttpUtil.isTransferEncodingChunked(head);
        if (bodyless) {
            whole = head; // its end comes at once: the connection is free before anybody is told
        } else if (listener != null) {
            listener.head(head, false);
        }
    }

    private void content(HttpContent content) {
        boolean end = content instanceof LastHttpContent;
        if (!content.decoderResult().isSuccess()) {
            content.release();
            lose(Failure.UPSTREAM_PROTOCOL);
            return;
        }
        if (swallowEnd && end) {
            swallowEnd = false;
            content.release();
            if (tunnel) {
                ctx().pipeline().remove(decoder); // hands on what it has
            }
            return;
        }
        HttpResponse head = whole;
        if (head != null && end) {
            whole = null;
            content.release();
            ResponseListener to = over();
            if (to != null) {
                to.head(head, true);
            }
        } else if (content instanceof LastHttpContent last
                && !last.trailingHeaders().isEmpty()) {
            if (content.content().isReadable()) {
                received(content.content(), false);
            } else {
                content.release();
            }
            ResponseListener to = over();
            if (to != null) {
                to.trailers(last.trailingHeaders());
            }
        } else {
            received(content.content(), end);
        }
    }

    /** The answer is complete. The connection serves others before anybody is told, as whoever is told may need it for the next request. */
    private @Nullable ResponseListener over() {
        ResponseListener to = listener;
        listener = null;
        answered = true;
        overOrNot();
        return to;
    }

    private void received(ByteBuf data, boolean end) {
        boolean half = end && tunnel && !sent; // the other direction may go on
        answered |= half;
        ResponseListener to = end && !half ? over() : listener;
        if (to == null) {
            data.release();
            return;
        }
        if (!end) {
            owed += data.readableBytes();
        }
        to.data(data, end);
        readOrNot();
    }

    /** The answer is complete, and perhaps the request. */
    private void overOrNot() {
        if (!busy || gone || !answered) {
            return;
        }
        if (!sent) {
            // Nobody knows whether the rest of the request would be read: nothing can come behind it.
            if (!tunnel) {
                lose(Failure.CLIENT_CLOSED);
            }
            return;
        }
        if (tunnel && !outputEnded) {
            home.loop.schedule(() -> lose(Failure.CLIENT_CLOSED), UNTAKEN_SECONDS, TimeUnit.SECONDS);
            return;
        }
        busy = false;
        paused = false;
        current = null;
        listener = null;
        if (last || tunnel || decoder.hasMore()) { // an answer that nobody has asked for is for nobody
            lose(Failure.CLIENT_CLOSED);
            return;
        }
        ctx().channel().config().setAutoRead(true);
        owner.free(this);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (listener != null && ctx.channel().isWritable()) {
            listener.writable();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        // The decoder has ended what ends with the connection.
        if (event instanceof ChannelInputShutdownEvent) {
            if (tunnel && busy && !answered) {
                received(Unpooled.EMPTY_BUFFER, true);
            } else if (!tunnel || !busy) {
                lost(broken);
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        lost(broken);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof java.io.IOException) {
            broken = true; // it may have answered, and not want the rest of the request: that is still read
            if (tunnel && answered) {
                lost(true); // that was read, and nothing more comes
            }
        } else {
            home.failed("upstream", cause);
            lost(true);
        }
    }

    private void lost(boolean reset) {
        if (gone) {
            return;
        }
        lose(
                busy && !begun && isUsed()
                        ? Failure.STALE
                        : reset || !tunnel ? Failure.UPSTREAM_RESET : Failure.CLIENT_CLOSED);
    }

    /** The connection is of no use any more. Who waits is told, then the owner. */
    private void lose(Failure why) {
        if (gone) {
            return;
        }
        gone = true;
        busy = false;
        ResponseListener to = listener;
        listener = null;
        waiting = null;
        closing = true;
        Channel channel = ctx().channel();
        if (channel.isActive()) {
            ctx().flush();
        }
        channel.close();
        owner.gone(this, why);
        if (to != null) {
            to.failed(why);
        }
    }
}
