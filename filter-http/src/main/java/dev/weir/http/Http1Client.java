package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/1.1 connection: one request after the other. What a client sends ahead (pipelining) waits, and reading with it. Sits behind decoder and
 * encoder on the client's channel.
 */
final class Http1Client extends ChannelInboundHandlerAdapter implements HttpLoop.Flushing, HttpLoop.Watched {
    /** After the answer to a request whose body nobody wants: so much of it is read and thrown away, so that the client reads the answer. */
    static final int MAX_DRAINED = 1 << 20;

    private static final long LINGER_NANOS = 5_000_000_000L;
    /** For an answer that the client takes slowly. */
    private static final long UNTAKEN_NANOS = 300_000_000_000L;

    final HttpLoop home;
    final TerminalContext context;
    private final ClientLimits limits;
    private final RequestHandler handler;
    private final Http1RequestDecoder decoder;
    private final Http1ResponseEncoder encoder = new Http1ResponseEncoder();
    private final Ahead ahead;

    private @Nullable ChannelHandlerContext context1;
    private @Nullable Http1Stream current;
    /** The rest of the body of a request that has its answer. */
    private boolean drains;
    /** A request that asks for HTTP/2, and what settings that is to have. */
    private @Nullable HttpRequest upgrading;

    private @Nullable Http2Settings settings;

    private int drained;
    private long requests;
    private boolean paused;
    private boolean handling;
    /** Nothing more comes from the client. */
    private boolean inputEnded;
    /** No request is taken any more, and the client knows. */
    private boolean last;

    /** The next answer is to be the last. */
    private boolean leaves;
    /** Everything is said; what the client still sends is thrown away until it leaves. */
    private boolean lingers;

    private boolean closed;
    private boolean dirty;
    private final HttpLoop.Watch watch = new HttpLoop.Watch(this);
    /** When the connection began to wait for what it waits for: a request, the rest of a head, the client's leaving. */
    private long since;

    private boolean headBegun;
    private long lingering;

    Http1Client(HttpLoop home, TerminalContext context, ClientLimits limits, RequestHandler handler) {
        this.home = home;
        this.context = context;
        this.limits = limits;
        this.handler = handler;
        this.decoder = new Http1RequestDecoder(limits);
        this.ahead = new Ahead(decoder);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context1 = ctx;
        ctx.pipeline().addBefore(ctx.name(), null, decoder).addBefore(ctx.name(), null, encoder);
        since = home.clock.nanoTime();
        home.watch(watch);
        context.boundary(() -> current == null && ahead.isEmpty() && !decoder.isInHead() && !drains);
        context.onDrain(() -> leaves = true);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (closed || lingers) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (handling || !ahead.isEmpty() || message instanceof HttpRequest && (current != null || drains)) {
            ahead.add(message);
            readOrNot();
            return;
        }
        take(message);
        goOn();
    }

    /** What came may all wait undecoded. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readOrNot();
        ctx.fireChannelReadComplete();
    }

    /** Takes what waits, as long as nothing is under way. */
    private void goOn() {
        if (handling) {
            return;
        }
        while (!closed && !lingers && !ahead.isEmpty()) {
            if (ahead.peek() instanceof HttpRequest && (current != null || drains)) {
                break;
            }
            take(ahead.poll());
        }
        if (ahead.mayDecode(isIdle())) {
            home.loop.execute(this::decodeOn);
        }
        if (current != null) {
            current.endIfCut();
        }
        endOrNot();
        readOrNot();
    }

    private void take(Object message) {
        handling = true;
        try {
            if (message instanceof HttpRequest head) {
                begin(head);
            } else if (message instanceof HttpContent content) {
                body(content);
            } else if (message instanceof ByteBuf bytes && current != null) {
                current.received(bytes, false);
            } else {
                ReferenceCountUtil.release(message);
            }
        } finally {
            handling = false;
        }
    }

