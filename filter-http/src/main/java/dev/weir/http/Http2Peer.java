package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection.PropertyKey;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a connection that speaks HTTP/2 has on either side: Netty's codec, something of ours at each of its streams, output that goes out at the end of the
 * loop's turn, and whose fault it is if the codec finds something wrong.
 *
 * @param <S> what is at a stream
 */
abstract class Http2Peer<S extends Http2Peer.Carried> extends Http2ConnectionHandler implements HttpLoop.Flushing {
    /** What is at a stream, for as long as the codec knows that. */
    interface Carried {
        /** It takes more now. */
        void writable();
    }

    private static final Logger LOG = LoggerFactory.getLogger(Http2Peer.class);

    final HttpLoop home;
    final PropertyKey key;
    private final Http2BoundedEncoder bounded;
    private @Nullable ChannelHandlerContext ctx;
    private boolean dirty;

    Http2Peer(Http2Codec codec, HttpLoop home) {
        super(codec.decoder(), codec.encoder(), codec.settings(), true, true);
        this.home = home;
        this.key = codec.connection().newKey();
        this.bounded = codec.encoder();
    }

    /** Who hears of frames and streams; once, before all else. */
    final void listen(Http2EventAdapter events) {
        decoder().frameListener(events);
        connection().addListener(events);
        encoder().flowController().listener(this::writabilityChanged);
    }

    // ---- what the sides do differently

    /** Whether it ends already, so that nothing that is found wrong makes a difference. */
    abstract boolean isClosing();

    /** Nothing can be written any more, as the other side has closed or reset the connection. */
    abstract void unwritable();

    /** The connection is of no use any more: the other side has broken the protocol, or, with {@code INTERNAL_ERROR}, Weir has. */
    abstract void broken(Http2Error code);

    /** The other side goes on to ask for what it does not take. */
    abstract void overfull();

    /** The loop's turn is over; something may still be written. */
    void beforeFlush() {}

    /** All has been handed to the socket. */
    abstract void afterFlush();

    // ---- output

    @Override
    public void handlerAdded(ChannelHandlerContext added) throws Exception {
        ctx = added;
        Http2Gather.before(added);
        super.handlerAdded(added);
    }

    final ChannelHandlerContext ctx() {
        ChannelHandlerContext added = ctx;
        if (added == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return added;
    }

    final void soon() {
        if (!dirty) {
            dirty = true;
            home.soon(this);
        }
    }

    @Override
    public final void flushNow() {
        dirty = false;
        beforeFlush();
        flush(ctx());
        afterFlush();
    }

    final void writeHead(Http2Stream stream, Http2Headers fields, boolean end) {
        encoder().writeHeaders(ctx(), stream.id(), fields, 0, end, ctx().newPromise());
        soon();
    }

    void writeData(Http2Stream stream, ByteBuf data, boolean end) {
        encoder().writeData(ctx(), stream.id(), data, 0, end, ctx().newPromise());
        soon();
    }

    final void reset(Http2Stream stream, Http2Error code) {
        try {
            encoder().flowController().writePendingBytes(); // what waits for the flush must not come behind it
        } catch (Http2Exception e) {
            LOG.debug("What was to be sent before a reset is lost", e);
        }
        encoder().writeRstStream(ctx(), stream.id(), code.code(), ctx().newPromise());
        soon();
    }

    public final void writePing(long data) {
        encoder().writePing(ctx(), false, data, ctx().newPromise());
        soon();
    }

    final void writeGoAway(int last, Http2Error code, String text) {
        ByteBuf debug = ByteBufUtil.writeAscii(ctx().alloc(), text);
        try {
            connection().goAwaySent(last, code.code(), debug);
        } catch (Http2Exception e) {
            LOG.debug("GOAWAY after GOAWAY", e); // cannot be: numbers only fall
        }
        frameWriter().writeGoAway(ctx(), last, code.code(), debug, ctx().newPromise());
        soon();
    }

    // ---- streams

    final @Nullable S at(@Nullable Http2Stream stream) {
        return stream == null ? null : stream.getProperty(key);
    }

    final boolean isWritable(Http2Stream stream) {
        return encoder().flowController().isWritable(stream);
    }

    private void writabilityChanged(Http2Stream stream) {
        S of = at(stream);
        if (of != null && isWritable(stream)) {
            of.writable();
        }
    }

    /** So many bytes have gone on. */
    final void consumed(Http2Stream stream, int bytes) {
        try {
            if (decoder().flowController().consumeBytes(stream, bytes)) {
                soon();
            }
        } catch (Http2Exception e) {
            throw new IllegalStateException("consumed " + bytes + " bytes, more than there were", e);
        }
    }

    // ---- input

    /** Netty's would read on by itself, although the core had stopped it, and flush. */
    @Override
    public void channelReadComplete(ChannelHandlerContext at) {
        discardSomeReadBytes();
        if (bounded.isOverfull()) {
            overfull();
        }
        soon();
        at.fireChannelReadComplete();
    }

    @Override
    protected final void onConnectionError(
            ChannelHandlerContext at, boolean outbound, Throwable cause, @Nullable Http2Exception error) {
        if (isClosing() || !at.channel().isActive()) {
            return;
        }
        if (error == null && cause instanceof IOException) {
            unwritable();
        } else if (error == null || error.error() == Http2Error.INTERNAL_ERROR) {
            LOG.error("HTTP/2 failed peer={}", at.channel().remoteAddress(), cause);
            broken(Http2Error.INTERNAL_ERROR);
        } else {
            LOG.debug("HTTP/2 was broken by peer={}", at.channel().remoteAddress(), cause);
            broken(error.error());
        }
    }
}
