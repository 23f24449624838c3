package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which requests a route takes, but for their host, which is looked up before. Immutable.
 *
 * @param methods none: all
 * @param tls what the client's connection has to be; null: either
 */
record RouteMatch(
        PathMatch path,
        Set<String> methods,
        List<HeaderMatch> headers,
        List<QueryMatch> query,
        @Nullable Boolean tls) {
    /** A condition on a header. */
    record HeaderMatch(String name, TextMatch match) {
        /** One of its values has to be so; with {@code invert} none of them may. */
        boolean matches(HttpHeaders headers) {
            String first = headers.get(name);
            if (first == null || match.is(first)) {
                return match.matches(first);
            }
            Iterator<String> values = headers.valueStringIterator(name);
            while (values.hasNext()) {
                if (match.is(values.next())) {
                    return !match.invert();
                }
            }
            return match.invert();
        }
    }

    /** A condition on a parameter of the query. */
    record QueryMatch(String name, TextMatch match) {}

    static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

    static RouteMatch read(ConfigNode route, PathRules rules) {
        PathMatch path = PathMatch.read(route, rules);
        Set<String> methods = new LinkedHashSet<>();
        for (ConfigNode one : route.list("methods")) {
            methods.add(one.as(RouteMatch::method, "GET"));
        }
        List<HeaderMatch> headers = new ArrayList<>();
        for (ConfigNode one : route.list("headers")) {
            headers.add(new HeaderMatch(name(one, true), TextMatch.read(one)));
            one.rejectUnknown();
        }
        List<QueryMatch> query = new ArrayList<>();
        for (ConfigNode one : route.list("query")) {
            query.add(new QueryMatch(name(one, false), TextMatch.read(one)));
            one.rejectUnknown();
        }
        Boolean tls = route.has("tls") ? route.bool("tls", true) : null;
        return new RouteMatch(path, Set.copyOf(methods), List.copyOf(headers), List.copyOf(query), tls);
    }

    private static String name(ConfigNode node, boolean header) {
        if (!node.isMap()) {
            node.error("a single value (expected: { name: …, exact: … })");
            return "x";
        }
        if (!header || node.child("name") == null) {
            return node.string("name");
        }
        String name = node.required("name").as(HeaderEdits::name, "x");
        if (name.toLowerCase(Locale.ROOT).equals("host")) {
            node.error("name", "\"" + name + "\" (expected: hosts: [ … ] for this one)");
        }
        return name;
    }

    private static String method(String text) {
        boolean good = !text.isEmpty() && text.length() <= 40;
        for (int i = 0; i < text.length(); i++) {
            good &= HeaderEdits.isToken(text.charAt(i));
        }
        String upper = text.toUpperCase(Locale.ROOT);
        if (!good || !METHODS.contains(text) && METHODS.contains(upper)) {
            throw new IllegalArgumentException("\"" + HeaderEdits.shown(text) + "\" (expected: a method, as "
                    + (good ? upper : "GET") + "; case makes a difference)");
        }
        return text;
    }

    /** The same, for connections that are encrypted, or are not. */
    RouteMatch onlyTls(boolean encrypted) {
        return new RouteMatch(path, methods, headers, query, encrypted);
    }

    /** Whether there is no condition but that on the host. */
    boolean isAll() {
        return path.kind() == PathMatch.Kind.ANY
                && methods.isEmpty()
                && headers.isEmpty()
                && query.isEmpty()
                && tls == null;
    }

    boolean matches(HttpRequest head, RequestTarget target, boolean secure) {
        if (!path.matches(target.path()) || tls != null && tls != secure) {
            return false;
        }
        HttpMethod method = head.method();
        if (!methods.isEmpty() && !methods.contains(method.name())) {
            return false;
        }
        for (int i = 0; i < headers.size(); i++) {
            if (!headers.get(i).matches(head.headers())) {
                return false;
            }
        }
        for (int i = 0; i < query.size(); i++) {
            QueryMatch one = query.get(i);
            if (!one.match().matches(QueryText.find(target.query(), one.name()))) {
                return false;
            }
        }
        return true;
    }
}
