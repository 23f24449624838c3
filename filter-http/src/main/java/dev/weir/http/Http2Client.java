package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import dev.weir.http.ProtocolErrors.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection that speaks HTTP/2: Netty's codec, a {@link Http2ClientStream} for each request, and what a client may not do. Behind the chain of
 * the client's channel, where bytes come as they were sent and the end of the stream as {@link EndOfStream}. It never closes the channel by itself, but
 * through the connection, after this turn of the loop: never in the midst of what is being read.
 */
final class Http2Client extends Http2Peer<Http2ClientStream> {
    private static final Logger LOG = LoggerFactory.getLogger(Http2Client.class);
    private final TerminalContext context;
    private final ClientLimits limits;
    private final RequestHandler handler;
    private final ProtocolErrors errors;
    private final Http2Fields.Decoder fields;
    private final HttpLoop.Watch watch;
    private final Http2Frames frames;
    private final Http2Past past = new Http2Past();
    private final Deadline head;
    private final Deadline idle;
    private final Http2Credit credit;
    private final Http2Refusals refusals;
    private final Http2Leaving leaving;

    private int open;
    private long requests;
    private long headsAtDeadline = -1;
    private boolean reading;
    private boolean inactive;
    /** Why it is closed as soon as this turn's output is written. */
    private @Nullable CloseReason closing;

    private Failure ending = Failure.CLIENT_CLOSED;

    private Http2Client(
            Http2Codec codec,
            HttpLoop home,
            TerminalContext context,
            ClientLimits limits,
            RequestHandler handler,
            ProtocolErrors errors) {
        super(codec, home);
        this.context = context;
        this.limits = limits;
        this.handler = handler;
        this.errors = errors;
        this.fields = codec.fields();
        this.watch = new HttpLoop.Watch(new Http2Untaken(codec.connection(), key));
        this.frames = new Http2Frames(home.clock, true);
        this.head = new Deadline(home, () -> fail(Reason.HEADERS_TIMEOUT, Http2Error.ENHANCE_YOUR_CALM));
        this.idle = new Deadline(home, () -> leave(CloseReason.IDLE_TIMEOUT));
        this.credit = new Http2Credit(home.clock);
        this.refusals = new Http2Refusals(codec, errors, credit, past, this::fail);
        this.leaving = new Http2Leaving(home, new Farewell(), this::close);
        listen(new Events());
    }

    /** The last handler of a client's channel. */
    static Http2Client of(
            HttpLoop home,
            TerminalContext context,
            ClientLimits limits,
            RequestHandler handler,
            ProtocolErrors errors) {
        Http2Codec codec = Http2Codec.of(
                true, limits.headerBytes(), limits.headers(), limits.requestLine(), limits.streams(), limits.window());
        return new Http2Client(codec, home, context, limits, handler, errors);
    }

