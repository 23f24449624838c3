package dev.weir.http;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DecoratingHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Headers;

/** Counts heads, and answers to control frames, that wait to be sent: a peer that goes on to ask for them and takes none would fill the memory. */
final class Http2BoundedEncoder extends DecoratingHttp2ConnectionEncoder {
    private final int most;
    private int waiting;
    private final ChannelFutureListener sent = future -> waiting--;

    Http2BoundedEncoder(Http2ConnectionEncoder delegate, int most) {
        super(delegate);
        this.most = most;
    }

    /** Whether too many wait. */
    boolean isOverfull() {
        return waiting > most;
    }

    @Override
    public ChannelFuture writeSettingsAck(ChannelHandlerContext ctx, ChannelPromise promise) {
        return super.writeSettingsAck(ctx, counted(promise));
    }

    @Override
    public ChannelFuture writePing(ChannelHandlerContext ctx, boolean ack, long data, ChannelPromise promise) {
        return super.writePing(ctx, ack, data, counted(promise));
    }

    @Override
    public ChannelFuture writeRstStream(ChannelHandlerContext ctx, int streamId, long code, ChannelPromise promise) {
        return super.writeRstStream(ctx, streamId, code, counted(promise));
    }

    @Override
    public ChannelFuture writeHeaders(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int padding,
            boolean endStream,
            ChannelPromise promise) {
        return super.writeHeaders(ctx, streamId, headers, padding, endStream, counted(promise));
    }

    private ChannelPromise counted(ChannelPromise promise) {
        waiting++;
        return promise.unvoid().addListener(sent);
    }
}
