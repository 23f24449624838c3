package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * What a request is told of the way it came. Section {@code forwarded}. RFC 7239 ({@code Forwarded}), RFC 9110 §7.6.3 ({@code Via}), and what everybody knows:
 * {@code X-Forwarded-For}, {@code -Proto}, {@code -Host}, {@code X-Request-Id}.
 *
 * @param forwardedFor for the three of {@code X-Forwarded-}
 * @param requestId {@link Mode#APPEND}: made where there is none
 * @param name what {@code Via} calls this proxy
 */
record Forwarding(Mode forwardedFor, Mode forwarded, Mode requestId, Mode via, String name) {
    /** What becomes of a header. */
    enum Mode {
        /** It passes as it is. */
        KEEP,
        /** This hop is added. */
        APPEND,
        /** This hop is all there is. */
        REPLACE,
        /** It goes. */
        REMOVE
    }

    private static final AsciiString X_FORWARDED_FOR = AsciiString.cached("X-Forwarded-For");
    private static final AsciiString X_FORWARDED_PROTO = AsciiString.cached("X-Forwarded-Proto");
    private static final AsciiString X_FORWARDED_HOST = AsciiString.cached("X-Forwarded-Host");
    private static final AsciiString FORWARDED = AsciiString.cached("Forwarded");
    private static final AsciiString X_REQUEST_ID = AsciiString.cached("X-Request-Id");

    static Forwarding read(ConfigNode terminal) {
        ConfigNode node = terminal.section("forwarded");
        if (terminal.has("forwarded") && terminal.bool("observe", false)) {
            terminal.error("forwarded", "beside observe: true, with which no header is added (expected: one of both)");
        }
        Forwarding read = new Forwarding(
                mode(node, "x_forwarded", "append"),
                mode(node, "forwarded", "keep"),
                mode(node, "request_id", "keep"),
                mode(node, "via", "keep"),
                via(node));
        node.rejectUnknown();
        return read;
    }

    private static Mode mode(ConfigNode node, String key, String absent) {
        return Mode.valueOf(node.oneOf(key, absent, List.of("keep", "append", "replace", "remove"))
                .toUpperCase(Locale.ROOT));
    }

    private static String via(ConfigNode node) {
        ConfigNode name = node.child("via_name");
        return name == null ? "weir" : name.as(Forwarding::token, "weir");
    }

    private static String token(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._:".indexOf(c) >= 0)) {
                throw new IllegalArgumentException("\"" + text + "\" (expected: a host or a name)");
            }
        }
        return text;
    }

    /** Tells a request that came from a client, whose version of HTTP it still has. */
    void request(HttpRequest head, HttpConnection client, RequestTarget target) {
        HttpHeaders headers = head.headers();
        String address = client.connection().clientHost();
        if (forwardedFor != Mode.KEEP) {
            list(headers, X_FORWARDED_FOR, forwardedFor, address, ", ");
            once(headers, X_FORWARDED_PROTO, forwardedFor, client.scheme());
            once(headers, X_FORWARDED_HOST, forwardedFor, target.authority());
        }
        if (forwarded != Mode.KEEP) {
            list(headers, FORWARDED, forwarded, element(address, target.authority(), client.scheme()), ", ");
        }
        if (requestId != Mode.KEEP) {
            once(headers, X_REQUEST_ID, requestId, requestId == Mode.REMOVE ? "" : id());
        }
        hop(head);
    }

    private static String element(String address, String authority, String scheme) {
        boolean quoted = address.indexOf(':') >= 0;
        String node = address.equals("unix") ? "unknown" : quoted ? "\"" + bracketed(address) + "\"" : address;
        String host = authority.isEmpty() ? "" : ";host=\"" + authority + "\"";
        return "for=" + node + host + ";proto=" + scheme;
    }

    private static String bracketed(String address) {
        return address.startsWith("[") ? address : "[" + address + "]";
    }

    /** Tells an answer that came from an upstream, whose version of HTTP it still has. */
    void answer(HttpResponse head) {
        hop(head);
    }

    private void hop(HttpMessage head) {
        if (via != Mode.KEEP) {
            HttpVersion received = head.protocolVersion();
            String hop = received.majorVersion() + "." + received.minorVersion() + " " + name;
            list(head.headers(), HttpHeaderNames.VIA, via, hop, ", ");
        }
    }

    private static void list(HttpHeaders headers, AsciiString header, Mode mode, String value, String between) {
        if (mode == Mode.REMOVE) {
            headers.remove(header);
            return;
        }
        if (mode == Mode.APPEND && headers.contains(header)) {
            headers.set(header, String.join(between, headers.getAll(header)) + between + value);
        } else {
            headers.set(header, value);
        }
    }

    private static void once(HttpHeaders headers, AsciiString header, Mode mode, String value) {
        if (mode == Mode.REMOVE) {
            headers.remove(header);
        } else if (!value.isEmpty() && (mode == Mode.REPLACE || !headers.contains(header))) {
            headers.set(header, value);
        }
    }

    /** Random, as it is to be unique among all proxies. */
    private static String id() {
        return UUID.randomUUID().toString();
    }
}
