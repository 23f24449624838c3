package dev.weir.http;

import static dev.weir.http.RouteFixture.map;
import static dev.weir.http.RouteFixture.only;
import static dev.weir.http.RouteFixture.request;
import static dev.weir.http.RouteFixture.target;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.KeyHash;
import dev.weir.core.filter.Connection;
import dev.weir.core.testkit.FakeConnection;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HashPolicyTest {
    private final Connection connection = new FakeConnection();

    private static Route hashing(Map<?, ?>... parts) throws BadTarget {
        return only("hash", List.of(parts));
    }

    private long hash(Route route, HttpRequest head) throws BadTarget {
        return route.hash(head, target(head), connection, KeyHash.XX_HASH);
    }

    private static long xx(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return KeyHash.XX_HASH.hash(bytes, bytes.length);
    }

    @Test
    void hashesHeaderCookieQueryAndSource() throws BadTarget {
        HttpRequest head = request("GET", "/users?a=1&u%73er=b%20c", "X-User", "ann", "Cookie", "x=1; sid=\"s 7\";y=2");

        assertThat(hash(hashing(map("header", "x-user")), head)).isEqualTo(xx("ann"));
        assertThat(hash(hashing(map("cookie", "sid")), head)).isEqualTo(xx("s 7"));
        assertThat(hash(hashing(map("query", "user")), head)).isEqualTo(xx("b c"));
        assertThat(hash(hashing(map("source", true)), head)).isEqualTo(xx("192.0.2.1"));
        assertThat(only().hashes()).isFalse();
        assertThat(hashing(map("source", true)).hashes()).isTrue();
    }

    /** As Envoy's HashPolicyImpl: what is absent does not count, the rest is rotated and combined. */
    @Test
    void severalSourcesAreCombined() throws BadTarget {
        Route route = hashing(map("header", "a"), map("header", "none"), map("header", "b"), map("source", true));
        HttpRequest head = request("GET", "/users", "a", "1", "b", "2");

        long expected = Long.rotateLeft(Long.rotateLeft(xx("1"), 1) ^ xx("2"), 1) ^ xx("192.0.2.1");

        assertThat(hash(route, head)).isEqualTo(expected);
    }

    @Test
    void aTerminalSourceEndsTheSearchIfItGivesAHash() throws BadTarget {
        Route route = hashing(map("header", "a", "terminal", true), map("source", true));

        assertThat(hash(route, request("GET", "/users", "a", "1"))).isEqualTo(xx("1"));
        assertThat(hash(route, request("GET", "/users"))).isEqualTo(xx("192.0.2.1"));
    }

    @Test
    void aTerminalSourceWithoutAHashEndsTheSearchIfThereIsOneAlready() throws BadTarget { // as in Envoy
        Route route = hashing(map("header", "a"), map("header", "none", "terminal", true), map("source", true));

        assertThat(hash(route, request("GET", "/users", "a", "1"))).isEqualTo(xx("1"));
        assertThat(hash(route, request("GET", "/users"))).isEqualTo(xx("192.0.2.1"));
    }

    @Test
    void theOrderOfEqualHeadersMakesNoDifference() throws BadTarget {
        Route route = hashing(map("header", "a"));

        assertThat(hash(route, request("GET", "/users", "a", "1", "a", "2")))
                .isEqualTo(hash(route, request("GET", "/users", "a", "2", "a", "1")))
                .isEqualTo(xx("12"));
    }

    @Test
    void whatGivesNoHashIsSpread() throws BadTarget {
        Route route = hashing(map("header", "a"));
        HttpRequest head = request("GET", "/users");

        assertThat(hash(route, head)).isNotEqualTo(hash(route, head));
    }

    @Test
    void aCookieIsMadeOnceAndHashedLikeTheOneThatComesBack() throws BadTarget {
        Route route = hashing(map("cookie", "sid", "ttl", "1h"));
        HttpRequest first = request("GET", "/users");

        String set = route.cookie(first, connection);
        assertThat(set).matches("sid=[0-9a-f]{16}; Max-Age=3600; Path=/; HttpOnly");
        String sent = set.substring(0, set.indexOf(';'));
        HttpRequest second = request("GET", "/users", "Cookie", "other=1; " + sent);

        assertThat(hash(route, first)).isEqualTo(hash(route, second));
        assertThat(route.cookie(second, connection)).isNull();
        assertThat(route.cookie(first, connection)).isEqualTo(set);
    }

    @Test
    void cookiesMayEndWithTheBrowserAndBelongToAPath() throws BadTarget {
        String set =
                hashing(map("cookie", "sid", "ttl", "0s", "path", "/app")).cookie(request("GET", "/users"), connection);

        assertThat(set).matches("sid=[0-9a-f]{16}; Path=/app; HttpOnly");
        assertThat(hashing(map("cookie", "sid")).cookie(request("GET", "/users"), connection))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sid=1 | 1",
                "a=2;sid=1 | 1",
                "a=2; sid=1; sid=3 | 1",
                "xsid=1 | ",
                "sidx=1 | ",
                "sid | ",
                "sid= | ",
                "sid=; sid=2 | 2",
                "sid=a=b | a=b",
                "; ;=;sid=1 | 1",
                "SID=1 | ",
                "sid=\"\" | ",
                "sid=\" | \"",
            })
    void cookiesAreFound(String line, String value) {
        assertThat(HashPolicy.cookie(request("GET", "/", "Cookie", line).headers(), "sid"))
                .isEqualTo(value);
    }

    @Test
    void cookiesMayComeInSeveralLines() { // HTTP/2
        assertThat(HashPolicy.cookie(
                        request("GET", "/", "Cookie", "a=1", "Cookie", "sid=2").headers(), "sid"))
                .isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource({
        "a=1&b=2, b, 2",
        "a=1&a=2, a, 1",
        "a, a, ''",
        "a=, a, ''",
        "=1&a=2, a, 2",
        "&&a=2, a, 2",
        "a=b=c, a, b=c",
        "a=%, a, %",
        "a=%4, a, %4",
        "a=%zz+, a, '%zz '",
        "a=%c3%a9, a, \u00e9",
        "a=\u00c3\u00a9, a, \u00e9",
        "%61=1, a, 1",
        "a%3d=1, 'a=', 1",
        "b=1, a, ",
        "'', a, ",
    })
    void parametersAreFound(String query, String name, String value) {
        assertThat(QueryText.find(query, name)).isEqualTo(value);
    }
}
