package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2HeadersEncoder.SensitivityDetector;
import io.netty.handler.codec.http2.Http2PromisedRequestVerifier;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/**
 * The parts of Netty's codec, put together for a proxy: no priorities (RFC 9113 has none), no checks of heads while they are decompressed
 * ({@link Http2Fields}), answers to control frames that nobody takes are bounded.
 */
record Http2Codec(
        Http2Connection connection,
        Http2ConnectionDecoder decoder,
        Http2BoundedEncoder encoder,
        Http2Fields.Decoder fields,
        Http2Settings settings) {
    /** Bytes that HTTP/2 counts for each header beside its name and value. */
    private static final int PER_HEADER = 32;

    private static final int MOST_CONTINUATIONS = 16;
    private static final int GUESSABLE = 20;

    /** Other clients share the table of an upstream's connection: what is secret stays out of it (RFC 7541, 7.1.3). */
    private static final SensitivityDetector SECRETS =
            (name, value) -> HttpHeaderNames.AUTHORIZATION.contentEquals(name)
                    || HttpHeaderNames.PROXY_AUTHORIZATION.contentEquals(name)
                    || HttpHeaderNames.COOKIE.contentEquals(name) && value.length() < GUESSABLE;

    /** Frames that no window bounds, and that wait to be sent. */
    private static final int MOST_WAITING = 1_000;
    /** A head, trailers, a reset. */
    private static final int PER_STREAM = 4;

    /** {@code headerBytes} and {@code headers}: the most in one head; {@code line}: in its first line. */
    static Http2Codec of(boolean server, int headerBytes, int headers, int line, int streams, int window) {
        long listSize = headerBytes + line + (long) PER_HEADER * (headers + 5L);
        Http2Settings settings =
                new Http2Settings().initialWindowSize(window).maxHeaderListSize(Math.min(listSize, Integer.MAX_VALUE));
        Http2Connection connection = new DefaultHttp2Connection(server);
        connection
                .remote()
                .flowController(
                        new DefaultHttp2RemoteFlowController(connection, new UniformStreamByteDistributor(connection)));
        connection.local().flowController(new Http2Windows(connection));
        if (server) {
            settings.maxConcurrentStreams(streams);
            settings.put(Http2.ENABLE_CONNECT_PROTOCOL, Long.valueOf(1));
        } else {
            settings.pushEnabled(false);
        }
        Http2BoundedEncoder encoder = new Http2BoundedEncoder(
                new DefaultHttp2ConnectionEncoder(connection, new DefaultHttp2FrameWriter(SECRETS, true)),
                (int) Math.max(MOST_WAITING, Math.min(PER_STREAM * (long) streams, Integer.MAX_VALUE)));
        Http2Fields.Decoder fields = new Http2Fields.Decoder(settings.maxHeaderListSize());
        Http2ConnectionDecoder decoder = new DefaultHttp2ConnectionDecoder(
                connection,
                encoder,
                new DefaultHttp2FrameReader(fields, MOST_CONTINUATIONS),
                Http2PromisedRequestVerifier.ALWAYS_VERIFY,
                true,
                true,
                false,
                false);
        return new Http2Codec(connection, decoder, encoder, fields, settings);
    }
}
