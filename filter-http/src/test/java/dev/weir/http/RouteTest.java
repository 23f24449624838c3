package dev.weir.http;

import static dev.weir.http.RouteFixture.map;
import static dev.weir.http.RouteFixture.only;
import static dev.weir.http.RouteFixture.request;
import static dev.weir.http.RouteFixture.route;
import static dev.weir.http.RouteFixture.table;
import static dev.weir.http.RouteFixture.target;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RouteTest {
    private static final Asked USERS = new Asked("/users");

    /** A request, and what it is for. */
    private record Asked(HttpRequest head, RequestTarget target) {
        Asked(String uri) {
            this(request("GET", uri), read(request("GET", uri)));
        }
    }

    private static RequestTarget read(HttpRequest head) {
        try {
            return target(head);
        } catch (BadTarget e) {
            throw new AssertionError(e);
        }
    }

    private static Route match(HttpRequest head, Object... keys) {
        Route route = table(List.of(route(keys))).match(head, read(head), false);
        assertThat(route).as(head.uri()).isNotNull();
        return route;
    }

    private static HttpRequest prepared(HttpRequest head, String endpointHost, Object... keys) {
        Route route = match(head, keys);
        RequestTarget target = read(head);
        route.prepare(head, target, endpointHost);
        return head;
    }

    @Test
    void clustersAreChosenByTheirWeights() throws BadTarget {
        Route route = only(
                "clusters",
                List.of(
                        map("cluster", "a", "weight", 9),
                        map("cluster", "b", "upstream_protocol", "http2"),
                        map("cluster", "never", "weight", 0)));
        Map<String, Integer> counts = new HashMap<>();

        for (int i = 0; i < 10_000; i++) {
            RouteCluster to = route.cluster();
            counts.merge(to.cluster().name() + " " + to.protocol() + " " + to.number(), 1, Integer::sum);
        }

        assertThat(counts).containsOnlyKeys("a HTTP1 0", "b HTTP2 1");
        assertThat(counts.get("b HTTP2 1")).isBetween(800, 1_200); // 1000 and 6 deviations of 30
    }

    @Test
    void aRouteMayHaveAProtocolOfItsOwn() throws BadTarget {
        assertThat(only().cluster().protocol()).isEqualTo(UpstreamProtocol.HTTP1);
        assertThat(only("upstream_protocol", "auto").cluster().protocol()).isEqualTo(UpstreamProtocol.AUTO);
    }

    @Test
    void whatNothingChangesStaysTheSame() {
        HttpRequest head = request("GET", "/users?a=1", "Host", "H:80", "x", "1");

        HttpRequest sent = prepared(head, "endpoint");

        assertThat(sent.uri()).isEqualTo("/users?a=1");
        assertThat(sent.headers().entries()).extracting(Map.Entry::toString).containsExactly("Host=H:80", "x=1");
    }

    @ParameterizedTest
    @CsvSource({
        "path_prefix, /users, /, /users, /",
        "path_prefix, /users, /, /users/, /",
        "path_prefix, /users, /, /users/1?q=%2f, /1?q=%2f",
        "path_prefix, /users, /v2/people, /users/1/2, /v2/people/1/2",
        "path_prefix, /users, /v2/, /users/1, /v2/1",
        "path_prefix, /users, /v2/, /users, /v2/",
        "path_prefix, /users/, /v2, /users/1, /v2/1",
        "path_prefix, /users/, /v2/, /users/, /v2/",
        "path_prefix, /users, /v2, /users//1, /v2//1",
        "path_prefix, /, /v2, /users, /v2/users",
        "path_prefix, /, /v2/, /, /v2/",
        "path, /users, /v2, /users?x, /v2?x",
        "path_prefix, /users, /, http://h/./users/1, /1",
    })
    void prefixesAreReplaced(String key, String text, String prefix, String uri, String expected) {
        assertThat(prepared(request("GET", uri), null, key, text, "rewrite", map("prefix", prefix))
                        .uri())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "'^/users/([0-9]+)$', /u/$1/x, /users/7?q, /u/7/x?q",
        "'^/users/(?P<id>[0-9]+)$', '/u/${id}', /users/7, /u/7",
        "x, y, /axbx, /ayby",
        "'^/users', u, /users/7, /u/7",
        "none, /u, /users/7, /users/7",
        "x, '\\$1', /x, /$1",
    })
    void whatAnExpressionFindsIsReplaced(String regex, String substitution, String uri, String expected) {
        Map<String, Object> rewrite = map("path_regex", regex, "substitution", substitution);

        assertThat(prepared(request("GET", uri), null, "rewrite", rewrite).uri())
                .isEqualTo(expected);
    }

    @Test
    void targetsWithoutAPathAreNotRewritten() {
        Map<String, Object> rewrite = map("prefix", "/v2");

        assertThat(prepared(request("OPTIONS", "*"), null, "rewrite", rewrite).uri())
                .isEqualTo("*");
        assertThat(prepared(request("CONNECT", "h:1"), null, "rewrite", rewrite).uri())
                .isEqualTo("h:1");
    }

    @Test
    void hostsAreChangedWhereAskedOrWhereAUrlNamesAnother() {
        Map<String, Object> named = map("host", "internal.example.com:8080");
        Map<String, Object> upstream = map("host", "upstream");

        assertThat(host(prepared(request("GET", "/users"), "e", "rewrite", named)))
                .isEqualTo("internal.example.com:8080");
        assertThat(host(prepared(request("GET", "/users"), "e:9200", "rewrite", upstream)))
                .isEqualTo("e:9200");
        assertThat(host(prepared(request("GET", "/users"), null, "rewrite", upstream)))
                .isEqualTo("h");
        assertThat(host(prepared(request("GET", "http://other:1/users"), null))).isEqualTo("other:1");
        assertThat(host(prepared(request("GET", "http://other:1/users"), null, "rewrite", named)))
                .isEqualTo("internal.example.com:8080");
    }

    private static String host(HttpRequest head) {
        assertThat(head.headers().getAll("host")).hasSize(1);
        return head.headers().get("host");
    }

    @Test
    void headersAreRemovedThenSetThenAdded() {
        HttpRequest head = request("GET", "/users", "x-a", "old", "X-A", "older", "x-b", "1", "x-c", "2", "x-d", "3");

        prepared(
                head,
                null,
                "request_headers",
                map(
                        "set",
                        map("x-a", "new", "x-e", List.of("1", "2")),
                        "add",
                        map("x-b", "b"),
                        "remove",
                        List.of("X-C")));

        assertThat(head.headers().getAll("x-a")).containsExactly("new");
        assertThat(head.headers().getAll("x-b")).containsExactly("1", "b");
        assertThat(head.headers().getAll("x-e")).containsExactly("1", "2");
        assertThat(head.headers().contains("x-c")).isFalse();
        assertThat(head.headers().get("x-d")).isEqualTo("3");
    }

    @Test
    void headersOfAnswersAreChanged() throws BadTarget {
        HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        answer.headers().add("Server", "x");

        only("response_headers", map("remove", List.of("server"), "add", map("x-a", "1")))
                .finish(answer);

        assertThat(answer.headers().entries()).extracting(Map.Entry::toString).containsExactly("x-a=1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "scheme=https               | /users?a=1          | h:8080 | https://h/users?a=1",
                "scheme=http, port=8080     | /users?a=1          | h:8080 | http://h:8080/users?a=1",
                "scheme=https, port=8443    | /users              | h:8080 | https://h:8443/users",
                "host=new.example           | /users              | h:8080 | http://new.example/users",
                "port=81                    | /users              | [::1]:8080 | http://[::1]:81/users",
                "scheme=https               | /users              | [::1]  | https://[::1]/users",
                "path=/new                  | /users?a=1          | h      | http://h/new?a=1",
                "path=/new?b=2              | /users?a=1          | h      | http://h/new?b=2",
                "prefix=/people             | /users/1?a=1        | h      | http://h/people/1?a=1",
                "prefix=/, strip_query=true | /users/1?a=1        | h      | http://h/1",
                "scheme=https               | http://o:1/users/./ | h      | https://o/users/",
                "scheme=https               | /users//e           | ''     | /users//e",
                "prefix=/                   | /users//e           | ''     | /e",
                "prefix=/                   | /users//e           | h      | http://h//e",
            })
    void clientsAreSentElsewhere(String keys, String uri, String host, String location) {
        Map<String, Object> redirect = new HashMap<>();
        for (String pair : keys.split(", ", -1)) {
            String key = pair.substring(0, pair.indexOf('='));
            String value = pair.substring(pair.indexOf('=') + 1);
            redirect.put(key, key.equals("port") ? Integer.valueOf(value) : key.equals("strip_query") ? true : value);
        }
        HttpRequest head = request("GET", uri, "Host", host);

        Route route = match(head, "path_prefix", "/users", "redirect", redirect);
        LocalAnswer answer = route.answer(head, read(head));

        assertThat(answer.status().code()).isEqualTo(301);
        assertThat(answer.headers().get("location")).isEqualTo(location);
        assertThat(answer.headers().get("content-length")).isEqualTo("0");
        assertThat(route.cluster()).isNull();
    }

    @Test
    void theStatusOfARedirectIsChosen() throws BadTarget {
        Route route = only("redirect", map("status", 308, "host", "x"));

        assertThat(route.answer(USERS.head, USERS.target).status().code()).isEqualTo(308);
    }

    @Test
    void aRouteAnswersByItself(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("page"), "<p>é", StandardCharsets.UTF_8);

        LocalAnswer text = only(
                        "direct_response", map("status", 503, "body", "down\n", "headers", map("Retry-After", "5")))
                .answer(USERS.head, USERS.target);
        LocalAnswer page = only(
                        "direct_response",
                        map("status", 200, "body_file", file.toString(), "headers", map("content-type", "text/html")))
                .answer(USERS.head, USERS.target);
        LocalAnswer empty = only("direct_response", map("status", 204)).answer(USERS.head, USERS.target);

        assertThat(text.status().code()).isEqualTo(503);
        assertThat(text.body()).asString(StandardCharsets.UTF_8).isEqualTo("down\n");
        assertThat(text.headers().entries())
                .extracting(Map.Entry::toString)
                .containsExactly("Retry-After=5", "content-type=text/plain; charset=utf-8", "content-length=5");
        assertThat(page.body()).asString(StandardCharsets.UTF_8).isEqualTo("<p>é");
        assertThat(page.headers().get("content-type")).isEqualTo("text/html");
        assertThat(page.headers().get("content-length")).isEqualTo("5");
        assertThat(empty.headers().isEmpty()).isTrue();
    }

    @Test
    void everyAnswerHasHeadersOfItsOwn() throws BadTarget {
        Route route = only("direct_response", map("status", 200, "body", "x"));

        route.answer(USERS.head, USERS.target).headers().set("x", "1");

        assertThat(route.answer(USERS.head, USERS.target).headers().contains("x"))
                .isFalse();
        assertThat(only().answer(USERS.head, USERS.target)).isNull();
    }

    @Test
    void timesAreThoseOfTheTerminalUnlessTheRouteSaysOthers() throws BadTarget {
        assertThat(only().timeouts()).isEqualTo(new RouteTimeouts(15_000_000_000L, 300_000_000_000L));
        assertThat(only("timeouts", map("request", "0s")).timeouts()).isEqualTo(new RouteTimeouts(0, 300_000_000_000L));
        assertThat(only("timeouts", map("request", "2s", "idle", "1m")).timeouts())
                .isEqualTo(new RouteTimeouts(2_000_000_000L, 60_000_000_000L));
    }

    @Test
    void mirrorsGetTheirShare() throws BadTarget {
        Route route = only(
                "mirrors",
                List.of(
                        map("cluster", "all"),
                        map("cluster", "some", "percent", 10),
                        map("cluster", "none", "percent", 0)));
        int[] counts = new int[3];

        for (int i = 0; i < 10_000; i++) {
            for (int m = 0; m < 3; m++) {
                counts[m] += route.mirrors().get(m).chosen() ? 1 : 0;
            }
        }

        assertThat(route.mirrors().get(1).to().cluster().name()).isEqualTo("some");
        assertThat(counts[0]).isEqualTo(10_000);
        assertThat(counts[1]).isBetween(800, 1_200);
        assertThat(counts[2]).isZero();
    }

    @Test
    void upgradesAndConnectPassWhereAllowed() throws BadTarget {
        assertThat(only().upgrades("websocket")).isFalse();
        assertThat(only("upgrades", List.of("WebSocket")).upgrades("websocket")).isTrue();
        assertThat(only("upgrades", List.of("websocket")).upgrades("h2c")).isFalse();
        assertThat(only().connect()).isFalse();
        assertThat(only("connect", true).connect()).isTrue();
    }

    @Test
    void retriesAreByDefaultOfWhatWasNotProcessedOrMayBeRepeated() throws BadTarget {
        Retries retries = only().retries();

        assertThat(retries.attempts()).isEqualTo(2);
        assertThat(retries.backOffNanos()).isEqualTo(25_000_000L);
        assertThat(retries.maxBackOffNanos()).isEqualTo(250_000_000L);
        assertThat(retries.bufferBytes()).isEqualTo(65_536);
        assertThat(Set.of(Failure.values()).stream().filter(retries::onFailure))
                .containsExactlyInAnyOrder(
                        Failure.CONNECT_FAILED,
                        Failure.CONNECT_TIMEOUT,
                        Failure.TLS_FAILED,
                        Failure.REFUSED,
                        Failure.STALE);
        assertThat(retries.onStatus(503)).isFalse();
        assertThat(retries.allows(HttpMethod.PUT)).isTrue();
        assertThat(retries.allows(HttpMethod.POST)).isFalse();
        assertThat(retries.allows(HttpMethod.valueOf("LOCK"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "connect_failure | CONNECT_FAILED CONNECT_TIMEOUT TLS_FAILED | ''",
                "refused | REFUSED | ''",
                "stale | STALE | ''",
                "reset | STALE UPSTREAM_RESET UPSTREAM_PROTOCOL | ''",
                "gateway_error | STALE UPSTREAM_RESET UPSTREAM_PROTOCOL UPSTREAM_TIMEOUT | 502 503 504",
                "5xx | CONNECT_FAILED CONNECT_TIMEOUT TLS_FAILED REFUSED STALE UPSTREAM_RESET UPSTREAM_PROTOCOL UPSTREAM_TIMEOUT | 500 502 503 504 599",
                "429 | '' | 429",
            })
    void eachConditionCoversItsFailuresAndStatuses(String on, String failures, String statuses) throws BadTarget {
        Retries retries = only("retries", map("attempts", 3, "on", List.of(on), "statuses", List.of(418)))
                .retries();

        for (Failure failure : Failure.values()) {
            assertThat(retries.onFailure(failure))
                    .as(failure.name())
                    .isEqualTo(List.of(failures.split(" ")).contains(failure.name()));
        }
        for (int status : new int[] {200, 400, 404, 429, 499, 500, 502, 503, 504, 599}) {
            assertThat(retries.onStatus(status))
                    .as("" + status)
                    .isEqualTo(List.of(statuses.split(" ")).contains("" + status));
        }
        assertThat(retries.onStatus(418)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Failure.class)
    void nothingIsRetriedAfterWhatIsNotTheUpstreamsFailure(Failure failure) throws BadTarget {
        List<String> all = List.of("connect_failure", "refused", "stale", "reset", "gateway_error", "5xx", "429");
        boolean clients = failure.name().startsWith("CLIENT")
                || Set.of("NO_ENDPOINT", "OVERFLOW", "POLICY", "SHUTDOWN", "INTERNAL", "IDLE_TIMEOUT", "HEAD_TOO_LARGE")
                        .contains(failure.name());

        assertThat(only("retries", map("on", all)).retries().onFailure(failure)).isEqualTo(!clients);
    }

    @Test
    void unsafeRetriesAreOfAnyMethod() throws BadTarget {
        assertThat(only("retries", map("unsafe", true)).retries().allows(HttpMethod.POST))
                .isTrue();
        assertThat(only("retries", map("on", List.of())).retries().on()).isEmpty();
        assertThat(only("retries", map("on", List.of("429"))).retries().onFailure(Failure.CONNECT_FAILED))
                .isFalse();
    }

    @Test
    void whateverIsReadCanBeSentOnOrAnswered() {
        RouteTable table = table(List.of(
                route("path_prefix", "/a", "rewrite", map("prefix", "/x/")),
                route("path_prefix", "/b", "rewrite", map("path_regex", "(.)/(.?)", "substitution", "$2$1/")),
                route("path_prefix", "/c", "redirect", map("prefix", "/", "scheme", "https")),
                route(
                        "path_regex",
                        "/.*",
                        "query",
                        List.of(map("name", "q", "regex", ".*")),
                        "redirect",
                        map("port", 1)),
                route("hash", List.of(map("query", "a"), map("cookie", "c")))));
        String[] parts = {
            "/", "//", "a", "b", "c", "..", ".", "%2e", "%0d%0a", "%0D", "?", "q=", "&", "a=%", "\u00e9", ":", "@", "x",
            ";", "+"
        };
        Random random = new Random(5);
        int done = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder uri = new StringBuilder("/").append(parts[2 + random.nextInt(3)]);
            for (int n = random.nextInt(10); n > 0; n--) {
                uri.append(parts[random.nextInt(parts.length)]);
            }
            HttpRequest head = request("GET", uri.toString(), "Host", random.nextBoolean() ? "" : "h:1");
            done += pass(table, head) ? 1 : 0;
        }

        assertThat(done).isGreaterThan(50_000);
    }

    private static boolean pass(RouteTable table, HttpRequest head) {
        String uri = head.uri();
        try {
            RequestTarget target = target(head);
            Route route = table.match(head, target, false);
            assertThat(route).as(uri).isNotNull();
            LocalAnswer answer = route.answer(head, target);
            if (answer != null) {
                String location = answer.headers().get("location");
                boolean named = target.host().isEmpty();
                assertThat(location).as(uri).startsWith(named ? "/" : "http").doesNotContain("\r", "\n");
                assertThat(location.startsWith("//")).as(uri).isFalse();
            } else {
                route.prepare(head, target, null);
                assertThat(head.uri()).as(uri).startsWith("/");
                assertThat(head.uri().chars().noneMatch(c -> c <= ' ' || c == '#'))
                        .as(uri)
                        .isTrue();
            }
            return true;
        } catch (BadTarget refused) {
            return false;
        }
    }
}
