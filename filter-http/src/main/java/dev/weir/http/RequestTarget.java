package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;

/** What a request is for, in the four forms of RFC 9112, 3.2: read once, and looked at by routes. Immutable. */
final class RequestTarget {
    private static final String SCHEME_END = "://";

    private final String scheme;
    private final String authority;
    private final String host;
    private final String path;
    private final String query;
    private final String forwarded;
    private final boolean absolute;

    private RequestTarget(
            String scheme, String authority, String path, String query, String forwarded, boolean absolute)
            throws BadTarget {
        this.scheme = scheme;
        this.authority = authority;
        this.host = Authority.host(authority);
        this.path = path;
        this.query = query;
        this.forwarded = forwarded;
        this.absolute = absolute;
    }

    /**
     * Reads the target of a request.
     *
     * @param scheme that of the connection: {@code http} or {@code https}
     * @throws BadTarget if it is refused: the answer is 400
     */
    static RequestTarget parse(HttpRequest head, String scheme, PathRules rules) throws BadTarget {
        String uri = head.uri();
        String host = head.headers().get(HttpHeaderNames.HOST);
        if (host == null && head.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            throw new BadTarget("no Host"); // RFC 9112, 3.2
        }
        String authority = host == null ? "" : host;
        if (uri.isEmpty()) {
            throw new BadTarget("empty target");
        }
        for (int i = 0; i < uri.length(); i++) {
            if (uri.charAt(i) > '~') {
                throw new BadTarget("a character that is none of a target"); // RFC 3986, 2: they are escaped
            }
        }
        boolean slash = uri.charAt(0) == '/';
        if (head.method().equals(HttpMethod.CONNECT)
                && !(slash && head.protocolVersion().majorVersion() > 1)) { // RFC 8441 has a path
            return connect(uri, scheme);
        }
        if (slash) {
            return origin(uri, 0, scheme, authority, rules);
        }
        if (uri.equals("*")) {
            if (!head.method().equals(HttpMethod.OPTIONS)) {
                throw new BadTarget("target * without OPTIONS");
            }
            return new RequestTarget(scheme, authority, "*", "", "*", false);
        }
        return absolute(head.method(), uri, rules);
    }

    private static RequestTarget connect(String uri, String scheme) throws BadTarget {
        RequestTarget target = new RequestTarget(scheme, uri, "", "", uri, false);
        if (Authority.portOf(uri) < 0) {
            throw new BadTarget("CONNECT without a port");
        }
        return target;
    }

    private static RequestTarget absolute(HttpMethod method, String uri, PathRules rules) throws BadTarget {
        int colon = uri.indexOf(SCHEME_END);
        boolean plain = colon == 4 && uri.regionMatches(true, 0, "http", 0, 4);
        if (!plain && !(colon == 5 && uri.regionMatches(true, 0, "https", 0, 5))) {
            throw new BadTarget("neither a path nor a URL of http");
        }
        int from = colon + SCHEME_END.length();
        int to = from;
        while (to < uri.length() && "/?#".indexOf(uri.charAt(to)) < 0) {
            to++;
        }
        String authority = uri.substring(from, to);
        if (authority.isEmpty()) {
            throw new BadTarget("URL without a host");
        }
        String scheme = plain ? "http" : "https";
        if (to == uri.length() && method.equals(HttpMethod.OPTIONS)) { // RFC 9112, 3.2.4
            return new RequestTarget(scheme, authority, "*", "", "*", true);
        }
        return origin(uri, to, scheme, authority, rules);
    }

    /** From {@code at} on there are a path, which a URL may lack, and perhaps a query. */
    private static RequestTarget origin(String uri, int at, String scheme, String authority, PathRules rules)
            throws BadTarget {
        int mark = uri.indexOf('?', at);
        int end = mark < 0 ? uri.length() : mark;
        if (uri.indexOf('#', at) >= 0) {
            throw new BadTarget("fragment in the target");
        }
        for (int i = end + 1; i < uri.length(); i++) {
            PathNormalizer.check(uri.charAt(i));
        }
        String raw = at == end ? "/" : at == 0 && mark < 0 ? uri : uri.substring(at, end);
        String path = PathNormalizer.normalize(raw, rules);
        String sent = rules.observe() ? raw : path;
        String query = mark < 0 ? "" : uri.substring(mark + 1);
        boolean unchanged = at == 0 && sent.equals(raw);
        String forwarded = unchanged ? uri : mark < 0 ? sent : sent + uri.substring(mark);
        return new RequestTarget(scheme, authority, path, query, forwarded, at > 0);
    }

    /** {@code http} or {@code https}: that of a URL, else that of the connection. */
    String scheme() {
        return scheme;
    }

    /** In lower case, without port and trailing dot; empty if there is none. */
    String host() {
        return host;
    }

    /** Host and port as they came: those of a URL count before {@code Host} (RFC 9112, 3.2.2). */
    String authority() {
        return authority;
    }

    /** In normal form, without query; {@code *} where the request is for the server as such; empty with CONNECT. */
    String path() {
        return path;
    }

    /** As it came, without the question mark; empty if there is none. */
    String query() {
        return query;
    }

    /** The target to send on where nothing is rewritten: as it came, unless normalisation has changed it; a URL without what stands before its path. */
    String forwarded() {
        return forwarded;
    }

    /** Whether it came as a URL, so that {@link #authority} counts, and {@code Host} does not. */
    boolean isAbsolute() {
        return absolute;
    }
}
