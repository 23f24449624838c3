package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;

/**
 * The way back for the answer to one request, as the client's connection carries it: an HTTP/1.1 connection between two requests, or a stream of an
 * HTTP/2 connection. On the connection's loop only. What is sent goes out at the end of the loop's iteration, in its order; after the end, and after
 * {@link #reset}, nothing may be sent, and after {@link RequestListener#cancelled} what is sent is released and dropped.
 */
interface ClientStream {
    /**
     * Sends the head of an informational answer (1xx, any number of them; {@code end} is false), or of the answer. Its headers are those to go out, hop-by-hop ones
     * left out; framing is the connection's: {@code Content-Length} is kept, {@code Transfer-Encoding} is set where it is needed. After 101, or 2xx to CONNECT,
     * bytes pass both ways as they are, and {@code end} of {@link #sendData} ends the output only.
     *
     * @param end whether nothing follows: no body, no trailers
     */
    void sendHead(HttpResponse head, boolean end);

    /** Sends bytes of the body, and takes them over. */
    void sendData(ByteBuf data, boolean end);

    /** Ends the answer with trailers (names as they came, maybe none). */
    void sendTrailers(HttpHeaders trailers);

    /** The answer cannot be given, or not to its end: the stream is reset, an HTTP/1.1 connection closed so that the client sees that something is missing. */
    void reset(Failure failure);

    /** With the answer under way its connection ends, in good order: HTTP/1.1 says so in its head, HTTP/2 by {@code GOAWAY}. */
    void beLast();

    /** Whether it takes more bytes now: not while too many of them wait to be sent. {@link RequestListener#writable} tells when it does again. */
    boolean isWritable();

    /** So many bytes of the request's body, given to {@link RequestListener#data}, have gone on: as many more may come. */
    void consumed(int bytes);
}
