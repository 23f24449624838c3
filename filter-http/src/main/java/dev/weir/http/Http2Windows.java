package dev.weir.http;

import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * The windows for what is received. Of a frame that overruns its window Netty's decoder gives back more bytes than there were, which would make an error of
 * our own out of that of the peer.
 */
final class Http2Windows extends DefaultHttp2LocalFlowController {
    Http2Windows(Http2Connection connection) {
        super(connection);
    }

    @Override
    public boolean consumeBytes(@Nullable Http2Stream stream, int numBytes) throws Http2Exception {
        return super.consumeBytes(stream, stream == null ? numBytes : Math.min(numBytes, unconsumedBytes(stream)));
    }
}
