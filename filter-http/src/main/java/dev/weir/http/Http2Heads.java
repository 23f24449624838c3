package dev.weir.http;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Heads and trailers from HTTP/2 to the common form and back; RFC 9113, section 8. What is not well-formed is an error of its stream. */
final class Http2Heads {
    private static final DefaultHttpHeadersFactory HEADERS =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);
    private static final AsciiString HTTP2_SETTINGS = AsciiString.cached("http2-settings");
    private static final String CRUMBS = "; ";

    private Http2Heads() {}

    /** What a client sent, as a request. */
    static Http2Request request(int stream, Http2Fields fields) throws Http2Exception {
        if (fields.isMisplaced()) {
            throw malformed(stream, "a pseudo-header comes twice, or behind headers");
        }
        CharSequence authority = fields.authority();
        CharSequence host = null;
        CharSequence cookie = null;
        HttpHeaders headers = HEADERS.newHeaders();
        if (authority != null) {
            headers.add(HttpHeaderNames.HOST, authority);
        }
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            CharSequence name = field.getKey();
            CharSequence value = field.getValue();
            if (PseudoHeaderName.hasPseudoHeaderFormat(name)) {
                checkPseudo(stream, name);
                continue;
            }
            check(stream, name, value);
            if (HttpHeaderNames.COOKIE.contentEquals(name)) {
                cookie = cookie == null ? value : join(cookie, value);
            } else if (HttpHeaderNames.HOST.contentEquals(name)) {
                if (host != null) {
                    throw malformed(stream, "more than one host");
                }
                host = value;
                if (authority == null) {
                    headers.add(HttpHeaderNames.HOST, value);
                }
            } else {
                headers.add(name, value);
            }
        }
        if (cookie != null) {
            headers.add(HttpHeaderNames.COOKIE, cookie.toString());
        }
        return Http2Targets.request(stream, fields, host, headers);
    }

    private static CharSequence join(CharSequence cookies, CharSequence crumb) {
        StringBuilder all = cookies instanceof StringBuilder some ? some : new StringBuilder(cookies);
        return all.append(CRUMBS).append(crumb);
    }

    private static void checkPseudo(int stream, CharSequence name) throws Http2Exception {
        PseudoHeaderName pseudo = PseudoHeaderName.getPseudoHeader(name);
        if (pseudo == null || !pseudo.isRequestOnly()) {
            throw malformed(stream, "a pseudo-header that requests do not have");
        }
    }

    /** What an upstream sent, as an answer. */
    static HttpResponse response(int stream, Http2Fields fields) throws Http2Exception {
        if (fields.isMisplaced()) {
            throw malformed(stream, "a pseudo-header comes twice, or behind headers");
        }
        CharSequence status = null;
        HttpHeaders headers = HEADERS.newHeaders();
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            CharSequence name = field.getKey();
            if (!PseudoHeaderName.hasPseudoHeaderFormat(name)) {
                check(stream, name, field.getValue());
                headers.add(name, field.getValue());
            } else if (PseudoHeaderName.STATUS.value().contentEquals(name)) {
                status = field.getValue();
            } else {
                throw malformed(stream, "a pseudo-header that answers do not have");
            }
        }
        return new DefaultHttpResponse(Http.HTTP_2, status(stream, status), headers);
    }

    private static HttpResponseStatus status(int stream, @Nullable CharSequence text) throws Http2Exception {
        int code = 0;
        if (text != null && text.length() == 3) {
            for (int i = 0; i < 3; i++) {
                int digit = text.charAt(i) - '0';
                code = digit < 0 || digit > 9 ? -1_000 : code * 10 + digit;
            }
        }
        if (code < 100) {
            throw malformed(stream, "no :status, or one that is no number of three digits");
        }
        return HttpResponseStatus.valueOf(code);
    }

    /** What follows a body. */
    static HttpHeaders trailers(int stream, Http2Headers fields) throws Http2Exception {
        HttpHeaders trailers = HEADERS.newHeaders();
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            if (PseudoHeaderName.hasPseudoHeaderFormat(field.getKey())) {
                throw malformed(stream, "a pseudo-header in trailers");
            }
            check(stream, field.getKey(), field.getValue());
            trailers.add(field.getKey(), field.getValue());
        }
        return trailers;
    }

    private static void check(int stream, CharSequence name, CharSequence value) throws Http2Exception {
        if (name.length() == 0 || HttpHeaderValidationUtil.validateToken(name) != -1 || hasUpperCase(name)) {
            throw malformed(stream, "a header's name that is not allowed");
        }
        if (HttpHeaderValidationUtil.validateValidHeaderValue(value) != -1 || endsWithBlank(value)) {
            throw malformed(stream, "a header's value that is not allowed");
        }
        if (HttpHeaderValidationUtil.isConnectionHeader(name, true)
                || HttpHeaderValidationUtil.isTeNotTrailers(name, value)) {
            throw malformed(stream, "a header that speaks of the connection");
        }
    }

    private static boolean hasUpperCase(CharSequence name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                return true;
            }
        }
        return false;
    }

    private static boolean endsWithBlank(CharSequence value) {
        int length = value.length();
        return length > 0 && (value.charAt(length - 1) == ' ' || value.charAt(length - 1) == '\t');
    }

    static Http2Exception malformed(int stream, String what) {
        return Http2Exception.streamError(stream, PROTOCOL_ERROR, "%s", what);
    }

    /** The head of an answer, for a client. */
    static Http2Headers fields(HttpResponse head, HttpResponseStatus status) {
        DefaultHttp2Headers fields =
                new DefaultHttp2Headers(false, false, head.headers().size() + 1);
        fields.status(status.codeAsText());
        add(fields, head.headers(), false);
        return fields;
    }

    /** The head of a request, for an upstream. */
    static Http2Headers fields(HttpRequest head, String scheme, @Nullable String protocol) {
        HttpHeaders headers = head.headers();
        DefaultHttp2Headers fields = new DefaultHttp2Headers(false, false, headers.size() + 4);
        String target = head.uri();
        String host = headers.get(HttpHeaderNames.HOST);
        if (protocol != null) {
            fields.method(HttpMethod.CONNECT.asciiName());
            fields.add(PseudoHeaderName.PROTOCOL.value(), protocol);
        } else {
            fields.method(head.method().asciiName());
            if (HttpMethod.CONNECT.equals(head.method())) {
                fields.authority(target);
                add(fields, headers, true);
                return fields;
            }
        }
        fields.scheme(scheme);
        fields.path(Http2Targets.path(target));
        String authority = host == null ? Http2Targets.authority(target) : host;
        if (authority != null && !authority.isEmpty()) {
            fields.authority(authority);
        }
        add(fields, headers, true);
        return fields;
    }

    /** Trailers, for either side. */
    static Http2Headers fields(HttpHeaders trailers) {
        DefaultHttp2Headers fields = new DefaultHttp2Headers(false, false, trailers.size());
        add(fields, trailers, false);
        return fields;
    }

    private static void add(Http2Headers fields, HttpHeaders headers, boolean request) {
        Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
        while (all.hasNext()) {
            Map.Entry<CharSequence, CharSequence> header = all.next();
            AsciiString name = AsciiString.of(header.getKey()).toLowerCase();
            if (!isOfHop(name, header.getValue()) && !(request && HttpHeaderNames.HOST.equals(name))) {
                fields.add(name, header.getValue());
            }
        }
    }

    /** What HTTP/2 forbids is left out here too: it would make the whole message malformed. */
    private static boolean isOfHop(AsciiString name, CharSequence value) {
        return name.isEmpty()
                || name.charAt(0) == ':'
                || HttpHeaderValidationUtil.isConnectionHeader(name, true)
                || HttpHeaderValidationUtil.isTeNotTrailers(name, value)
                || HTTP2_SETTINGS.equals(name);
    }
}
