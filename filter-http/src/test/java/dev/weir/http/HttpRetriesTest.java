package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a request is sent once more, and what then arrives. */
class HttpRetriesTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    /** What becomes of one try; the answer, or none. */
    private interface Try {
        String answer(int number, String body) throws IOException, InterruptedException;
    }

    private static final String HANG_UP = "";

    private final List<String> bodies = new ArrayList<>();

    private ScriptedServer server(Try each) throws IOException {
        AtomicInteger tries = new AtomicInteger();
        return new ScriptedServer((peer, connection) -> {
            for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                int at = head.indexOf("Content-Length: ");
                int length = at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)));
                String body = peer.bytes(length);
                synchronized (bodies) {
                    bodies.add(body);
                }
                String answer = each.answer(tries.incrementAndGet(), body);
                if (answer.isEmpty()) {
                    return;
                }
                peer.say(answer);
            }
        });
    }

    private int tries() {
        synchronized (bodies) {
            return bodies.size();
        }
    }

    private static Map<String, ?> routes(Map<String, ?> retries) {
        Map<String, Object> all = new HashMap<>(retries);
        all.putIfAbsent("back_off", "1ms");
        return Map.of("routes", List.of(Map.of("path_prefix", "/", "cluster", "app", "retries", all)));
    }

    private static String request(String method, String body) {
        return method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\nConnection: close\r\n\r\n"
                + body;
    }

    private static int status(String answer) {
        return Integer.parseInt(answer.substring(9, 12));
    }

    /** The conditions of the documentation, one by one: what the first try met, and what the client then gets. The second try is answered 200. */
    @ParameterizedTest
    @CsvSource({
        "gateway_error, 500, 500",
        "gateway_error, 502, 200",
        "gateway_error, 503, 200",
        "gateway_error, 504, 200",
        "gateway_error, 505, 505",
        "gateway_error, 429, 429",
        "gateway_error, reset, 200",
        "5xx, 500, 200",
        "5xx, 505, 200",
        "5xx, 499, 499",
        "5xx, 200, 200",
        "5xx, reset, 200",
        "5xx, nonsense, 200",
        "429, 429, 200",
        "429, 503, 503",
        "429, reset, 502",
        "reset, reset, 200",
        "reset, nonsense, 200",
        "reset, 503, 503",
        "stale, reset, 502",
        "connect_failure, reset, 502",
    })
    void onWhat(String on, String first, int got) throws IOException {
        String answer = first.equals("reset")
                ? HANG_UP
                : first.equals("nonsense") ? "nonsense\r\n\r\n" : BUSY.replace("503 Busy", first + " Text");
        try (ScriptedServer server = server((number, body) -> number == 1 ? answer : OK);
                HttpBed bed = new HttpBed(routes(Map.of("on", List.of(on))), server.address())) {
            assertThat(status(bed.raw(GET))).isEqualTo(got);
            assertThat(tries()).isEqualTo(got == 200 && !first.equals("200") ? 2 : 1);
        }
    }

    private static long attempts(Exchange exchange) {
        for (int i = 0; i < exchange.attributes(); i++) {
            if (exchange.attributeName(i).equals("attempts")) {
                return (Long) exchange.attributeValue(i);
            }
        }
        return 1;
    }

    /** The last answer is the client's. */
    @ParameterizedTest
    @CsvSource({"1", "2", "4"})
    void asOftenAsTheRouteSays(int attempts) throws IOException {
        try (ScriptedServer server = server((number, body) -> BUSY);
                HttpBed bed =
                        new HttpBed(routes(Map.of("attempts", attempts, "statuses", List.of(503))), server.address())) {
            assertThat(bed.raw(GET)).startsWith("HTTP/1.1 503 ").endsWith("busy");
            assertThat(tries()).isEqualTo(attempts);
            assertThat(bed.exchanges)
                    .singleElement()
                    .satisfies(exchange -> assertThat(attempts(exchange)).isEqualTo(attempts));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, false, 200",
        "PUT, false, 200",
        "DELETE, false, 200",
        "POST, false, 503",
        "PATCH, false, 503",
        "POST, true, 200",
        "PATCH, true, 200",
    })
    void whatMayBeExecutedTwice(String method, boolean unsafe, int got) throws IOException {
        try (ScriptedServer server = server((number, body) -> number == 1 ? BUSY : OK);
                HttpBed bed =
                        new HttpBed(routes(Map.of("statuses", List.of(503), "unsafe", unsafe)), server.address())) {
            assertThat(status(bed.raw(request(method, "payload")))).isEqualTo(got);
            assertThat(bodies).containsOnly("payload").hasSize(got == 200 ? 2 : 1);
        }
    }

    /** A body of up to {@code buffer} is sent again as it was; of a longer one nothing is kept. */
    @ParameterizedTest
    @CsvSource({"1, 200", "1000, 200", "4096, 200", "100000, 503"})
    void asLongAsTheBodyIsKept(int length, int got) throws IOException {
        StringBuilder body = new StringBuilder();
        for (int i = 0; body.length() < length; i++) {
            body.append((char) ('a' + i % 26));
        }
        try (ScriptedServer server = server((number, sent) -> number == 1 ? BUSY : OK);
                HttpBed bed =
                        new HttpBed(routes(Map.of("statuses", List.of(503), "buffer", "4KiB")), server.address())) {
            assertThat(status(bed.raw(request("PUT", body.toString())))).isEqualTo(got);
            assertThat(bodies).containsOnly(body.toString()).hasSize(got == 200 ? 2 : 1);
        }
    }

    /** A try that takes too long is given up, and its connection with it; the next one has the time anew. */
    @Test
    void eachTryHasItsTime() throws Exception {
        CountDownLatch givenUp = new CountDownLatch(1);
        AtomicInteger tries = new AtomicInteger();
        ScriptedServer.Script slow = (peer, connection) -> {
            String head = peer.head();
            if (tries.incrementAndGet() == 1) {
                if (peer.head().isEmpty()) {
                    givenUp.countDown();
                }
            } else if (!head.isEmpty()) {
                peer.say(OK);
            }
        };
        Map<String, ?> routes = routes(Map.of("on", List.of("gateway_error"), "per_try_timeout", "300ms"));
        try (ScriptedServer server = new ScriptedServer(slow);
                HttpBed bed = new HttpBed(routes, server.address())) {
            assertThat(status(bed.raw(GET))).isEqualTo(200);
            givenUp.await();
            assertThat(bed.meters.get("weir.http.retries").counter().count()).isEqualTo(1);
        }
    }

    @Test
    void aTryThatTakesTooLongIsAnsweredWhereItMayNotBeMadeAgain() throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        Map<String, ?> routes = routes(Map.of("on", List.of("gateway_error"), "per_try_timeout", "100ms"));
        try (ScriptedServer server = server((number, body) -> {
                    over.await();
                    return OK;
                });
                HttpBed bed = new HttpBed(routes, server.address())) {
            assertThat(status(bed.raw(request("POST", "x")))).isEqualTo(504);
            assertThat(tries()).isEqualTo(1);
        } finally {
            over.countDown();
        }
    }

    /** Only the one that is busy is asked twice: the second try goes to the other one. */
    @Test
    void anotherEndpointIsAsked() throws IOException {
        try (ScriptedServer busy = ScriptedServer.answering(BUSY);
                ScriptedServer good = server((number, body) -> OK);
                HttpBed bed =
                        new HttpBed(routes(Map.of("on", List.of("gateway_error"))), busy.address(), good.address())) {
            for (int i = 0; i < 20; i++) {
                assertThat(status(bed.raw(GET))).isEqualTo(200);
            }
            assertThat(tries()).isEqualTo(20);
            assertThat(bed.meters.get("weir.http.retries").counter().count()).isBetween(10.0, 20.0);
        }
    }

    /** While one is tried again, and no more may be, another one gets the answer that there is. */
    @Test
    void theBudgetOfTheClusterBounds() throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Try busy = (number, body) -> {
            if (number != 2) {
                return number == 5 ? OK : BUSY;
            }
            second.countDown();
            goOn.await();
            return OK;
        };
        Map<String, ?> breakers = Map.of("retry_budget", Map.of("percent", 0, "minimum", 1));
        try (ScriptedServer server = server(busy);
                HttpBed bed = new HttpBed(
                        routes(Map.of("on", List.of("gateway_error"))),
                        List.of(HttpBed.cluster("app", Map.of("circuit_breakers", breakers), server.address())))) {
            try (Socket first = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
                first.setSoTimeout(3_000);
                first.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
                second.await();
                assertThat(status(bed.raw(GET))).isEqualTo(503); // the third try of all: there is no fourth
                assertThat(tries()).isEqualTo(3);
                goOn.countDown();
                assertThat(status(HttpBed.read(first))).isEqualTo(200);
            }
            assertThat(status(bed.raw(GET))).isEqualTo(200); // the fourth and the fifth
            assertThat(tries()).isEqualTo(5);
        }
    }

    private static double ejections(HttpBed bed) {
        return bed.meters.find("weir_cluster_ejections").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private boolean asksOnlyTheOther(HttpBed bed) {
        int before = tries();
        try {
            bed.raw(GET);
            bed.raw(GET);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tries() == before;
    }

    /** Answers that stand for an endpoint that cannot serve count for its ejection, others do not. */
    @ParameterizedTest
    @CsvSource({"503, true", "502, true", "500, false", "404, false"})
    void endpointsThatFailAreLeftOut(int status, boolean ejected) throws Exception {
        Map<String, ?> detection = Map.of("outlier_detection", Map.of("consecutive_failures", 3));
        try (ScriptedServer bad = server((number, body) -> BUSY.replace("503 Busy", status + " Text"));
                ScriptedServer good = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(
                        Map.of(), List.of(HttpBed.cluster("app", detection, bad.address(), good.address())))) {
            for (int i = 0; i < 10; i++) {
                bed.raw(GET);
            }
            assertThat(tries()).isBetween(3, 5);
            if (ejected) { // the loops are told a little later
                assertThat(Http2Bed.eventually(() -> asksOnlyTheOther(bed))).isTrue();
            }
            int before = tries();
            for (int i = 0; i < 20; i++) {
                bed.raw(GET);
            }
            assertThat(ejections(bed)).isEqualTo(ejected ? 1 : 0);
            assertThat(tries() - before).isEqualTo(ejected ? 0 : 10);
        }
    }
}
