package dev.weir.http;

import static dev.weir.http.RouteFixture.find;
import static dev.weir.http.RouteFixture.map;
import static dev.weir.http.RouteFixture.request;
import static dev.weir.http.RouteFixture.route;
import static dev.weir.http.RouteFixture.table;
import static dev.weir.http.RouteFixture.target;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.exchange.Operation;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    /** A table of routes that are named by their number. */
    private static RouteTable numbered(List<Map<String, Object>> routes) {
        for (int i = 0; i < routes.size(); i++) {
            routes.get(i).put("name", String.valueOf(i));
        }
        return table(routes);
    }

    @SafeVarargs
    private static RouteTable routes(Map<String, Object>... routes) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Map<String, Object> route : routes) {
            all.add(route);
        }
        return numbered(all);
    }

    @ParameterizedTest
    @CsvSource({
        "/users, 0",
        "/users/, 1",
        "/users/7, 1",
        "/users/7/8, 2",
        "/usersx, 5",
        "/static, 5",
        "/static/, 3",
        "/static/a/b, 3",
        "/v1, 5",
        "/v12/x, 4",
        "/v12/, 4",
        "/x/v12/, 5",
        "/, 5",
        "/USERS, 5",
        "//users, 5",
    })
    void theFirstPathThatMatchesCounts(String path, String expected) throws BadTarget {
        RouteTable table = routes(
                route("path", "/users"),
                route("path_regex", "/users/[0-9]*"),
                route("path_prefix", "/users"),
                route("path_prefix", "/static/"),
                route("path_regex", "/v[0-9]+/.*"),
                route("path_prefix", "/"));

        assertThat(find(table, request("GET", path))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/users/7, 0",
        "/users/me, 0",
        "/users/, ",
        "/users, ",
        "/users/7/, ",
        "/users/7/orders/8, 1",
        "/users//orders/8, ",
        "/files/, 2",
        "/files/a, 2",
        "/files/a/b/, 2",
        "/files, ",
        "/any/x, 3",
        "/other/x, 3",
        "/any/y, ",
        "/deep/1/a, 4",
        "/deep/1/, 4",
        "/deep/1, ",
    })
    void templatesMatchSegments(String path, String expected) throws BadTarget {
        RouteTable table = routes(
                route("path_template", "/users/{id}"),
                route("path_template", "/users/{id}/orders/{order}"),
                route("path_template", "/files/{path...}"),
                route("path_template", "/{any}/x"),
                route("path_template", "/deep/{n}/{rest...}"));

        assertThat(find(table, request("GET", path))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "api.example.com, 0",
        "API.Example.com:8080, 0",
        "api.example.com., 0",
        "b.example.com, 1",
        "c.b.example.com, 1",
        "x.api.example.com, 1",
        "x.deep.example.com, 1",
        "example.com, 3",
        "xexample.com, 3",
        "a.org, 2",
        "a.b.org, 2",
        "org, 3",
        "[::1]:80, 4",
    })
    void hostsAreComparedWithoutPortAndCase(String host, String expected) throws BadTarget {
        RouteTable table = routes(
                route("hosts", List.of("api.example.com", "API2.example.com")),
                route("hosts", List.of("*.example.com")),
                route("hosts", List.of("*.org", "*.deep.example.com")),
                route(
                        "hosts",
                        List.of("example.com", "org", "*"),
                        "headers",
                        List.of(map("name", "x", "present", false))),
                route());
        HttpRequest head = request("GET", "/", "Host", host);
        if (host.startsWith("[")) {
            head.headers().set("x", "1");
        }

        assertThat(find(table, head)).isEqualTo(expected);
    }

    @Test
    void orderCountsBeforeHowExactAHostIs() throws BadTarget {
        RouteTable table = routes(
                route("path", "/first"),
                route("hosts", List.of("*.example.com"), "path", "/second"),
                route("hosts", List.of("a.example.com")),
                route("hosts", List.of("*.com")));

        assertThat(find(table, request("GET", "/first", "Host", "a.example.com")))
                .isEqualTo("0");
        assertThat(find(table, request("GET", "/second", "Host", "a.example.com")))
                .isEqualTo("1");
        assertThat(find(table, request("GET", "/third", "Host", "a.example.com")))
                .isEqualTo("2");
        assertThat(find(table, request("GET", "/third", "Host", "b.example.com")))
                .isEqualTo("3");
        assertThat(find(table, request("GET", "/third", "Host", "b.org"))).isNull();
    }

    @Test
    void methodsHeadersQueryAndTlsAreConditions() throws BadTarget {
        RouteTable table = routes(
                route("methods", List.of("GET", "PROPFIND"), "path", "/m"),
                route("headers", List.of(map("name", "X-Env", "exact", "test"), map("name", "x-debug"))),
                route("query", List.of(map("name", "v", "exact", "2"))),
                route("tls", true));

        assertThat(find(table, request("GET", "/m"))).isEqualTo("0");
        assertThat(find(table, request("PROPFIND", "/m"))).isEqualTo("0");
        assertThat(find(table, request("HEAD", "/m"))).isNull();
        assertThat(find(table, request("GET", "/", "x-env", "test", "X-DEBUG", "")))
                .isEqualTo("1");
        assertThat(find(table, request("GET", "/", "x-env", "test"))).isNull();
        assertThat(find(table, request("GET", "/?a&v=2&v=3"))).isEqualTo("2");
        assertThat(find(table, request("GET", "/?v=%32"))).isEqualTo("2");
        assertThat(find(table, request("GET", "/?%76=2"))).isEqualTo("2");
        assertThat(find(table, request("GET", "/?v=22"))).isNull();
        HttpRequest plain = request("GET", "/");
        assertThat(table.match(plain, target(plain), false)).isNull();
        assertThat(table.match(plain, target(plain), true)).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        "exact, abc, false, abc, true",
        "exact, abc, false, ABC, false",
        "exact, abc, true, abc, false",
        "exact, abc, true, , true",
        "prefix, ab, false, abc, true",
        "prefix, bc, false, abc, false",
        "suffix, bc, false, abc, true",
        "suffix, ab, false, abc, false",
        "contains, b, false, abc, true",
        "contains, x, false, abc, false",
        "regex, a.c, false, abc, true",
        "regex, a., false, abc, false",
        "regex, a., true, abc, true",
        "exact, abc, false, , false",
        "prefix, '', false, , false",
    })
    void textsAreComparedInManyWays(String key, String text, boolean invert, String value, boolean expected)
            throws BadTarget {
        RouteTable table = table(List.of(route("headers", List.of(map("name", "x", key, text, "invert", invert)))));
        HttpRequest head = value == null ? request("GET", "/") : request("GET", "/", "x", value);

        assertThat(find(table, head) != null).isEqualTo(expected);
    }

    @Test
    void oneOfTheValuesOfAHeaderIsEnough() throws BadTarget {
        RouteTable table = table(List.of(route("headers", List.of(map("name", "x", "exact", "b")))));
        RouteTable inverted = table(List.of(route("headers", List.of(map("name", "x", "exact", "b", "invert", true)))));

        assertThat(find(table, request("GET", "/", "x", "a", "x", "b"))).isNotNull();
        assertThat(find(table, request("GET", "/", "x", "a", "x", "c"))).isNull();
        assertThat(find(table, request("GET", "/", "x", "a,b"))).isNull();
        assertThat(find(inverted, request("GET", "/", "x", "a", "x", "b"))).isNull();
        assertThat(find(inverted, request("GET", "/", "x", "a", "x", "c"))).isNotNull();
    }

    @Test
    void targetsWithoutAPathFitRoutesThatTakeAnyPath() throws BadTarget {
        RouteTable table = routes(
                route("path_prefix", "/a"),
                route("path_regex", ".+", "methods", List.of("OPTIONS")),
                route("path_prefix", "/"));

        assertThat(find(table, request("OPTIONS", "*"))).isEqualTo("1");
        assertThat(find(table, request("CONNECT", "db:5432"))).isEqualTo("2");
    }

    @Test
    void operationsAreTheRoutesTimesTheirMethods() throws BadTarget {
        RouteTable table = table(List.of(
                route("path_template", "/users/{id}", "methods", List.of("GET", "PROPFIND")),
                route("path", "/exact"),
                route("path_prefix", "/below/"),
                route("path_regex", "/r.*"),
                route("path_prefix", "/named", "name", "things"),
                route()));
        List<String> names =
                table.operations().all().stream().map(Operation::name).toList();

        assertThat(names).startsWith("_OTHER", "GET", "HEAD");
        assertThat(names)
                .contains(
                        "GET /users/{id}",
                        "PROPFIND /users/{id}",
                        "_OTHER /users/{id}",
                        "POST /exact",
                        "GET /below/*",
                        "GET /r.*",
                        "DELETE things",
                        "CONNECT /*",
                        "_OTHER /*");
        assertThat(names).doesNotContain("POST /users/{id}", "GET /named/*").doesNotHaveDuplicates();
        Route route = table.match(request("GET", "/users/5"), target(request("GET", "/users/5")), false);
        assertThat(route).isNotNull();
        assertThat(route.operation(HttpMethod.GET)).isSameAs(table.operations().find("GET /users/{id}"));
        assertThat(route.operation(HttpMethod.GET).read()).isTrue();
        assertThat(route.operation(HttpMethod.valueOf("PROPFIND")).read()).isFalse();
        assertThat(route.operation(HttpMethod.valueOf("X" + new Random(1).nextLong()))
                        .name())
                .isEqualTo("_OTHER /users/{id}");
        assertThat(table.operation(HttpMethod.GET)).isSameAs(table.operations().find("GET"));
        assertThat(table.operation(HttpMethod.valueOf("PATCHY")))
                .isSameAs(table.operations().other());
    }

    @Test
    void clustersAreNumberedOnceEach() {
        RouteTable table = table(List.of(
                route("path", "/a", "cluster", "a", "mirrors", List.of(map("cluster", "shadow"))),
                route("path", "/b", "clusters", List.of(map("cluster", "b"), map("cluster", "a"))),
                route("redirect", map("host", "x"))));

        assertThat(table.clusters()).extracting(Cluster::name).containsExactly("a", "shadow", "b");
    }

    /** The index of hosts and segments finds what a walk through all routes finds. */
    @Test
    void theIndexFindsWhatAWalkFinds() throws BadTarget {
        Random random = new Random(7);
        String[] hosts = {"a.x", "b.x", "*.x", "*.a.x", "*.y", "y", "z.b.x"};
        String[] asked = {"a.x", "b.x", "c.x", "c.a.x", "y", "q.y", "z.b.x", "x", "none"};
        String[] segments = {"a", "b", "c", "dd", ""};
        String[] regexes = {
            "/[ab]/?.*",
            "/a/.*",
            "/a/b+.*",
            "/a/b*",
            "/a/?b",
            "/a|/b/c",
            "/dd/(a|b)",
            "/d{2}/c?",
            "(?i)/A/B",
            "/a/b",
            "/dd/.",
            ".*"
        };
        for (int round = 0; round < 300; round++) {
            List<Map<String, Object>> routes = new ArrayList<>();
            List<RouteTable> alone = new ArrayList<>();
            for (int i = random.nextInt(12) + 1; i > 0; i--) {
                String one = "/" + segments[random.nextInt(4)];
                String two = one + "/" + segments[random.nextInt(5)];
                Map<String, Object> route = route();
                switch (random.nextInt(6)) {
                    case 0 -> route.put("path", random.nextBoolean() ? one : two);
                    case 1 -> route.put("path_prefix", random.nextBoolean() ? one : two);
                    case 2 -> route.put("path_template", random.nextBoolean() ? one + "/{x}" : "/{x}" + one);
                    case 3 -> route.put("path_regex", regexes[random.nextInt(regexes.length)]);
                    case 4 -> route.put("path_template", two.endsWith("/") ? two + "{x...}" : two + "/{x...}");
                    default -> route.put("methods", List.of("GET", "PUT"));
                }
                if (random.nextBoolean()) {
                    route.put("hosts", List.of(hosts[random.nextInt(7)], hosts[random.nextInt(7)]));
                }
                routes.add(route);
            }
            RouteTable table = numbered(routes);
            routes.forEach(route -> alone.add(table(List.of(route))));
            for (int i = 0; i < 60; i++) {
                String uri = "/" + segments[random.nextInt(5)] + "/" + segments[random.nextInt(5)];
                uri += random.nextInt(3) == 0 ? "/" + segments[random.nextInt(5)] : "";
                HttpRequest head = request(
                        "GET", random.nextInt(4) == 0 ? uri.substring(0, 2) : uri, "Host", asked[random.nextInt(9)]);
                String expected = null;
                for (int r = 0; r < alone.size() && expected == null; r++) {
                    expected = find(alone.get(r), head);
                }
                assertThat(find(table, head))
                        .as("%s %s %s", head.uri(), head.headers().get("host"), routes)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void keysThatShareASlotAreKeptApart() {
        Map<String, String> entries = new java.util.HashMap<>();
        for (int i = 0; i < 500; i++) {
            entries.put("key" + i, "v" + i);
        }
        entries.put("Aa", "1");
        entries.put("BB", "2"); // the same hash of String
        RegionMap<String> map = new RegionMap<>(entries);

        entries.forEach((key, value) ->
                assertThat(map.get("x" + key + "y", 1, key.length() + 1)).isEqualTo(value));
        assertThat(map.get("key500", 0, 6)).isNull();
        assertThat(new RegionMap<String>(Map.of()).get("", 0, 0)).isNull();
        assertThat(new RegionMap<>(Map.of(".b", "1", ".a.b", "2")).longestEnd("x.a.b", '.'))
                .isEqualTo("2");
    }

    @Test
    void eachOfHundredsOfRoutesIsFound() throws BadTarget {
        List<Map<String, Object>> routes = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Map<String, Object> route = route("path_template", "/api/service" + i + "/{id}/items/{item}");
            if (i % 2 == 0) {
                route.put("hosts", List.of("h" + i % 20 + ".example.com", "*.h" + i % 20 + ".example.com"));
            }
            routes.add(route);
        }
        RouteTable table = numbered(routes);

        for (int i = 0; i < 200; i++) {
            String uri = "/api/service" + i + "/42/items/7";
            assertThat(find(table, request("GET", uri, "Host", "h" + i % 20 + ".example.com")))
                    .isEqualTo("" + i);
            assertThat(find(table, request("GET", uri, "Host", "x.y.h" + i % 20 + ".example.com")))
                    .isEqualTo("" + i);
            assertThat(find(table, request("GET", uri, "Host", "h21.example.com")))
                    .isEqualTo(i % 2 == 0 ? null : "" + i);
        }
    }

    @Test
    void deepPathsAreTold() throws BadTarget {
        String deep = "/1/2/3/4/5/6/7/8/9/10";
        RouteTable table =
                routes(route("path", deep + "/a"), route("path_prefix", deep + "/b"), route("path_prefix", deep));

        assertThat(find(table, request("GET", deep + "/a"))).isEqualTo("0");
        assertThat(find(table, request("GET", deep + "/b/c"))).isEqualTo("1");
        assertThat(find(table, request("GET", deep + "/c"))).isEqualTo("2");
        assertThat(find(table, request("GET", "/1/2/3/4/5/6/7/8/9/11"))).isNull();
    }
}
