package dev.weir.http;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Upgrades: from HTTP/1.1 to HTTP/2 ({@code h2c}, RFC 7540, 3.2), and within HTTP/2, where they are requests of their own kind (RFC 8441). */
final class Http2Upgrade {
    /** What a client asks for. */
    static final AsciiString H2C = AsciiString.cached("h2c");

    private static final AsciiString SETTINGS = AsciiString.cached("HTTP2-Settings");
    private static final int SETTING = 6;
    private static final int MOST_SETTINGS = 32;

    private Http2Upgrade() {}

    /** What the stream of this request is to speak; null if it is not that kind of request. */
    static @Nullable String protocol(HttpRequest head) {
        return head instanceof Http2Request request ? request.protocol() : null;
    }

    /**
     * The settings of a client whose HTTP/1.1 request asks for HTTP/2; null if it does not, or not as it should: then it is answered in HTTP/1.1. Only
     * requests without a body are to be asked about.
     */
    static @Nullable Http2Settings settings(HttpRequest head) {
        HttpHeaders headers = head.headers();
        List<String> settings = headers.getAll(SETTINGS);
        boolean asks = headers.containsValue(HttpHeaderNames.UPGRADE, H2C, true)
                && headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
                && headers.containsValue(HttpHeaderNames.CONNECTION, SETTINGS, true);
        return asks && settings.size() == 1 ? decode(settings.get(0)) : null;
    }

    private static @Nullable Http2Settings decode(String text) {
        try {
            byte[] payload = Base64.getUrlDecoder().decode(text);
            if (payload.length % SETTING != 0 || payload.length > SETTING * MOST_SETTINGS) {
                return null;
            }
            Http2Settings settings = new Http2Settings();
            ByteBuffer all = ByteBuffer.wrap(payload);
            while (all.hasRemaining()) {
                char id = all.getChar();
                settings.put(id, Long.valueOf(Integer.toUnsignedLong(all.getInt())));
            }
            return settings;
        } catch (IllegalArgumentException e) {
            return null; // neither Base64, nor settings that are allowed
        }
    }

    /** The request as if it had come by HTTP/2. */
    static Http2Request request(HttpRequest head) {
        HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory()
                .withValidation(false)
                .newHeaders()
                .add(head.headers());
        HopByHop.strip(headers, "");
        return new Http2Request(head.method(), head.uri(), headers, "http", null);
    }
}