    private void begin(HttpRequest head) {
        headBegun = false;
        if (last) {
            linger(); // it was told that no more are taken
            return;
        }
        DecoderResult result = head.decoderResult();
        if (result.cause() instanceof PrematureChannelClosureException) {
            return; // half a head, and nobody to be told
        }
        try {
            if (!result.isSuccess()) {
                throw Malformed.of(result.cause());
            }
            Http1RequestDecoder.check(head);
        } catch (Malformed e) {
            refuse(e);
            return;
        }
        if (limits.h2c() && Http1Stream.isBodiless(head)) {
            settings = Http2Upgrade.settings(head);
            if (settings != null) {
                upgrading = head; // its end is still to come
                return;
            }
        }
        requests++;
        leaves |= limits.requestsPerConnection() > 0 && requests >= limits.requestsPerConnection();
        Http1Stream stream = new Http1Stream(this, head);
        current = stream;
        stream.begin(handler);
    }

    private void body(HttpContent content) {
        HttpRequest head = upgrading;
        Http2Settings theirs = settings;
        if (head != null && theirs != null) {
            content.release();
            upgrading = null;
            closed = true;
            home.unwatch(watch);
            H2cSwitch.perform(this, Http2Client.of(home, context, limits, handler, home.protocolErrors), head, theirs);
            return;
        }
        Http1Stream stream = current;
        boolean end = content instanceof LastHttpContent;
        if (!content.decoderResult().isSuccess()) {
            content.release();
            if (stream != null) {
                stream.broken(Malformed.ofBody(content.decoderResult().cause()));
            } else {
                linger();
            }
            return;
        }
        if (stream != null && !stream.isReceived()) {
            if (content instanceof LastHttpContent trailer
                    && !trailer.trailingHeaders().isEmpty()) {
                stream.received(trailer);
            } else {
                stream.received(content.content(), end);
            }
            return;
        }
        drained += content.content().readableBytes();
        content.release();
        if (drains) {
            if (end) {
                drains = false;
                since = home.clock.nanoTime();
            } else if (drained > MAX_DRAINED) {
                linger();
            }
        }
    }

