package dev.weir.http;

import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to an upstream that speaks HTTP/2. It is added to a channel that is connected, or given to
 * {@link dev.weir.core.cluster.Endpoint#connect}: then it begins when the channel is connected, and TLS is agreed on if there is any. Its owner is told at the end
 * of the loop's turn, never from within what it calls; but of a connection that has closed at once, before the requests on it fail.
 */
final class Http2Upstream extends Http2Peer<Http2UpstreamStream>
        implements UpstreamConnection, Http2KeepAlive.Connection {
    private static final Logger LOG = LoggerFactory.getLogger(Http2Upstream.class);
    /** Requests at once as long as the upstream has not said how many it takes. Servers take at least as many (RFC 9113, 6.5.2). */
    private static final int STREAMS_AT_FIRST = 100;
    /** Of a first line: the answer's has none. */
    private static final int STATUS_BYTES = 16;
    /** How long an upstream may take to close a connection that nothing can be written to. */
    private static final long LAST_WORDS_SECONDS = 5;

    private final UpstreamLimits limits;
    private final Owner owner;
    private final Deadline idle;
    private final Http2KeepAlive alive;
    private final HttpLoop.Watch watch;
    private String scheme = "http";
    private int active;
    private long requests;
    /** How often it has shown that it reads what is sent to it. */
    private long signs;

    private boolean ready;
    private final Http2PeerSettings said = new Http2PeerSettings();

    private boolean exhausted;
    private int nextStream = 1; // Netty's own count leaves out the first, for upgrades
    private int lastStream = Integer.MAX_VALUE;
    private boolean readyTold;
    private boolean goneTold;
    /** Why no request is begun any more; it closes when none is under way. */
    private @Nullable Failure gone;
    /** Nothing can be written any more. */
    private boolean deaf;
    /** It closes now. */
    private boolean closing;

    private Failure ending = Failure.UPSTREAM_RESET;

    private Http2Upstream(Http2Codec codec, HttpLoop home, UpstreamLimits limits, Owner owner) {
        super(codec, home);
        this.limits = limits;
        this.owner = owner;
        this.idle = new Deadline(home, () -> retire(Failure.IDLE_TIMEOUT));
        this.alive = new Http2KeepAlive(this, limits.pingNanos(), limits.pingTimeoutNanos(), home.clock.nanoTime());
        this.watch = new HttpLoop.Watch(alive);
        listen(new Events());
    }

    /** The last handler of an upstream's channel. */
    static Http2Upstream of(HttpLoop home, UpstreamLimits limits, Owner owner) {
        Http2Codec codec = Http2Codec.of(
                false, limits.headerBytes(), limits.headers(), STATUS_BYTES, limits.streams(), limits.window());
        return new Http2Upstream(codec, home, limits, owner);
    }

    @Override
    public int available() {
        if (!ready || gone != null) {
            return 0;
        }
        int most = Math.min(
                limits.streams(), said.areKnown() ? connection().local().maxActiveStreams() : STREAMS_AT_FIRST);
        long left = limits.requestsPerConnection() == 0 ? most : limits.requestsPerConnection() - requests;
        return (int) Math.max(0, Math.min(most - active, left));
    }

    @Override
    public String version() {
        return "2";
    }

    @Override
    public int active() {
        return active;
    }

    @Override
    public UpstreamStream open(ResponseListener listener) {
        active++;
        idle.clear();
        alive.opened();
        Http2UpstreamStream of = new Http2UpstreamStream(this, listener, signs);
        if (++requests == limits.requestsPerConnection()) {
            retire(Failure.REFUSED);
        }
        exhausted |= available() == 0;
        return of;
    }

    @Override
    public void close() {
        goneTold = true;
        retire(Failure.REFUSED);
    }

    /** Nothing new is begun. */
    private void retire(Failure why) {
        if (gone == null) {
            gone = why;
            soon();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) throws Exception {
        super.handlerAdded(added);
        if (added.channel().isActive()) {
            begun(added);
        }
    }

    /** Netty's would write before TLS is in its place. */
    @Override
    public void connect(
            ChannelHandlerContext at, SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
        at.connect(remote, local, promise);
    }

    /** Who listens to the connection attempt, and puts TLS below, has its turn first. */
    @Override
    public void channelActive(ChannelHandlerContext at) {
        at.executor().execute(() -> {
            TlsHandler tls = at.pipeline().get(TlsHandler.class);
            if (tls == null || tls.session() != null) {
                begin(at);
            } else {
                tls.handshakeFuture().addListener(done -> {
                    if (tls.session() != null) {
                        begin(at);
                    }
                });
            }
        });
        at.fireChannelActive();
    }

    private void begin(ChannelHandlerContext at) {
        if (at.isRemoved() || !at.channel().isActive()) {
            return;
        }
        try {
            super.channelActive(at); // writes the preface
            begun(at);
        } catch (Exception e) {
            onConnectionError(at, true, e, null);
        }
    }

    private void begun(ChannelHandlerContext at) throws Http2Exception {
        scheme = at.pipeline().get(TlsHandler.class) == null ? "http" : "https";
        decoder()
                .flowController()
                .incrementWindowSize(connection().connectionStream(), limits.room() - Http2.DEFAULT_WINDOW);
        ready = true;
        at.channel().config().setAutoRead(true);
        watchIdle();
        if (limits.pingNanos() > 0) {
            home.watch(watch);
        }
        soon();
    }

    @Override
    public void channelRead(ChannelHandlerContext at, Object message) throws Exception {
        alive.heard();
        super.channelRead(at, message);
    }

    @Override
    public boolean isWaiting() {
        return active > 0 && !closing;
    }

    @Override
    public void dead() {
        fail(Failure.UPSTREAM_TIMEOUT, Http2Error.NO_ERROR);
    }

    @Override
    void overfull() {
        fail(Failure.UPSTREAM_PROTOCOL, Http2Error.ENHANCE_YOUR_CALM);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext at, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent) {
            at.close(); // nothing can be answered any more
        } else {
            super.userEventTriggered(at, event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext at, Throwable cause) throws Exception {
        if (cause instanceof Http2Exception) {
            super.exceptionCaught(at, cause);
        } else {
            LOG.debug("HTTP/2 upstream={} ends", at.channel().remoteAddress(), cause);
            at.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext at) throws Exception {
        idle.stop();
        home.unwatch(watch);
        closing = true;
        if (gone == null) {
            gone = ending;
        }
        tellGone();
        said.release();
        super.channelInactive(at);
    }

    private void tellGone() {
        Failure why = gone;
        if (why != null && !goneTold) {
            goneTold = true;
            owner.gone(this, why);
        }
    }

    private void watchIdle() {
        if (limits.idleNanos() > 0 && gone == null) {
            idle.in(limits.idleNanos());
        }
    }

    @Override
    void beforeFlush() {
        if (ready && !readyTold && gone == null) {
            readyTold = true;
            exhausted = false;
            owner.ready(this);
        }
        tellGone();
        boolean was = exhausted;
        exhausted = available() == 0;
        if (was && !exhausted) {
            owner.free(this);
        }
        if (gone != null && active == 0 && !closing && ctx().channel().isActive()) {
            fail(Failure.UPSTREAM_RESET, Http2Error.NO_ERROR);
        }
    }

    @Override
    void afterFlush() {
        if (closing) {
            ctx().close();
        }
    }

    /** Tells the upstream, and closes. */
    private void fail(Failure why, Http2Error code) {
        if (!closing) {
            closing = true;
            ending = why;
            retire(why);
            writeGoAway(0, code, "");
        }
    }

    /** Sends a head; null if that cannot be: it fails then, later. */
    @Nullable
    Http2Stream begin(Http2UpstreamStream of, HttpRequest head, boolean end) {
        boolean open = !closing
                && !deaf
                && nextStream > 0
                && lastStream == Integer.MAX_VALUE
                && ctx().channel().isActive();
        if (!open || !connection().local().canOpenStream()) {
            failLater(of, Failure.REFUSED);
            return null;
        }
        if (!said.allow(head)) {
            failLater(of, Failure.UPSTREAM_PROTOCOL);
            return null;
        }
        Http2Headers fields = Http2Heads.fields(head, scheme, Http2Upgrade.protocol(head));
        if (!said.fits(fields)) {
            failLater(of, Failure.HEAD_TOO_LARGE);
            return null;
        }
        int id = nextStream;
        nextStream += 2;
        if (nextStream < 0) {
            retire(Failure.REFUSED); // no numbers are left
        }
        encoder().writeHeaders(ctx(), id, fields, 0, end, ctx().newPromise());
        soon();
        Http2Stream stream = connection().stream(id);
        if (stream == null) {
            failLater(of, Failure.INTERNAL);
        } else {
            stream.setProperty(key, of);
        }
        return stream;
    }

    boolean waitsForSettings(Http2UpstreamStream of, HttpRequest head) {
        return !closing && said.hold(of, head);
    }

    private void failLater(Http2UpstreamStream of, Failure why) {
        home.loop.execute(() -> {
            of.because(why);
            of.closed(why);
            closed(of);
        });
    }

    /** Whether the upstream may have closed it before a request could be seen that was begun after so many signs: it was used, and nothing has come since. */
    boolean isStale(long signsBefore) {
        return signsBefore > 0 && signs == signsBefore;
    }

    private void answered() {
        signs++;
        alive.answered();
    }

    /** A request is over. */
    void closed(Http2UpstreamStream of) {
        active--;
        if (active == 0) {
            watchIdle();
        }
        soon();
    }

    @Override
    boolean isClosing() {
        return closing;
    }

    /** It may have said before which requests it has not begun: that is still read, and then the end. */
    @Override
    void unwritable() {
        if (!deaf) {
            deaf = true;
            retire(Failure.UPSTREAM_RESET);
            home.loop.schedule(() -> ctx().close(), LAST_WORDS_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Override
    void broken(Http2Error code) {
        fail(code == Http2Error.INTERNAL_ERROR ? Failure.INTERNAL : Failure.UPSTREAM_PROTOCOL, code);
    }

    @Override
    protected void onStreamError(ChannelHandlerContext at, boolean outbound, Throwable cause, StreamException error) {
        Http2Stream stream = connection().stream(error.streamId());
        Http2UpstreamStream of = at(stream);
        if (of != null && !outbound) {
            of.because(Failure.UPSTREAM_PROTOCOL);
        }
        super.onStreamError(at, outbound, cause, error);
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
            answered();
            Http2UpstreamStream of = of(id);
            if (of == null) {
                return;
            }
            if (headers.size() > limits.headers() + 1) {
                throw Http2Heads.malformed(id, "too many headers");
            }
            if (of.isAnswerBegun()) {
                of.trailers(id, Http2Heads.trailers(id, headers));
            } else {
                of.head(id, (Http2Fields) headers, end);
            }
        }

        private @Nullable Http2UpstreamStream of(int id) {
            return closing ? null : at(connection().stream(id));
        }

        @Override
        public int onDataRead(ChannelHandlerContext at, int id, ByteBuf data, int padding, boolean end)
                throws Http2Exception {
            answered();
            Http2UpstreamStream of = of(id);
            if (of == null) {
                return data.readableBytes() + padding;
            }
            if (!of.isAnswerBegun()) {
                throw Http2Heads.malformed(id, "a body before the head");
            }
            return of.data(id, data, padding, end);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext at, int id, long code) {
            Http2UpstreamStream of = of(id);
            if (of != null) {
                of.because(code == Http2Error.REFUSED_STREAM.code() ? Failure.REFUSED : Failure.UPSTREAM_RESET);
            }
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext at, long data) {
            signs++;
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext at, Http2Settings settings) {
            said.read(settings);
            soon();
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext at, int last, long code, ByteBuf debug) {
            lastStream = last;
            retire(code == Http2Error.NO_ERROR.code() ? Failure.REFUSED : Failure.UPSTREAM_RESET);
        }

        @Override
        public void onStreamClosed(Http2Stream stream) {
            Http2UpstreamStream of = stream.removeProperty(key);
            if (of == null) {
                return;
            }
            of.closed(stream.id() > lastStream ? Failure.REFUSED : ending);
            closed(of);
        }
    }
}
