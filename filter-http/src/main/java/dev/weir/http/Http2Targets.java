package dev.weir.http;

import static dev.weir.http.Http2Heads.malformed;

import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** What a request is for, from pseudo-headers to a request line and back; RFC 9113, 8.3.1 and 8.5, RFC 8441. */
final class Http2Targets {
    private static final String SCHEME_END = "://";

    private Http2Targets() {}

    /** {@code host} is the header of this name, {@code headers} are those of the request, {@code Host} among them if there is any. */
    static Http2Request request(int stream, Http2Fields fields, @Nullable CharSequence host, HttpHeaders headers)
            throws Http2Exception {
        CharSequence method = fields.method();
        CharSequence scheme = fields.scheme();
        CharSequence authority = fields.authority();
        CharSequence path = fields.path();
        CharSequence protocol = fields.get(PseudoHeaderName.PROTOCOL.value());
        if (method == null || !isToken(method)) {
            throw malformed(stream, "no :method, or one that is no token");
        }
        CharSequence name = authority == null ? host : authority;
        // Both, if they differ, could be read in two ways.
        if (name == null || !isAuthority(name) || host != null && !AsciiString.contentEqualsIgnoreCase(host, name)) {
            throw malformed(stream, "no host, or two that differ, or one that is not allowed");
        }
        HttpMethod verb = HttpMethod.valueOf(method.toString());
        boolean connect = HttpMethod.CONNECT.equals(verb);
        if (connect && protocol == null) {
            if (scheme != null || path != null || authority == null) {
                throw malformed(stream, "CONNECT has :authority, and neither :scheme nor :path");
            }
            return new Http2Request(verb, name.toString(), headers, "", null);
        }
        if (protocol != null && !(connect && isToken(protocol))) {
            throw malformed(stream, ":protocol belongs to CONNECT");
        }
        String kind = scheme(scheme);
        if (kind.isEmpty()) {
            throw malformed(stream, "no :scheme, or one that is not of HTTP");
        }
        if (path == null || !isTarget(path, HttpMethod.OPTIONS.equals(verb))) {
            throw malformed(stream, "no :path, or one that is not allowed");
        }
        return new Http2Request(verb, path.toString(), headers, kind, protocol == null ? null : protocol.toString());
    }

    private static boolean isToken(CharSequence text) {
        return text.length() > 0 && HttpHeaderValidationUtil.validateToken(text) == -1;
    }

    private static String scheme(@Nullable CharSequence scheme) {
        if (scheme != null && AsciiString.contentEqualsIgnoreCase(scheme, "https")) {
            return "https";
        }
        return scheme != null && AsciiString.contentEqualsIgnoreCase(scheme, "http") ? "http" : "";
    }

    private static boolean isAuthority(CharSequence name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c >= 0x7f || "@/?#\\,".indexOf(c) >= 0) {
                return false;
            }
        }
        return name.length() > 0;
    }

    private static boolean isTarget(CharSequence path, boolean options) {
        int length = path.length();
        if (length == 0 || path.charAt(0) != '/') {
            return options && length == 1 && path.charAt(0) == '*';
        }
        for (int i = 0; i < length; i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c == 0x7f || c == '#') {
                return false;
            }
        }
        return true;
    }

    /** The {@code :path} of a target in any form. */
    static String path(String target) {
        if (target.startsWith("/") || target.equals("*")) {
            return target;
        }
        int begin = target.indexOf(SCHEME_END);
        int rest = begin < 0 ? -1 : end(target, begin + SCHEME_END.length());
        if (rest < 0 || rest == target.length()) {
            return "/";
        }
        return target.charAt(rest) == '/' ? target.substring(rest) : "/" + target.substring(rest);
    }

    /** The authority of a target in absolute form; null of others. */
    static @Nullable String authority(String target) {
        int begin = target.startsWith("/") ? -1 : target.indexOf(SCHEME_END);
        if (begin < 0) {
            return null;
        }
        begin += SCHEME_END.length();
        return target.substring(begin, end(target, begin));
    }

    private static int end(String target, int from) {
        int at = from;
        while (at < target.length() && target.charAt(at) != '/' && target.charAt(at) != '?') {
            at++;
        }
        return at;
    }
}
