package dev.weir.http;

import static dev.weir.http.RouteFixture.map;
import static dev.weir.http.RouteFixture.problems;
import static dev.weir.http.RouteFixture.problemsOf;
import static dev.weir.http.RouteFixture.route;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is wrong with a route is told at its key, with what was expected. */
class RouteProblemsTest {
    private static Arguments wrong(Map<String, Object> route, String... problems) {
        return Arguments.of(route, List.of(problems));
    }

    static Stream<Arguments> conditions() {
        return Stream.of(
                wrong(route("path_prefx", "/"), "path_prefx: unknown key (did you mean \"path_prefix\"?)"),
                wrong(
                        route("path", "/a", "path_prefix", "/b"),
                        "path_prefix: beside path (expected: one of path, path_prefix, path_template, path_regex)"),
                wrong(route("path", "users"), "path: \"users\" (expected: a path, as /users)"),
                wrong(
                        route("path", "/a?b"),
                        "path: \"/a?b\" (expected: a path without query, other characters than ASCII as %C3%A9)"),
                wrong(
                        route("path_prefix", "/é"),
                        "path_prefix: \"/é\" (expected: a path without query, other characters than ASCII as %C3%A9)"),
                wrong(
                        route("path", "/a/../%62"),
                        "path: \"/a/../%62\": no request has it after normalisation (expected: \"/b\")"),
                wrong(
                        route("path", "/a\\b"),
                        "path: \"/a\\b\": backslash in the path (expected: a path that requests can have)"),
                wrong(
                        route("path", "/a\r\nb"),
                        "path: \"/a??b\": blank or control in the target (expected: a path that requests can have)"),
                wrong(
                        route("path_template", "/{a}x"),
                        "path_template: \"/{a}x\" (expected: a variable is a whole segment, as /{name}/)"),
                wrong(
                        route("path_template", "/{a"),
                        "path_template: \"/{a\" (expected: a variable is a whole segment, as /{name}/)"),
                wrong(
                        route("path_template", "/{a...}/b"),
                        "path_template: \"/{a...}/b\" (expected: {name...} at the end only)"),
                wrong(
                        route("path_template", "/{a}/{a}"),
                        "path_template: \"/{a}/{a}\" (expected: variables of letters, digits and _, each name once)"),
                wrong(
                        route("path_template", "/{}"),
                        "path_template: \"/{}\" (expected: variables of letters, digits and _, each name once)"),
                wrong(
                        route("path_template", "/a/./{b}"),
                        "path_template: \"/a/./{b}\": no request has it after normalisation (expected: \"/a/{b}\")"),
                wrong(
                        route("path_regex", "("),
                        "path_regex: \"(\": missing closing ) (expected: a regular expression of RE2)"),
                wrong(
                        route("path_regex", "(?<=a)b"),
                        "path_regex: \"(?<=a)b\": invalid named capture (expected: a regular expression of RE2)"),
                wrong(route("path_regex", ""), "path_regex: \"\" (expected: a regular expression, 1..2000 characters)"),
                wrong(
                        route("methods", List.of("get")),
                        "methods[0]: \"get\" (expected: a method, as GET; case makes a difference)"),
                wrong(
                        route("methods", List.of("G T")),
                        "methods[0]: \"G T\" (expected: a method, as GET; case makes a difference)"),
                wrong(
                        route("hosts", List.of("h:80")),
                        "hosts[0]: \"h:80\" (expected: a host without port, as api.example.com or *.example.com)"),
                wrong(
                        route("hosts", List.of("a*")),
                        "hosts[0]: \"a*\" (expected: a host without port, as api.example.com or *.example.com)"),
                wrong(route("hosts", List.of()), "hosts: empty (expected: host names, or no hosts for all)"),
                wrong(
                        route("headers", List.of(map("name", "a b", "exact", "x"))),
                        "headers[0].name: \"a b\" (expected: the name of a header)"),
                wrong(
                        route("headers", List.of(map("name", ":path"))),
                        "headers[0].name: \":path\" (expected: the name of a header)"),
                wrong(
                        route("headers", List.of(map("name", "Host", "exact", "x"))),
                        "headers[0].name: \"Host\" (expected: hosts: [ … ] for this one)"),
                wrong(
                        route("headers", List.of(map("name", "x", "exact", "x", "regex", "y"))),
                        "headers[0].regex: beside exact (expected: one of exact, prefix, suffix, contains, regex, present)"),
                wrong(route("headers", List.of(map("exact", "x"))), "headers[0].name: missing"),
                wrong(
                        route("headers", List.of("x")),
                        "headers[0]: a single value (expected: { name: …, exact: … })",
                        "headers[0]: \"x\" (expected: a map)"),
                wrong(
                        route("query", List.of(map("name", "x", "exct", "y"))),
                        "query[0].exct: unknown key (did you mean \"exact\"?)"),
                wrong(route("tls", "yes"), "tls: \"yes\" (expected: true or false)"),
                wrong(route("name", ""), "name: \"\" (expected: a name of 1..200 characters)"));
    }

