package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

/** How the end of a request's body is told to an upstream. RFC 9112, 6. */
final class Http1Framing {
    private Http1Framing() {}

    /** Whether what comes behind the head may be no HTTP. */
    static boolean asksTunnel(HttpRequest head) {
        return HttpMethod.CONNECT.equals(head.method()) || head.headers().contains(HttpHeaderNames.UPGRADE);
    }

    /**
     * Sets the headers for it.
     *
     * @param end whether there is no body
     * @param last whether the connection ends with it
     */
    static void apply(HttpRequest head, boolean end, boolean last) {
        HttpHeaders headers = head.headers();
        head.setProtocolVersion(HttpVersion.HTTP_1_1);
        boolean tunnels = asksTunnel(head);
        if (end && tunnels) {
            headers.remove(HttpHeaderNames.CONTENT_LENGTH); // what it promises does not come
        }
        if (!end && mayHaveTrailers(head) && headers.contains(HttpHeaderNames.TRAILER)) {
            withTrailers(head);
        }
        if (end || headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
            headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        } else if (!HttpUtil.isTransferEncodingChunked(head) && !HttpMethod.CONNECT.equals(head.method())) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        if (last && !tunnels) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
    }

    /** A length of zero without an end: there may be nothing but trailers. */
    static void beforeEnd(HttpRequest head) {
        if (mayHaveTrailers(head) && "0".equals(head.headers().get(HttpHeaderNames.CONTENT_LENGTH))) {
            withTrailers(head);
        }
    }

    /** Whether they may come beside a length: by HTTP/2, which version the head does not say any more at a later try. */
    private static boolean mayHaveTrailers(HttpRequest head) {
        return head instanceof Http2Request;
    }

    /** They have no place behind a body whose length was told before. */
    private static void withTrailers(HttpRequest head) {
        head.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
        head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }

    /** All of a request as one message: one buffer for the channel. */
    static HttpRequest whole(HttpRequest head, ByteBuf body) {
        return new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, head.method(), head.uri(), body, head.headers(), EmptyHttpHeaders.INSTANCE);
    }
}
