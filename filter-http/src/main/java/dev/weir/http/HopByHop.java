package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Headers that concern one connection only (RFC 9110 §7.6.1), and are not passed on. */
final class HopByHop {
    private static final AsciiString KEEP_ALIVE = AsciiString.cached("keep-alive");
    private static final AsciiString PROXY_CONNECTION = AsciiString.cached("proxy-connection");
    private static final AsciiString HTTP2_SETTINGS = AsciiString.cached("http2-settings");

    /** What {@code Connection} cannot take away, whoever names it: the message's meaning hangs on it. */
    private static final Set<String> KEPT = Set.of(
            "host",
            "content-length",
            "transfer-encoding",
            "content-type",
            "content-encoding",
            "authorization",
            "cookie",
            "te",
            "trailer",
            "upgrade",
            "close",
            "connection");

    private HopByHop() {}

    /** The protocol that an upgrade asks for, or "" if none is asked for. */
    static String upgrade(HttpHeaders headers) {
        String protocol = headers.get(HttpHeaderNames.UPGRADE);
        return protocol != null && headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
                ? protocol
                : "";
    }

    /** Takes out what {@code Connection} names. To be done before anything is decided by headers, or a client could show one that does not go on. */
    static void dropNamed(HttpHeaders headers) {
        if (headers.contains(HttpHeaderNames.CONNECTION)) {
            named(headers, headers.getAll(HttpHeaderNames.CONNECTION));
        }
    }

    /**
     * Takes them out; {@code Transfer-Encoding} is left to the connections, and of {@code TE} what concerns all: {@code trailers}.
     *
     * @param upgrade the protocol of an upgrade that may pass, or ""
     */
    static void strip(HttpHeaders headers, String upgrade) {
        if (headers.contains(HttpHeaderNames.CONNECTION)) {
            named(headers, headers.getAll(HttpHeaderNames.CONNECTION));
            headers.remove(HttpHeaderNames.CONNECTION);
        }
        headers.remove(KEEP_ALIVE);
        headers.remove(PROXY_CONNECTION);
        headers.remove(HTTP2_SETTINGS);
        if (headers.contains(HttpHeaderNames.TE)) {
            boolean trailers = headers.containsValue(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS, true);
            headers.remove(HttpHeaderNames.TE);
            if (trailers) {
                headers.set(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS);
            }
        }
        if (!upgrade.isEmpty()) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
            headers.set(HttpHeaderNames.UPGRADE, upgrade); // and no other
        } else {
            headers.remove(HttpHeaderNames.UPGRADE);
        }
    }

    /** Takes out of trailers what decides about the message that they end (RFC 9110, 6.5.1): a server might merge them into its head. */
    static void stripTrailers(HttpHeaders trailers) {
        strip(trailers, "");
        for (String name : KEPT) {
            trailers.remove(name);
        }
        trailers.remove(HttpHeaderNames.SET_COOKIE);
    }

    private static void named(HttpHeaders headers, List<String> lists) {
        for (String list : lists) {
            for (String name : list.split(",", -1)) {
                String token = name.trim().toLowerCase(Locale.ROOT);
                if (!token.isEmpty() && !KEPT.contains(token)) {
                    headers.remove(token);
                }
            }
        }
    }
}
