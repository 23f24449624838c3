package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;

/**
 * One request to an upstream, as its connection carries it. On the loop only. What is sent goes out at the end of the loop's iteration. Once it has ended or failed
 * what is sent is released and dropped. Its connection goes back to its pool by itself: when both messages have ended well.
 */
interface UpstreamStream {
    /**
     * Sends the head: once, first. Headers are those to go out, hop-by-hop ones left out (but {@code TE: trailers}, and {@code Connection} and {@code Upgrade} of an upgrade); {@code Content-Length} is kept; framing is the connection's.
     *
     * @param end whether there is no body
     */
    void sendHead(HttpRequest head, boolean end);

    /** Sends bytes of the body, and takes them over. */
    void sendData(ByteBuf data, boolean end);

    /** Ends the request with trailers. */
    void sendTrailers(HttpHeaders trailers);

    /** Nobody waits for the answer any more; nothing is told from now on. An HTTP/1.1 connection is closed unless all is over, a stream reset. */
    void cancel();

    /** Whether it takes more bytes now. {@link ResponseListener#writable} tells when it does again. */
    boolean isWritable();

    /** Whether what is sent reaches nobody, although {@link ResponseListener#failed} was not told, as the answer was complete. */
    default boolean isClosed() {
        return false;
    }

    /** So many bytes of the answer's body have gone on: as many more may come. */
    void consumed(int bytes);
}
