package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.http.PathRules.EscapedSlashes;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTargetTest {
    private static final PathRules DEFAULT = PathRules.DEFAULT;
    private static final PathRules RAW = new PathRules(false, false, EscapedSlashes.KEEP, false);

    private static String normal(String path, PathRules rules) throws BadTarget {
        return PathNormalizer.normalize(path, rules);
    }

    private static RequestTarget parse(String method, String uri, String host) throws BadTarget {
        return RequestTarget.parse(RouteFixture.request(method, uri, "Host", host), "http", DEFAULT);
    }

    /** RFC 3986, 5.4.1 and 5.4.2, with the base /b/c/d;p: its directory, and the reference behind it. */
    @ParameterizedTest
    @CsvSource({
        "g, /b/c/g",
        "./g, /b/c/g",
        "g/, /b/c/g/",
        ";x, /b/c/;x",
        "g;x, /b/c/g;x",
        "., /b/c/",
        "./, /b/c/",
        ".., /b/",
        "../, /b/",
        "../g, /b/g",
        "../.., /",
        "../../, /",
        "../../g, /g",
        "../../../g, /g",
        "../../../../g, /g",
        "g., /b/c/g.",
        ".g, /b/c/.g",
        "g.., /b/c/g..",
        "..g, /b/c/..g",
        "./../g, /b/g",
        "./g/., /b/c/g/",
        "g/./h, /b/c/g/h",
        "g/../h, /b/c/h",
        "g;x=1/./y, /b/c/g;x=1/y",
        "g;x=1/../y, /b/c/y",
    })
    void dotSegmentsGoAsInTheExamplesOfTheStandard(String reference, String expected) throws BadTarget {
        assertThat(normal("/b/c/" + reference, DEFAULT)).isEqualTo(expected);
    }

    /** RFC 3986, 5.4.1 and 5.2.4: references with a path from the root; 6.2.2: the example of equivalent forms. */
    @ParameterizedTest
    @CsvSource({
        "/./g, /g",
        "/../g, /g",
        "/a/b/c/./../../g, /a/g",
        "/a/./b/../b/%63/%7bfoo%7d, /a/b/c/%7Bfoo%7D",
        "/%7Esmith/home.html, /~smith/home.html",
        "/%7esmith/home.html, /~smith/home.html",
        "/a//b, /a//b",
        "/a//../b, /a/b",
        "/a/%2e%2E/b, /b",
        "/a/.%2e/b, /b",
        "/a/%2e, /a/",
        "/%41%30%2d%5f%7e, /A0-_~",
        "/%e4%bd%a0, /%E4%BD%A0",
        "/a%2fb, /a%2Fb",
        "/a%5cb, /a%5Cb",
        "/a%252fb, /a%252fb",
        "/a%25%32%66b, /a%252fb",
        "/a%3fb%23c, /a%3Fb%23c",
        "/.../a, /.../a",
        "/a/...;/b, /a/...;/b",
        "/a/b;../c, /a/b;../c",
    })
    void pathsGetTheirNormalForm(String path, String expected) throws BadTarget {
        assertThat(normal(path, DEFAULT)).isEqualTo(expected);
        assertThat(normal(expected, DEFAULT)).as("once more").isSameAs(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/%",
                "/%4",
                "/%zz",
                "/a%2",
                "/%0",
                "/%00",
                "/a%00b",
                "/%-1",
                "/%2\u00e6",
                "/a\\b",
                "/a b",
                "/a\tb",
                "/a\u007f",
                "/\u0100",
                "/a%2f..%2fb",
                "/a%2f../b",
                "/..%2fb",
                "/a/..%5cb",
                "/a/b%2f%2e%2e",
                "/a/..;/b",
                "/a/.;x=1",
                "/a/%2e.;",
                "/a%2f..;"
            })
    void refusesWhatIsNoPathOrHasTwoReadings(String path) {
        assertThatThrownBy(() -> normal(path, DEFAULT)).isInstanceOf(BadTarget.class);
    }

    @Test
    void aRefusalCostsNoStackTrace() {
        assertThat(new BadTarget("x").getStackTrace()).isEmpty();
    }

    @Test
    void escapedSlashesAreKeptRefusedOrUndone() throws BadTarget {
        PathRules reject = new PathRules(true, false, EscapedSlashes.REJECT, false);
        PathRules unescape = new PathRules(true, true, EscapedSlashes.UNESCAPE, false);

        assertThat(normal("/a%2fb%5cc", DEFAULT)).isEqualTo("/a%2Fb%5Cc");
        assertThatThrownBy(() -> normal("/a%2fb", reject)).isInstanceOf(BadTarget.class);
        assertThatThrownBy(() -> normal("/a%5Cb", reject)).isInstanceOf(BadTarget.class);
        assertThat(normal("/a%2Fb%5cc", unescape)).isEqualTo("/a/b/c");
        assertThat(normal("/a/b%2f..%5c..%2f%2fc", unescape)).isEqualTo("/c");
        assertThat(normal("/a%252fb", unescape)).isEqualTo("/a%252fb");
    }

    @Test
    void slashesAreMergedWhereAsked() throws BadTarget {
        PathRules merge = new PathRules(true, true, EscapedSlashes.KEEP, false);

        assertThat(normal("//a///b//", merge)).isEqualTo("/a/b/");
        assertThat(normal("/a//../b", merge)).isEqualTo("/b");
        assertThat(normal("/a/%2e%2e//.//b", merge)).isEqualTo("/b");
        assertThat(normal("//a//", DEFAULT)).isEqualTo("//a//");
    }

    @Test
    void withoutNormalisationPathsStayAsTheyAre() throws BadTarget {
        for (String path : new String[] {"/a/../b", "/%61", "/a%2fb", "/a\\b", "/./"}) {
            assertThat(normal(path, RAW)).isEqualTo(path);
        }
        assertThatThrownBy(() -> normal("/%00", RAW)).isInstanceOf(BadTarget.class);
        assertThatThrownBy(() -> normal("/%x", RAW)).isInstanceOf(BadTarget.class);
    }

    @Test
    void aTargetInNormalFormIsSentOnAsItIs() throws BadTarget {
        String uri = "/a/b?c=%zz&d=/../";

        RequestTarget target = parse("GET", uri, "h");

        assertThat(target.forwarded()).isSameAs(uri);
        assertThat(target.path()).isEqualTo("/a/b");
        assertThat(target.query()).isEqualTo("c=%zz&d=/../");
    }

    @Test
    void aTargetThatNormalisationChangesIsSentOnChanged() throws BadTarget {
        assertThat(parse("GET", "/a/../b?x=/../y", "h").forwarded()).isEqualTo("/b?x=/../y");
        assertThat(parse("GET", "/a/../b?", "h").forwarded()).isEqualTo("/b?");
    }

    @Test
    void observingLooksAtTheNormalFormAndSendsWhatCame() throws BadTarget {
        PathRules observe = new PathRules(true, true, EscapedSlashes.KEEP, true);
        String uri = "/a/..//%62?x";

        RequestTarget target = RequestTarget.parse(RouteFixture.request("GET", uri), "http", observe);

        assertThat(target.path()).isEqualTo("/b");
        assertThat(target.forwarded()).isSameAs(uri);
        assertThat(RequestTarget.parse(RouteFixture.request("GET", "http://x/a/../b?y"), "http", observe)
                        .forwarded())
                .isEqualTo("/a/../b?y");
    }

    @ParameterizedTest
    @CsvSource({
        "http://Example.COM:8080/a/./b?c, example.com, Example.COM:8080, /a/b, c, /a/b?c",
        "HTTPS://h/%2e, h, h, /, '', /",
        "http://h, h, h, /, '', /",
        "http://h?q, h, h, /, q, /?q",
        "http://[::1]:80/x, [::1], [::1]:80, /x, '', /x",
        "http://h./x, h, h., /x, '', /x",
    })
    void urlsBecomePathsAndTheirHostCounts(
            String uri, String host, String authority, String path, String query, String forwarded) throws BadTarget {
        RequestTarget target = parse("GET", uri, "other:1");

        assertThat(target.host()).isEqualTo(host);
        assertThat(target.authority()).isEqualTo(authority);
        assertThat(target.path()).isEqualTo(path);
        assertThat(target.query()).isEqualTo(query);
        assertThat(target.forwarded()).isEqualTo(forwarded);
        assertThat(target.isAbsolute()).isTrue();
    }

    @Test
    void theSchemeIsThatOfTheUrlElseOfTheConnection() throws BadTarget {
        assertThat(parse("GET", "https://h/", "h").scheme()).isEqualTo("https");
        assertThat(parse("GET", "/", "h").scheme()).isEqualTo("http");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "a/b",
                "?x",
                "ftp://h/",
                "httpx://h/",
                "http:/h",
                "http:///x",
                "http://",
                "http://u@h/",
                "http://a;b/",
                "http://a b/",
                "/a?b c",
                "http://h:99999/",
                "http://h:x/",
                "http://h#f",
                "/a#f",
                "/a?b#c",
                "*",
                "*x",
                "http://h\\x/",
                "://h/"
            })
    void refusesWhatIsNoTarget(String uri) {
        HttpRequest head = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.GET, uri, new DefaultHttpHeaders().set("host", "h"), false);

        assertThatThrownBy(() -> RequestTarget.parse(head, "http", DEFAULT)).isInstanceOf(BadTarget.class);
    }

    @Test
    void theServerAsSuchIsAskedForOptionsOnly() throws BadTarget {
        assertThat(parse("OPTIONS", "*", "h").path()).isEqualTo("*");
        assertThat(parse("OPTIONS", "http://h", "h").forwarded()).isEqualTo("*");
        assertThat(parse("OPTIONS", "http://h/", "h").forwarded()).isEqualTo("/");
    }

    @Test
    void connectNamesAHostAndAPort() throws BadTarget {
        RequestTarget target = parse("CONNECT", "Db.example:5432", "h");

        assertThat(target.host()).isEqualTo("db.example");
        assertThat(target.path()).isEmpty();
        assertThat(target.forwarded()).isEqualTo("Db.example:5432");
        for (String bad : new String[] {"h", "h:", "/x", "http://h:1/", "h:1/x", "h:0x1", ":80"}) {
            assertThatThrownBy(() -> parse("CONNECT", bad, "h")).as(bad).isInstanceOf(BadTarget.class);
        }
    }

    @Test
    void connectOfHttp2MayHaveAPath() throws BadTarget { // RFC 8441
        HttpRequest head = new DefaultHttpRequest(Http.HTTP_2, HttpMethod.CONNECT, "/chat?x");
        head.headers().set("host", "h");

        assertThat(RequestTarget.parse(head, "https", DEFAULT).path()).isEqualTo("/chat");
    }

    @ParameterizedTest
    @CsvSource({
        "Example.COM, example.com",
        "a.b:80, a.b",
        "a.b:, a.b",
        "A., a",
        "a_b-c~d, a_b-c~d",
        "[2001:DB8::1]:8080, [2001:db8::1]",
        "127.0.0.1:1, 127.0.0.1",
        "xn--bcher-kva.example, xn--bcher-kva.example",
    })
    void hostsAreReadFromHost(String header, String host) throws BadTarget {
        assertThat(parse("GET", "/", header).host()).isEqualTo(host);
        assertThat(parse("GET", "/", header).authority()).isEqualTo(header);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".",
                "..",
                "a..b",
                ".a",
                "a b",
                "a,b",
                "u@h",
                "h/x",
                "h:1:2",
                "h:65536",
                "[::1",
                "[::1]x",
                "[::1]80",
                "[x]",
                "[fe80::1%25eth0]",
                "a%2eb",
                "h?x",
                "h#x",
                "h\\x",
                "\u00e4",
                "a\u0000",
                ":80",
                "h:-1"
            })
    void refusesWhatIsNoHost(String header) {
        HttpRequest head = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.GET,
                "/",
                DefaultHttpHeadersFactory.headersFactory()
                        .withValidation(false)
                        .newHeaders()
                        .set("host", header));

        assertThatThrownBy(() -> RequestTarget.parse(head, "http", DEFAULT)).isInstanceOf(BadTarget.class);
    }

    @Test
    void onlyOldRequestsMayNameNoHost() throws BadTarget {
        HttpRequest old = new DefaultHttpRequest(HttpVersion.HTTP_1_0, HttpMethod.GET, "/");
        HttpRequest now = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");

        assertThat(RequestTarget.parse(old, "http", DEFAULT).host()).isEmpty();
        assertThatThrownBy(() -> RequestTarget.parse(now, "http", DEFAULT)).isInstanceOf(BadTarget.class);
    }

    @Test
    void whateverComesIsReadOrRefused() {
        Random random = new Random(42);
        String[] parts = {
            "/",
            "//",
            ".",
            "..",
            "%2e",
            "%2E",
            "%2f",
            "%5C",
            "%00",
            "%",
            "%4",
            "%zz",
            "a",
            "B",
            "users",
            "\\",
            "?",
            "#",
            "*",
            ":",
            "@",
            "[",
            "]",
            "http://",
            "https://",
            "h",
            ":80",
            "~",
            ";",
            "\u00e9",
            "%c3%a9",
            "{",
            "+",
            "&",
            "="
        };
        PathRules[] all = {
            DEFAULT,
            RAW,
            new PathRules(true, true, EscapedSlashes.KEEP, false),
            new PathRules(true, true, EscapedSlashes.UNESCAPE, false),
            new PathRules(true, false, EscapedSlashes.REJECT, true),
        };
        int read = 0;
        for (int i = 0; i < 200_000; i++) {
            StringBuilder uri = new StringBuilder(random.nextInt(4) > 0 ? "/" : "");
            for (int n = random.nextInt(12); n > 0; n--) {
                uri.append(
                        random.nextInt(40) == 0 ? (char) random.nextInt(0x180) : parts[random.nextInt(parts.length)]);
            }
            PathRules rules = all[random.nextInt(all.length)];
            HttpMethod method =
                    new HttpMethod[] {HttpMethod.GET, HttpMethod.OPTIONS, HttpMethod.CONNECT}[random.nextInt(3)];
            read += check(uri.toString(), method, rules) ? 1 : 0;
        }

        assertThat(read).isBetween(30_000, 160_000); // neither all nor nothing
    }

    /** Whether the target was read; if so what the rules forbid is not in it. */
    private static boolean check(String uri, HttpMethod method, PathRules rules) {
        HttpRequest head = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1, method, uri, new DefaultHttpHeaders().set("host", "h"), false);
        try {
            RequestTarget target = RequestTarget.parse(head, "http", rules);
            String path = target.path();
            if (path.startsWith("/")) {
                checkPath(uri, path, rules);
                String sent = target.forwarded();
                String expected =
                        target.query().isEmpty() ? sent.replace("?", "") : sent.substring(0, sent.indexOf('?'));
                assertThat(rules.observe() ? normal(expected, rules) : expected)
                        .as(uri)
                        .isEqualTo(path);
            }
            assertThat(target.host().chars().noneMatch(c -> c <= ' ' || c >= 0x7f || "@/?#\\%".indexOf(c) >= 0))
                    .as(uri)
                    .isTrue();
            assertThat(target.forwarded().chars().noneMatch(c -> c <= ' ' || c == 0x7f || c == '#'))
                    .as(uri)
                    .isTrue();
            return true;
        } catch (BadTarget refused) {
            return false;
        }
    }

    private static void checkPath(String uri, String path, PathRules rules) throws BadTarget {
        assertThat(path).as(uri).doesNotContain("%00", "?", "#");
        if (rules.normalize()) {
            String slashed = path.replace("%2F", "/").replace("%5C", "/") + "/";
            assertThat(slashed).as(uri).doesNotContain("/./", "/../", "/.;", "/..;", "\\", "%2E", "%2e", "%2f", "%5c");
            assertThat(normal(path, rules)).as(uri).isEqualTo(path);
        }
        if (rules.mergeSlashes()) {
            assertThat(path).as(uri).doesNotContain("//");
        }
        if (rules.escapedSlashes() != EscapedSlashes.KEEP) {
            assertThat(path).as(uri).doesNotContain("%2F", "%2f", "%5C", "%5c");
        }
    }
}
