package dev.weir.http;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/** The head of a request that came by HTTP/2. */
final class Http2Request extends DefaultHttpRequest {
    private final String scheme;
    private final @Nullable String protocol;

    Http2Request(HttpMethod method, String uri, HttpHeaders headers, String scheme, @Nullable String protocol) {
        super(Http.HTTP_2, method, uri, headers, false); // it is checked already
        this.scheme = scheme;
        this.protocol = protocol;
    }

    /** {@code http} or {@code https}, as the client says; empty for a plain {@code CONNECT}. */
    String scheme() {
        return scheme;
    }

    /**
     * What the stream is to speak: {@code websocket}, for an extended CONNECT (RFC 8441), which is to HTTP/2 what {@code Upgrade} is to HTTP/1.1: its target is
     * a path, 2xx accepts it. Null for all other requests.
     */
    @Nullable
    String protocol() {
        return protocol;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
