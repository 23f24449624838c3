package dev.weir.http;

import static dev.weir.http.RouteFixture.map;
import static dev.weir.http.RouteFixture.request;
import static dev.weir.http.RouteFixture.route;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.http.EnvoyRoutes.Reading;
import dev.weir.http.EnvoyRoutes.Verdict;
import dev.weir.http.PathRules.EscapedSlashes;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same requests to the real Envoy with the same routes: the same route, and the same path. */
class EnvoyRoutesIT {
    /** Conditions for Envoy, and what they are in ours. */
    private static final Map<String, Map<String, Object>> ROUTES = routes();

    private static Map<String, Map<String, Object>> routes() {
        Map<String, Map<String, Object>> routes = new LinkedHashMap<>();
        routes.put("path: /exact", route("path", "/exact"));
        routes.put("path_separated_prefix: /users", route("path_prefix", "/users"));
        routes.put(template("/items/{id}/parts"), route("path_template", "/items/{id}/parts"));
        routes.put(template("/{any}/x/{n}"), route("path_template", "/{any}/x/{n}"));
        routes.put("safe_regex: { regex: \"/v[0-9]+/.*\" }", route("path_regex", "/v[0-9]+/.*"));
        routes.put("prefix: /static/", route("path_prefix", "/static/"));
        routes.put(template("/files/**"), route("path_template", "/files/{rest...}"));
        routes.put(
                "prefix: /, headers: [ { name: x-env, string_match: { exact: test } } ]",
                route("path_prefix", "/", "headers", List.of(map("name", "x-env", "exact", "test"))));
        routes.put(
                "prefix: /, headers: [ { name: x-pre, string_match: { prefix: a } } ]",
                route("path_prefix", "/", "headers", List.of(map("name", "x-pre", "prefix", "a"))));
        routes.put(
                "prefix: /, query_parameters: [ { name: v, string_match: { exact: \"2\" } } ]",
                route("path_prefix", "/", "query", List.of(map("name", "v", "exact", "2"))));
        routes.put(
                "prefix: /, query_parameters: [ { name: debug, present_match: true } ]",
                route("path_prefix", "/", "query", List.of(map("name", "debug"))));
        routes.put(
                "prefix: /, headers: [ { name: \":method\", string_match: { exact: DELETE } } ]",
                route("path_prefix", "/", "methods", List.of("DELETE")));
        routes.put("path_separated_prefix: /admin", route("path_prefix", "/admin"));
        return routes;
    }

    private static String template(String text) {
        return "path_match_policy: { name: envoy.path.match.uri_template.uri_template_matcher, typed_config: { \"@type\": type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig, path_template: \""
                + text + "\" } }";
    }

    private static final List<Reading> READINGS = List.of(
            new Reading(false, "KEEP_UNCHANGED"),
            new Reading(true, "KEEP_UNCHANGED"),
            new Reading(true, "UNESCAPE_AND_FORWARD"),
            new Reading(false, "REJECT_REQUEST"));
    private static final List<PathRules> RULES = List.of(
            new PathRules(true, false, EscapedSlashes.KEEP, false),
            new PathRules(true, true, EscapedSlashes.KEEP, false),
            new PathRules(true, true, EscapedSlashes.UNESCAPE, false),
            new PathRules(true, false, EscapedSlashes.REJECT, false));