    /**
     * Takes over from HTTP/1.1, whose answer 101 was written before this was added to the pipeline: the request that asked for it is the first one. The
     * client's preface is still to come.
     */
    void upgraded(HttpRequest head, Http2Settings settings) throws Http2Exception {
        onHttpServerUpgrade(settings);
        begin(connection().stream(Http2CodecUtil.HTTP_UPGRADE_STREAM_ID), Http2Upgrade.request(head), true);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) throws Exception {
        super.handlerAdded(added);
        decoder()
                .flowController()
                .incrementWindowSize(connection().connectionStream(), limits.connectionWindow() - Http2.DEFAULT_WINDOW);
        context.boundary(this::isIdle);
        context.onDrain(() -> leave(CloseReason.DRAINED));
        watchIdle();
        if (limits.headersNanos() > 0) {
            head.in(limits.headersNanos());
        }
        home.watch(watch);
        soon();
    }

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) throws Exception {
        if (!(message instanceof ByteBuf data) || closing != null) {
            ReferenceCountUtil.release(message);
            return;
        }
        Reason reason = frames.walk(data);
        if (reason != null) {
            data.release();
            fail(reason, Http2Error.ENHANCE_YOUR_CALM);
            return;
        }
        reading = true;
        try {
            super.channelRead(from, data);
        } finally {
            reading = false;
        }
        afterRead(from);
    }

    private void afterRead(ChannelHandlerContext from) throws Exception {
        if (inactive) {
            super.channelInactive(from);
            return;
        }
        if (!frames.isInHeaders()) {
            head.clear();
        } else if (limits.headersNanos() > 0 && (!head.isSet() || headsAtDeadline != frames.heads())) {
            headsAtDeadline = frames.heads();
            head.in(limits.headersNanos());
        }
    }

    @Override
    void overfull() {
        fail(Reason.UNREAD, Http2Error.ENHANCE_YOUR_CALM);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) throws Exception {
        if (event == EndOfStream.INSTANCE) {
            close(CloseReason.CLIENT_CLOSED); // no window will be opened any more; what was answered in this turn still
            // goes out
        } else {
            super.userEventTriggered(from, event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext from) throws Exception {
        home.unwatch(watch);
        head.stop();
        idle.stop();
        leaving.stop();
        if (closing == null) {
            CloseReason reason = context.closeReason();
            closing = reason == null ? CloseReason.CLIENT_CLOSED : reason;
            ending = Http2.failure(closing);
        }
        if (reading) {
            inactive = true; // what is being read must not be torn away from the codec
        } else {
            super.channelInactive(from);
        }
    }

    @Override
    void afterFlush() {
        CloseReason reason = closing;
        if (reason != null) {
            context.connection().close(reason);
        }
    }

    private void close(CloseReason reason) {
        if (closing == null) {
            closing = reason;
            soon();
        }
    }

    @Override
    void writeData(Http2Stream stream, ByteBuf data, boolean end) {
        frames.sent(data.readableBytes());
        super.writeData(stream, data, end);
    }

    /** Whether it may be closed; the client is first to know that it is about to be. */
    private boolean isIdle() {
        return open == 0 && leaving.isQuiet();
    }

    /** No more requests than those under way. */
    void leave(CloseReason reason) {
        if (closing == null) {
            leaving.begin(reason);
        }
    }

    private void watchIdle() {
        if (limits.idleNanos() > 0 && closing == null) { // a timer would keep what is closed
            idle.in(limits.idleNanos());
        }
    }

    /** What is done for the end in good order. */
    private final class Farewell implements Http2Leaving.Connection {
        @Override
        public void goAway(int last) {
            writeGoAway(last, Http2Error.NO_ERROR, "");
        }

        @Override
        public int lastStream() {
            return connection().remote().lastStreamCreated();
        }

        @Override
        public void ping(long data) {
            writePing(data);
        }

        @Override
        public int open() {
            return open;
        }
    }

    /** The client broke its protocol: it is told, and the connection closed. */
    private void fail(Reason reason, Http2Error code) {
        if (closing == null) {
            errors.count(reason);
            ending = Failure.CLIENT_PROTOCOL;
            LOG.debug(
                    "HTTP/2 ends connection={} reason={}", context.connection().id(), reason);
            writeGoAway(connection().remote().lastStreamCreated(), code, reason.label());
            close(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Override
    boolean isClosing() {
        return closing != null;
    }

    @Override
    void unwritable() {
        close(CloseReason.CLIENT_RESET);
    }

    @Override
    void broken(Http2Error code) {
        if (code == Http2Error.INTERNAL_ERROR) {
            ending = Failure.INTERNAL;
            writeGoAway(connection().remote().lastStreamCreated(), code, "");
            close(CloseReason.INTERNAL_ERROR);
        } else {
            fail(Http2.reason(code), code);
        }
    }

    @Override
    protected void onStreamError(ChannelHandlerContext at, boolean outbound, Throwable cause, StreamException error) {
        if (outbound || connection().goAwaySent() && error.error() == Http2Error.REFUSED_STREAM) {
            super.onStreamError(at, outbound, cause, error);
            return;
        }
        LOG.debug(
                "HTTP/2 stream={} connection={} fails",
                error.streamId(),
                context.connection().id(),
                cause);
        Http2Stream stream = connection().stream(error.streamId());
        Http2ClientStream of = at(stream);
        if (of != null) {
            of.because(Failure.CLIENT_PROTOCOL);
        }
        refusals.refuse(at, error, stream);
        soon();
    }

    /** What Netty tells. */
    private final class Events extends Http2EventAdapter {
        @Override
        public void onHeadersRead(
                ChannelHandlerContext at,
                int id,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end)
                throws Http2Exception {
            Http2Stream stream = connection().stream(id);
            fields.takeFresh();
            if (closing != null || stream == null) {
                return;
            }
            Http2ClientStream of = at(stream);
            if (of == null) {
                begin(at, stream, (Http2Fields) headers, end);
            } else if (headers.size() > limits.headers() || ((Http2Fields) headers).bytes() > limits.headerBytes()) {
                refusals.tooLong();
                throw Http2Heads.malformed(id, "too many trailers");
            } else {
                of.trailers(Http2Heads.trailers(id, headers));
            }
        }

        @Override
        public int onDataRead(ChannelHandlerContext at, int id, ByteBuf data, int padding, boolean end) {
            Http2Stream stream = connection().stream(id);
            Http2ClientStream of = closing != null ? null : at(stream);
            if (of == null) {
                return data.readableBytes() + padding;
            }
            int done = of.data(data, padding, end);
            if (of.isCrumbled()) {
                fail(Reason.SMALL_FRAMES, Http2Error.ENHANCE_YOUR_CALM);
            }
            return done;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext at, int id, long code) {
            Http2Stream stream = connection().stream(id);
            Http2ClientStream of = at(stream);
            if (of != null) {
                of.because(Failure.CLIENT_RESET);
                if (of.isUnanswered()) {
                    refusals.spend(Reason.RESETS);
                }
            }
        }

        /** Streams beyond the limit are refused here: those the codec refuses are unknown to it, and their bodies would be errors of the connection. */
        @Override
        public void onSettingsAckRead(ChannelHandlerContext at) throws Http2Exception {
            connection().remote().maxActiveStreams(Integer.MAX_VALUE);
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext at, long data) {
            leaving.answered(data);
        }

        @Override
        public void onStreamAdded(Http2Stream stream) {
            past.opened(stream.id());
        }

        @Override
        public void onStreamHalfClosed(Http2Stream stream) {
            Http2ClientStream of = at(stream);
            if (of != null && !stream.state().localSideOpen()) {
                of.sent();
            }
        }

        @Override
        public void onStreamClosed(Http2Stream stream) {
            Http2ClientStream of = stream.removeProperty(key);
            if (of == null) {
                return;
            }
            open--;
            if (of.isRequestEnded() && !of.isDoomed() && !stream.isResetSent()) {
                past.ended(stream.id());
            }
            if (!of.isUnanswered()) {
                credit.earn();
            }
            of.closed(ending);
            if (open == 0) {
                watchIdle();
                leaving.check();
            }
        }
    }

    private void begin(ChannelHandlerContext at, Http2Stream stream, Http2Fields headers, boolean end)
            throws Http2Exception {
        int id = stream.id();
        if (open >= limits.streams()) {
            throw Http2Exception.streamError(id, Http2Error.REFUSED_STREAM, "more than %d streams", limits.streams());
        }
        Http2Request request = Http2Heads.request(id, headers);
        if (refusals.isTooLong(at, id, request, headers.bytes(), limits)) {
            soon();
        } else {
            begin(stream, request, end);
        }
    }

    private void begin(Http2Stream stream, Http2Request request, boolean end) {
        Http2ClientStream of = new Http2ClientStream(this, stream, end, request.protocol() != null);
        stream.setProperty(key, of);
        open++;
        idle.clear();
        if (++requests == limits.requestsPerConnection()) {
            leave(CloseReason.COMPLETE);
        }
        of.listener(handler.request(request, end, of));
    }
}
