package dev.weir.http;

import io.netty.handler.codec.http.HttpVersion;

/** Constants that Netty does not have. */
final class Http {
    /** The version of requests and answers that came by HTTP/2. */
    static final HttpVersion HTTP_2 = new HttpVersion("HTTP", 2, 0, true);

    private Http() {}
}