    private static final List<String> TARGETS = List.of(
            "/exact",
            "/exact/",
            "/exact?x",
            "/EXACT",
            "/./exact",
            "/x/../exact",
            "/%65xact",
            "/exact/.",
            "/exact/..",
            "/users",
            "/users/",
            "/users/1",
            "/usersx",
            "/users/../admin",
            "/users/%2e%2e/admin",
            "/users/.%2E/admin/x",
            "/users/..%2fadmin",
            "/users%2f..%2fadmin",
            "/users%2Fx",
            "/users%5cx",
            "/users/a%2fb",
            "/users/%252e%252e/admin",
            "/users//1",
            "//users",
            "//users//..//admin",
            "/users//../admin",
            "/users/...",
            "/users/..;/admin",
            "/items/7/parts",
            "/items//parts",
            "/items/7/parts/",
            "/items/7/8/parts",
            "/items/a.b~c/parts",
            "/items/%41/parts",
            "/items/a%20b/parts",
            "/q/x/1",
            "/q/x/",
            "/q/x/1/2",
            "/v1/",
            "/v12/a/b",
            "/v1",
            "/va/b",
            "/static",
            "/static/",
            "/static/a/../b",
            "/static/..",
            "/files/",
            "/files/a",
            "/files/a/b/c",
            "/files",
            "/?v=2",
            "/?v=3",
            "/?a=1&v=2&v=3",
            "/?v=3&v=2",
            "/?debug",
            "/?debug=",
            "/?xdebug",
            "/other?v=%32",
            "/",
            "/admin",
            "/admin;x",
            "/admin/%zz",
            "/admin/%",
            "/admin/%00",
            "/admin/%7e",
            "/admin/%c3%a9",
            "/admin/%C3%A9",
            "/admin\\x",
            "/a\\..\\admin",
            "/admin#x",
            "/admin?a#x",
            "/admin/%3f",
            "/admin/%23",
            "/admin/[x]",
            "/admin/{x}",
            "/admin/a|b",
            "/admin/\"q\"",
            "/admin/^",
            "/../../admin",
            "/..",
            "/.",
            "http://h/admin",
            "http://a.example.com/",
            "http://h",
            "http://h?v=2",
            "HTTP://h/admin",
            "https://h/admin",
            "ftp://h/admin",
            "*",
            "admin",
            "http://u@h/admin");

    /**
     * Where the two differ, and why. Each with the readings (numbers above) in which it does.
     */
    private static final Map<String, String> INTENDED = intended();

    private static Map<String, String> intended() {
        Map<String, String> all = new LinkedHashMap<>();
        // Dot segments beside escaped slashes, or with parameters: servers behind may climb where the proxy did not, or
        // the other way round.
        all.put("GET /users/..%2fadmin h: refused, Envoy 1 /users/..%2Fadmin", "01");
        all.put("GET /users%2f..%2fadmin h: refused, Envoy none", "01");
        all.put("GET /users/..;/admin h: refused, Envoy 12 /admin", "0123");
        // What is no escape, and a backslash, are no part of a path; Envoy passes the one, and takes the other for a
        // slash.
        all.put("GET /admin/%zz h: refused, Envoy 12 /admin/%ZZ", "0123");
        all.put("GET /admin/% h: refused, Envoy 12 /admin/%", "0123");
        all.put("GET /admin\\x h: refused, Envoy 12 /admin/x", "0123");
        all.put("GET /a\\..\\admin h: refused, Envoy 12 /admin", "0123");
        // Slashes are merged before dot segments go, as nginx does it.
        all.put("GET //users//..//admin h: 12 /admin, Envoy 1 /users/admin", "12");
        all.put("GET /users//../admin h: 12 /admin, Envoy 1 /users/admin", "12");
        // Users in URLs are for phishing (RFC 9110, 4.2.4).
        all.put("GET http://u@h/admin h: refused, Envoy 12 /admin", "0123");
        // Values of a query are compared decoded.
        all.put("GET /other?v=%32 h: 9 /other?v=%32, Envoy none", "0123");
        // A URL may have a query without a path (RFC 3986, 3.3).
        all.put("GET http://h?v=2 h: 9 /?v=2, Envoy none", "0123");
        // Characters that ought to be escaped stay as they came.
        all.put("GET /admin/{x} h: 12 /admin/{x}, Envoy 12 /admin/%7Bx%7D", "0123");
        all.put("GET /admin/a|b h: 12 /admin/a|b, Envoy 12 /admin/a%7Cb", "0123");
        all.put("GET /admin/\"q\" h: 12 /admin/\"q\", Envoy 12 /admin/%22q%22", "0123");
        all.put("GET /admin/^ h: 12 /admin/^, Envoy 12 /admin/%5E", "0123");
        return all;
    }

