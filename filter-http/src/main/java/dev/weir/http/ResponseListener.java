package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;

/** Who gets the answer of an upstream. On the loop. */
interface ResponseListener {
    /**
     * A head: any number of informational ones (1xx), then that of the answer. After 101, or 2xx to CONNECT, bytes pass both ways as they are.
     *
     * @param end whether nothing follows
     */
    void head(HttpResponse head, boolean end);

    /** Bytes of the body, whose ownership passes; for each of them {@link UpstreamStream#consumed} is owed while the stream lives. */
    void data(ByteBuf data, boolean end);

    /** The body ended with trailers. */
    void trailers(HttpHeaders trailers);

    /** There will be no answer, or no more of it. The last call. */
    void failed(Failure failure);

    /** {@link UpstreamStream#isWritable} is true again. */
    void writable();
}
