package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;

/** Who gets what a client sends after the head of a request, and hears what becomes of its stream. On the loop. Not called from within itself. */
interface RequestListener {
    /**
     * Bytes of the body, whose ownership passes. For each of them {@link ClientStream#consumed} is owed, also after the end and after a reset by this side, but
     * not after {@link #cancelled}.
     *
     * @param end whether these are the last, without trailers; {@code data} may be empty then
     */
    void data(ByteBuf data, boolean end);

    /** The body ended with trailers. */
    void trailers(HttpHeaders trailers);

    /** The client has gone, or has reset the stream, or has broken its protocol (then the connection answers by itself): the last call. Nothing can be sent any more. */
    void cancelled(Failure why);

    /** {@link ClientStream#isWritable} is true again. */
    void writable();
}
