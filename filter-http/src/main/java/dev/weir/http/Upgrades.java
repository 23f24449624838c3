package dev.weir.http;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * WebSocket from one version of HTTP to the other: an upgrade here (RFC 6455 §4), an extended CONNECT there (RFC 8441 §5), where the handshake's key and its answer have
 * no meaning.
 */
final class Upgrades {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int KEY_BYTES = 16;

    private Upgrades() {}

    /** The upgrade that means what an extended CONNECT does. */
    static HttpRequest toHttp1(Http2Request head, String protocol) {
        HttpHeaders headers = head.headers();
        HttpRequest upgrade = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, head.uri(), headers);
        headers.remove(HttpHeaderNames.CONTENT_LENGTH);
        headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        headers.set(HttpHeaderNames.UPGRADE, protocol);
        byte[] key = new byte[KEY_BYTES];
        ThreadLocalRandom.current().nextBytes(key);
        headers.set(HttpHeaderNames.SEC_WEBSOCKET_KEY, Base64.getEncoder().encodeToString(key));
        return upgrade;
    }

    /** The extended CONNECT that means what an upgrade does. */
    static Http2Request toHttp2(HttpRequest head, String scheme, String protocol) {
        HttpHeaders headers = head.headers();
        headers.remove(HttpHeaderNames.CONNECTION);
        headers.remove(HttpHeaderNames.UPGRADE);
        headers.remove(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        return new Http2Request(HttpMethod.CONNECT, head.uri(), headers, scheme, protocol);
    }

    /** The answer to an upgrade that was accepted as an extended CONNECT. */
    static void accepted(HttpResponse answer, @Nullable String key, String protocol) {
        answer.setStatus(HttpResponseStatus.SWITCHING_PROTOCOLS);
        HttpHeaders headers = answer.headers();
        headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        headers.set(HttpHeaderNames.UPGRADE, protocol);
        if (key != null) {
            headers.set(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT, accept(key));
        }
    }

    private static String accept(String key) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1"); // RFC 6455 wants it; it protects nothing
            return Base64.getEncoder().encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