    @Test
    void requestsFindTheRoutesThatTheyFindInEnvoy(@TempDir Path folder) throws Exception {
        boolean there = Files.isExecutable(EnvoyRoutes.binary());
        if (!there) {
            System.out.println("SKIPPED-NEEDS: " + EnvoyRoutes.binary());
        }
        assumeTrue(there);
        List<Map<String, Object>> routes = new ArrayList<>();
        routes.add(route("hosts", List.of("a.example.com"), "name", "host-a"));
        routes.add(route("hosts", List.of("*.example.com"), "name", "host-w"));
        ROUTES.values().forEach(route -> {
            route.put("name", String.valueOf(routes.size() - 2));
            routes.add(route);
        });
        RouteTable table = RouteFixture.table(routes);
        Map<String, String> different = new LinkedHashMap<>();

        try (EnvoyRoutes envoy = EnvoyRoutes.start(folder, READINGS, List.copyOf(ROUTES.keySet()))) {
            for (int reading = 0; reading < READINGS.size(); reading++) {
                for (String target : TARGETS) {
                    compare(envoy, table, reading, "GET", target, "h", "", different);
                }
            }
            for (String host : List.of(
                    "a.example.com",
                    "A.EXAMPLE.com:80",
                    "a.example.com.",
                    "b.example.com",
                    "c.b.example.com",
                    "example.com",
                    "xexample.com",
                    "[::1]:80",
                    "")) {
                compare(envoy, table, 0, "GET", "/exact", host, "", different);
            }
            for (String header : List.of(
                    "x-env: test",
                    "X-Env: test",
                    "x-env: tes",
                    "x-env: test\r\nx-env: test",
                    "x-pre: ab",
                    "x-pre: ba",
                    "x-env:  test ",
                    "x-pre: ")) {
                compare(envoy, table, 0, "GET", "/", "h", header + "\r\n", different);
            }
            compare(envoy, table, 0, "DELETE", "/", "h", "", different);
            compare(envoy, table, 0, "OPTIONS", "*", "h", "", different);
        }

        assertThat(different).isEqualTo(INTENDED);
    }

    /** Escapes in the form that RFC 3986, 6.2.2.1, asks for; Envoy leaves them. */
    private static String capitals(String path) {
        StringBuilder out = new StringBuilder(path);
        for (int i = 0; i + 2 < path.length(); i++) {
            if (path.charAt(i) == '%') {
                out.replace(i, i + 3, path.substring(i, i + 3).toUpperCase(Locale.ROOT));
            }
        }
        return out.toString();
    }

    private static void compare(
            EnvoyRoutes envoy,
            RouteTable table,
            int reading,
            String method,
            String target,
            String host,
            String headers,
            Map<String, String> different)
            throws Exception {
        Verdict theirs = envoy.ask(
                reading,
                method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "Connection: close\r\n\r\n");
        HttpRequest head = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), target, new DefaultHttpHeaders(), false);
        head.headers().add("host", host);
        for (String one : headers.split("\r\n", -1)) {
            if (!one.isEmpty()) {
                head.headers()
                        .add(
                                one.substring(0, one.indexOf(':')),
                                one.substring(one.indexOf(':') + 1).strip());
            }
        }
        String ours;
        try {
            RequestTarget read = RequestTarget.parse(head, "http", RULES.get(reading));
            Route route = table.match(head, read, false);
            ours = route == null ? "none" : route.template() + " " + read.forwarded();
        } catch (BadTarget e) {
            ours = "refused";
        }
        String envoys = (theirs.route() + " " + capitals(theirs.path())).strip();
        if (!ours.equals(envoys)) {
            String request = (method + " " + target + " " + host + " " + headers).strip();
            different.merge(request + ": " + ours + ", Envoy " + envoys, "" + reading, String::concat);
        }
    }
}
