package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends clients elsewhere. Immutable. Section {@code redirect} of a route.
 *
 * @param scheme null for that of the request
 * @param host null for that of the request
 * @param port 0 for that of the request, or none where scheme or host change
 * @param path null for that of the request
 * @param prefix stands for what the route's path matched; null for no change
 * @param stripQuery whether the query is left out
 */
record Redirect(
        HttpResponseStatus status,
        @Nullable String scheme,
        @Nullable String host,
        int port,
        @Nullable String path,
        @Nullable String prefix,
        boolean stripQuery)
        implements RouteAnswer {
    private static final List<String> SCHEMES = List.of("http", "https");

    static Redirect read(ConfigNode node, PathMatch match, PathRules rules) {
        HttpResponseStatus status = HttpResponseStatus.valueOf(
                Integer.parseInt(node.has("status") ? status(node.required("status")) : "301"));
        String scheme = node.has("scheme") ? node.oneOf("scheme", "https", SCHEMES) : null;
        ConfigNode hostNode = node.child("host");
        String host = hostNode == null ? null : hostNode.as(Redirect::host, "x");
        int port = (int) node.integer("port", 0, 1, 0xffff);
        ConfigNode pathNode = node.child("path");
        String path = pathNode == null ? null : pathNode.as(Redirect::path, "/");
        ConfigNode prefixNode = node.child("prefix");
        String prefix = prefixNode == null ? null : prefixNode.as(text -> PathMatch.path(text, rules), "/");
        if (path != null && prefix != null) {
            node.error("prefix", "beside path (expected: one of both)");
        }
        if (prefixNode != null && !match.hasPrefix()) {
            prefixNode.error("beside a path with variables (expected: path)");
        }
        if (scheme == null && host == null && port == 0 && path == null && prefix == null) {
            node.error("leads to where it came from (expected: scheme, host, port, path or prefix)");
        }
        boolean strip = node.bool("strip_query", false);
        node.rejectUnknown();
        return new Redirect(status, scheme, host, port, path, prefix, strip);
    }

    /** The scheme, if nothing else changes; else null. */
    @Nullable
    String onlyScheme() {
        return host == null && port == 0 && path == null && prefix == null ? scheme : null;
    }

    private static String status(ConfigNode node) {
        return node.as(
                text -> switch (text) {
                    case "301", "302", "303", "307", "308" -> text;
                    default ->
                        throw new IllegalArgumentException(
                                HeaderEdits.shown(text) + " (expected: 301, 302, 303, 307 or 308)");
                },
                "301");
    }

    private static String host(String text) {
        String host = Rewrite.host(text);
        if (Authority.portOf(host) >= 0) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: a host; its port as port: …)");
        }
        return host;
    }

    /** May have a query, which then stands for that of the request. */
    private static String path(String text) {
        boolean good = text.startsWith("/") && !text.startsWith("//");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            good &= c > ' ' && c < 0x7f && c != '\\';
        }
        if (!good) {
            throw new IllegalArgumentException("\"" + HeaderEdits.shown(text) + "\" (expected: a path, as /users)");
        }
        return text;
    }

    @Override
    public LocalAnswer to(RequestTarget target, PathMatch match) {
        HttpHeaders headers = new DefaultHttpHeaders();
        headers.set(HttpHeaderNames.LOCATION, location(target, match));
        headers.set(HttpHeaderNames.CONTENT_LENGTH, "0");
        return new LocalAnswer(status, headers, new byte[0]);
    }

    private String location(RequestTarget target, PathMatch match) {
        StringBuilder out = new StringBuilder(64);
        String name = host != null ? host : hostOf(target.authority());
        if (!name.isEmpty()) {
            out.append(scheme != null ? scheme : target.scheme()).append("://").append(name);
            int at = Authority.portOf(target.authority());
            if (port > 0) {
                out.append(':').append(port);
            } else if (at >= 0 && host == null && (scheme == null || scheme.equals(target.scheme()))) {
                out.append(':')
                        .append(target.authority(), at, target.authority().length());
            }
        }
        String to = target.path().startsWith("/") ? target.path() : "/";
        to = path != null ? path : prefix != null ? Rewrite.joined(prefix, match.behind(to)) : to;
        int from = 0;
        while (name.isEmpty() && to.startsWith("//", from)) {
            from++; // without a host before it, a second slash would begin one
        }
        out.append(to, from, to.length());
        if (!stripQuery && !target.query().isEmpty() && to.indexOf('?') < 0) {
            out.append('?').append(target.query());
        }
        return out.toString();
    }

    private static String hostOf(String authority) {
        int end = authority.lastIndexOf(':');
        return end < 0 || authority.indexOf(']', end) >= 0 ? authority : authority.substring(0, end);
    }
}
