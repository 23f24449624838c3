package dev.weir.http;

import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/** Upgrades in HTTP/2 are requests of their own kind: the extended CONNECT of RFC 8441. */
final class Http2Upgrade {
    private Http2Upgrade() {}

    /** What the stream of this request is to speak; null if it is not that kind of request. */
    static @Nullable String protocol(HttpRequest head) {
        return head instanceof Http2Request request ? request.protocol() : null;
    }
}