    /** The client sent what is no request: it is told so, and nothing else of it is looked at. */
    private void refuse(Malformed why) {
        home.protocolErrors.count(why.reason());
        write(Answers.last(why));
        linger();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event != EndOfStream.INSTANCE) {
            return;
        }
        inputEnded = true;
        Http1Stream stream = current;
        if (stream != null && !handling) {
            handling = true;
            try {
                stream.inputEnded();
            } finally {
                handling = false;
            }
            goOn();
        } else {
            endOrNot();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        home.unwatch(watch);
        Http1Stream stream = current;
        current = null;
        if (stream != null) {
            stream.connectionClosed();
        }
        ahead.clear();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (current != null && ctx.channel().isWritable()) {
            current.becameWritable();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        home.failed("client", cause);
        context.connection().close(CloseReason.INTERNAL_ERROR);
    }

    ChannelHandlerContext ctx() {
        if (context1 == null) {
            throw new IllegalStateException("terminal not in a pipeline yet");
        }
        return context1;
    }

    Http1ResponseEncoder encoder() {
        return encoder;
    }

    Http1RequestDecoder decoder() {
        return decoder;
    }

    boolean isWritable() {
        return ctx().channel().isWritable();
    }

    /** Whether requests wait behind the one under way. */
    boolean hasMore() {
        return ahead.hasMore();
    }

    boolean isClosed() {
        return closed;
    }

    boolean hasInputEnded() {
        return inputEnded;
    }

    boolean servesHalfClosed() {
        return limits.servesHalfClosed();
    }

    int window() {
        return limits.window();
    }

    /** Whether the answer under way is the last one of this connection. */
    boolean isLast() {
        return last || leaves;
    }

    /** Nothing comes after the answer under way. */
    void beLast() {
        last = true;
    }

    void write(Object message) {
        ctx().write(message, ctx().voidPromise());
        soonWrites();
    }

    /** Something waits to be written when this iteration ends. */
    void soonWrites() {
        if (!dirty) {
            dirty = true;
            home.soon(this);
        }
    }

    @Override
    public void flushNow() {
        dirty = false;
        if (!closed) {
            if (current != null) {
                current.writeHead();
            }
            ctx().flush();
        }
    }

    /** From here on bytes pass as they are. */
    void tunnel() {
        ctx().pipeline().remove(encoder);
        ctx().pipeline().remove(decoder); // hands on what it has
    }

    /** The answer is complete; the request may not be. */
    void answered(Http1Stream stream) {
        current = null;
        since = home.clock.nanoTime();
        if (stream.isTunnel()) {
            linger();
        } else if (!stream.isReceived()) {
            drains = true;
            drained = 0;
            if (last || inputEnded) {
                linger();
            }
        }
        if (!handling) {
            goOn();
        }
    }

    /** Whether the next request may be taken. */
    private boolean isIdle() {
        return current == null && !drains;
    }

    private void decodeOn() {
        if (closed || lingers) {
            return;
        }
        try {
            ahead.decode(ctx(), isIdle());
        } catch (Exception e) {
            exceptionCaught(ctx(), e);
        }
        goOn();
    }

    /**
     * An answer that cannot be completed: the client is to see that.
     *
     * @param looksComplete whether the end of the connection would be that of its body
     */
    void abort(Failure failure, boolean looksComplete) {
        current = null;
        ctx().flush();
        if (handling) {
            // The decoder is at work on bytes that go with the connection.
            lingers = true;
            home.loop.execute(() -> end(failure, looksComplete));
        } else {
            end(failure, looksComplete);
        }
    }

    private void end(Failure failure, boolean looksComplete) {
        if (looksComplete) {
            context.reset(failure.closeReason());
        } else {
            context.connection().close(failure.closeReason());
        }
    }

    private void endOrNot() {
        if (closed || current != null || drains || lingers || hasMore()) {
            return;
        }
        if (inputEnded) {
            ctx().flush();
            context.connection().close(CloseReason.CLIENT_CLOSED);
        } else if (last && requests > 0) {
            linger();
        }
    }

    /**
     * Ends the output and waits for the client to leave: to close a socket with unread bytes is a reset, which may destroy the answer before the client has
     * read it.
     */
    void linger() {
        if (lingers || closed) {
            return;
        }
        lingers = true;
        drains = false;
        since = home.clock.nanoTime();
        lingering = since;
        ahead.clear();
        decoder.discard();
        endOutput();
        readOrNot();
    }

    /** Nothing more goes to the client. */
    void endOutput() {
        ctx().writeAndFlush(EndOfStream.INSTANCE, ctx().newPromise());
    }

    /** Reads unless enough waits. */
    void readOrNot() {
        Http1Stream stream = current;
        boolean pause = !lingers && (ahead.isEnough() || stream != null && stream.isFull());
        if (pause != paused) {
            paused = pause;
            if (pause) {
                context.pauseReading();
            } else {
                context.resumeReading();
            }
        }
    }

    private boolean isUnsent() {
        ChannelOutboundBuffer out = ctx().channel().unsafe().outboundBuffer();
        return out != null && !out.isEmpty();
    }

    @Override
    public void check(long now) {
        if (closed) {
            return;
        }
        if (lingers || drains) {
            if (lingers && now - lingering < UNTAKEN_NANOS && isUnsent()) {
                since = now; // it takes the answer yet
            }
            if (now - since > LINGER_NANOS) {
                context.connection().close(CloseReason.COMPLETE);
            }
            return;
        }
        if (current != null) {
            return;
        }
        if (decoder.isInHead()) {
            if (!headBegun) {
                headBegun = true;
                since = now;
            } else if (limits.headersNanos() > 0 && now - since > limits.headersNanos()) {
                refuse(new Malformed(408, "the head did not come in time"));
            }
        } else if (limits.idleNanos() > 0 && now - since > limits.idleNanos()) {
            context.connection().close(CloseReason.IDLE_TIMEOUT);
        }
    }
}
