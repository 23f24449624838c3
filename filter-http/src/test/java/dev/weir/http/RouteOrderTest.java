package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What of a configuration can never have an effect is told, and what would go round does not. */
class RouteOrderTest {
    private static List<String> problems(Map<String, ?> terminal) {
        try {
            new HttpBed(terminal, "127.0.0.1:1").close();
            return List.of();
        } catch (ConfigException e) {
            List<String> all = new ArrayList<>();
            e.problems().forEach(problem -> all.add(problem.toString()));
            return all;
        }
    }

    private static Map<String, Object> route(Object... more) {
        Map<String, Object> route = new HashMap<>(Map.of("cluster", "app"));
        for (int i = 0; i < more.length; i += 2) {
            route.put((String) more[i], more[i + 1]);
        }
        return route;
    }

    private static List<String> problems(Map<?, ?>... routes) {
        return problems(Map.of("routes", List.of(routes)));
    }

    @Test
    void routesBehindOneThatTakesAllAreToldOf() {
        assertThat(problems(route("path_prefix", "/"), route("path_prefix", "/a")))
                .singleElement()
                .asString()
                .contains("routes[1]: never matches, as a route before it takes all (expected: before ")
                .contains("routes[0])");
        assertThat(problems(route("hosts", List.of("a", "b")), route("hosts", List.of("b"), "path", "/a")))
                .hasSize(1);
        assertThat(problems(
                        route("hosts", List.of("a")),
                        route("hosts", List.of("a", "b")),
                        route("methods", List.of("GET")),
                        route("tls", true),
                        route(),
                        route("hosts", List.of("a"))))
                .hasSize(1);
    }

    @Test
    void forwardedHasNoPlaceBesideObserve() {
        assertThat(problems(Map.of("observe", true, "forwarded", Map.of("via", "append"))))
                .singleElement()
                .asString()
                .contains("forwarded: beside observe: true, with which no header is added (expected: one of both)");
        assertThat(problems(Map.of("observe", false, "forwarded", Map.of("via", "append"))))
                .isEmpty();
    }

    /** One that only changes the scheme is for those who have it not. */
    @Test
    void aRedirectDoesNotGoRound() throws Exception {
        Map<String, Object> back = Map.of("redirect", Map.of("scheme", "http"));
        Map<String, Object> rest = Map.of("direct_response", Map.of("status", 200, "body", "here"));
        try (HttpBed bed = new HttpBed(Map.of("routes", List.of(back, rest)), "127.0.0.1:1")) {
            assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                    .endsWith("here");
        }
        Map<String, Object> forth = Map.of("redirect", Map.of("scheme", "https"));
        try (HttpBed bed = new HttpBed(Map.of("routes", List.of(forth, rest)), "127.0.0.1:1")) {
            assertThat(bed.raw("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                    .containsIgnoringCase("location: https://a/b\r\n");
        }
        assertThat(problems(Map.of("routes", List.of(Map.of("tls", true, "redirect", Map.of("scheme", "https"))))))
                .singleElement()
                .asString()
                .contains("redirect: leads to where it came from (expected: tls: false)");
    }

    /** Who leaves before the next try begins has had one. */
    @Test
    void aTryThatIsNotMadeDoesNotCount() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Map<String, ?> retries =
                Map.of("attempts", 3, "statuses", List.of(500), "back_off", "60s", "max_back_off", "60s");
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
                    asked.countDown();
                    peer.head();
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(Map.of("cluster", "app", "retries", retries))), server.address())) {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
                client.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
                TimeUnit.MILLISECONDS.sleep(300);
            }

            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
            assertThat(dev.weir.core.testkit.RecordingExchanges.fields(bed.exchanges.get(0)))
                    .doesNotContainKey("attempts");
            assertThat(bed.meters.find("weir.http.retries").counters()).allMatch(counter -> counter.count() == 0);
        }
    }
}