    static Stream<Arguments> actions() {
        return Stream.of(
                wrong(
                        map("path", "/"),
                        "routes[0]: nothing to do (expected: one of cluster, clusters, redirect, direct_response)"),
                wrong(
                        route("cluster", "a", "redirect", map("host", "x")),
                        "redirect: beside cluster (expected: one of cluster, clusters, redirect, direct_response)"),
                wrong(route("clusters", List.of()), "clusters: none with a weight (expected: at least one)"),
                wrong(
                        route("clusters", List.of(map("cluster", "a", "weight", -1))),
                        "clusters[0].weight: -1 (expected: a whole number, 0..1000000)"),
                wrong(route("clusters", List.of(map("weight", 1))), "clusters[0].cluster: missing"),
                wrong(route("upstream_protocol", "h2"), "upstream_protocol: \"h2\" (expected: http1, http2, auto)"),
                wrong(
                        route("redirect", map()),
                        "redirect: leads to where it came from (expected: scheme, host, port, path or prefix)"),
                wrong(
                        route("redirect", map("status", 200, "host", "h")),
                        "redirect.status: 200 (expected: 301, 302, 303, 307 or 308)"),
                wrong(
                        route("redirect", map("host", "h:1")),
                        "redirect.host: \"h:1\" (expected: a host; its port as port: …)"),
                wrong(route("redirect", map("path", "//x")), "redirect.path: \"//x\" (expected: a path, as /users)"),
                wrong(
                        route("redirect", map("path", "/x\r\ny")),
                        "redirect.path: \"/x??y\" (expected: a path, as /users)"),
                wrong(
                        route("path_regex", "/x.*", "redirect", map("prefix", "/y")),
                        "redirect.prefix: beside a path with variables (expected: path)"),
                wrong(
                        route("redirect", map("host", "x"), "hash", List.of(map("source", true))),
                        "hash: beside redirect (expected: none, no upstream is asked)"),
                wrong(
                        route("direct_response", map("body", "x")),
                        "direct_response.status: missing (expected: 200..599)"),
                wrong(
                        route("direct_response", map("status", 204, "body", "x")),
                        "direct_response.body: with status 204 (expected: none, such answers have no body)"),
                wrong(
                        route("direct_response", map("status", 200, "body", "x", "body_file", "/dev/null")),
                        "direct_response.body_file: beside body (expected: one of both)"),
                wrong(
                        route("direct_response", map("status", 200, "body_file", "/does/not/exist")),
                        "direct_response.body_file: \"/does/not/exist\" cannot be read: java.nio.file.NoSuchFileException: /does/not/exist"),
                wrong(
                        route("direct_response", map("status", 200, "headers", map("x", "a\r\nb"))),
                        "direct_response.headers.x: \"a??b\" (expected: printable ASCII, no line breaks, no blanks at its ends)"));
    }

    static Stream<Arguments> edits() {
        return Stream.of(
                wrong(
                        route("request_headers", map("set", map("x", "a\r\nb"))),
                        "request_headers.set.x: \"a??b\" (expected: printable ASCII, no line breaks, no blanks at its ends)"),
                wrong(
                        route("response_headers", map("add", map("x y", "1"))),
                        "response_headers.add.x y: \"x y\" (expected: the name of a header)"),
                wrong(
                        route("request_headers", map("set", map("Host", "x"))),
                        "request_headers.set.Host: \"Host\" (expected: rewrite: { host: … } for this one)"),
                wrong(
                        route("request_headers", map("remove", List.of("Transfer-Encoding"))),
                        "request_headers.remove[0]: \"Transfer-Encoding\" (expected: no header of one hop or of the message's framing)"),
                wrong(
                        route("request_headers", map("set", map(":path", "/x"))),
                        "request_headers.set.:path: \":path\" (expected: the name of a header)"),
                wrong(
                        route("response_headers", map("sett", map())),
                        "response_headers.sett: unknown key (did you mean \"set\"?)"),
                wrong(
                        route("path_regex", "/x.*", "rewrite", map("prefix", "/y")),
                        "rewrite.prefix: beside a path with variables (expected: path_regex and substitution)"),
                wrong(
                        route("rewrite", map("substitution", "/y")),
                        "rewrite.substitution: without path_regex (expected: both)"),
                wrong(route("rewrite", map("path_regex", "x")), "rewrite.substitution: missing"),
                wrong(
                        route("rewrite", map("path_regex", "(x)", "substitution", "$2")),
                        "rewrite.substitution: \"$2\" (expected: $1 to $1, or ${name}, of groups that path_regex has)"),
                wrong(
                        route("rewrite", map("path_regex", "(x)", "substitution", "${no}")),
                        "rewrite.substitution: \"${no}\" (expected: $1 to $1, or ${name}, of groups that path_regex has)"),
                wrong(
                        route("rewrite", map("path_regex", "x", "substitution", "a b")),
                        "rewrite.substitution: \"a b\" (expected: a path without query, printable ASCII, 256 characters at most)"),
                wrong(
                        route("rewrite", map("host", "a b")),
                        "rewrite.host: \"a b\" (expected: a host, as internal.example.com or h:8080)"),
                wrong(
                        route("hash", List.of(map("header", "x", "cookie", "y"))),
                        "hash[0]: several sources (expected: one of header, cookie, query, source)"),
                wrong(
                        route("hash", List.of(map("header", "x", "ttl", "1h"))),
                        "hash[0].ttl: without cookie (expected: beside cookie)"),
                wrong(
                        route("hash", List.of(map("cookie", "a;b"))),
                        "hash[0].cookie: \"a;b\" (expected: the name of a cookie)"),
                wrong(
                        route("hash", List.of(map("cookie", "a", "ttl", "1h"), map("cookie", "b", "ttl", "1h"))),
                        "hash[1].ttl: a second cookie to make (expected: one with ttl)"),
                wrong(
                        route("hash", List.of(map("cookie", "a", "ttl", "1500ms"))),
                        "hash[0].ttl: 1500ms (expected: whole seconds)"),
                wrong(
                        route("timeouts", map("request", "2d1")),
                        "timeouts.request: \"2d1\" (expected: a duration such as 250ms, 5s, 1m, 1h)"),
                wrong(route("timeouts", map("idle", "48h")), "timeouts.idle: 2d (expected: 0s for none, or 1ms..24h)"),
                wrong(route("retries", map("on", List.of("5x"))), "retries.on[0]: \"5x\" (did you mean \"5xx\"?)"),
                wrong(route("retries", map("attempts", 0)), "retries.attempts: 0 (expected: a whole number, 1..10)"),
                wrong(
                        route("retries", map("statuses", List.of(200))),
                        "retries.statuses[0]: \"200\" (expected: a status, 300..599)"),
                wrong(
                        route("retries", map("back_off", "1s", "max_back_off", "100ms")),
                        "retries.max_back_off: 100ms (expected: back_off or more, 1s)"),
                wrong(route("retries", map("buffer", "1GiB")), "retries.buffer: 1GiB (expected: 0..16MiB)"),
                wrong(
                        route("mirrors", List.of(map("cluster", "a", "percent", 101))),
                        "mirrors[0].percent: 101 (expected: a number, 0.0..100.0)"),
                wrong(
                        route("upgrades", List.of("h2c")),
                        "upgrades[0]: \"h2c\" (expected: no upgrade behind which requests would pass unseen)"));
    }

    @ParameterizedTest
    @MethodSource({"conditions", "actions", "edits"})
    void problemsAreToldAtTheirKeys(Map<String, Object> route, List<String> expected) {
        assertThat(problemsOf(route)).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void aTableNeedsRoutes() {
        assertThat(problems(map()))
                .containsExactly("routes: none (expected: at least one, as { path_prefix: /, cluster: … })");
        assertThat(problems(map("routes", List.of("x"))))
                .containsExactly("routes[0]: a single value (expected: a route, as { path_prefix: /, cluster: … })");
    }

    @Test
    void observingChangesNothing() {
        Map<String, Object> edits = route(
                "rewrite", map("prefix", "/"),
                "request_headers", map("set", map("a", "b")),
                "response_headers", map("remove", List.of("server")),
                "hash", List.of(map("cookie", "a", "ttl", "1h")));

        assertThat(problems(map("observe", true, "routes", List.of(edits))))
                .containsExactlyInAnyOrder(
                        "routes[0].rewrite: with observe: true, where nothing is changed (expected: none)",
                        "routes[0].request_headers: with observe: true, where nothing is changed (expected: none)",
                        "routes[0].response_headers: with observe: true, where nothing is changed (expected: none)",
                        "routes[0].hash[0].ttl: with observe: true, where no header is added (expected: no ttl)");
    }

    @Test
    void pathsFollowTheRulesOfTheTerminal() {
        Map<String, Object> route = route("path", "/a//b");

        assertThat(problems(map("routes", List.of(route)))).isEmpty();
        assertThat(problems(map("path", map("merge_slashes", true), "routes", List.of(route))))
                .containsExactly(
                        "routes[0].path: \"/a//b\": no request has it after normalisation (expected: \"/a/b\")");
        assertThat(problems(map("path", map("escaped_slashes", "kept", "normalise", true), "routes", List.of(route))))
                .containsExactlyInAnyOrder(
                        "path.escaped_slashes: \"kept\" (expected: keep, reject, unescape)",
                        "path.normalise: unknown key (did you mean \"normalize\"?)");
    }
}
