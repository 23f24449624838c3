package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much of a head clients and upstreams of HTTP/1.1 may send, and what becomes of their connections when the proxy drains. */
class Http1LimitsTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String HEAD = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";

    private static int status(String answer) {
        return answer.isEmpty() ? 0 : Integer.parseInt(answer.substring(9, 12));
    }

    private static HttpBed bed(ScriptedServer server) {
        return new HttpBed(
                Map.of("limits", Map.of("header_bytes", "1KiB", "headers", 10, "request_line", "100B")),
                server.address());
    }

    /** {@code 414} for the first line, {@code 431} for the rest (RFC 6585, 5; RFC 9110, 15.5.15). */
    @ParameterizedTest
    @CsvSource({"60, 200", "80, 200", "100, 414", "200, 414", "60000, 414"})
    void theFirstLine(int target, int got) throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = bed(server)) {
            String request = "GET /" + "x".repeat(target - 1) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            assertThat(status(bed.raw(request))).isEqualTo(got);
            assertThat(server.connections()).isEqualTo(got == 200 ? 1 : 0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 900, 200",
        "1, 1024, 431",
        "1, 100000, 431",
        "8, 10, 200",
        "9, 10, 431",
        "9, 200, 431",
        "500, 0, 431"
    })
    void headers(int count, int length, int got) throws IOException {
        StringBuilder request = new StringBuilder(HEAD);
        for (int i = 0; i < count; i++) {
            request.append("X-")
                    .append(i)
                    .append(": ")
                    .append("y".repeat(length))
                    .append("\r\n");
        }
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = bed(server)) {
            assertThat(status(bed.raw(request.append("\r\n").toString()))).isEqualTo(got);
            assertThat(server.connections()).isEqualTo(got == 200 ? 1 : 0);
        }
    }

    /** Trailers have the same room as headers; what comes of the request then is refused, or the exchange fails, but the server never gets a whole one. */
    @ParameterizedTest
    @CsvSource({"1, 100, true", "1, 2000, false", "50, 10, false"})
    void trailers(int count, int length, boolean passes) throws IOException {
        StringBuilder request = new StringBuilder(HEAD.replace("GET", "POST"));
        request.append("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n");
        for (int i = 0; i < count; i++) {
            request.append("X-")
                    .append(i)
                    .append(": ")
                    .append("y".repeat(length))
                    .append("\r\n");
        }
        CountDownLatch whole = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    StringBuilder all = new StringBuilder();
                    for (int b = peer.in.read(); b >= 0; b = peer.in.read()) {
                        all.append((char) b);
                        if (all.toString().endsWith("\r\n\r\n")) {
                            whole.countDown();
                            peer.say(OK);
                            return;
                        }
                    }
                });
                HttpBed bed = bed(server)) {
            String answer = bed.raw(request.append("\r\n").toString());
            assertThat(status(answer)).isEqualTo(passes ? 200 : 431);
            assertThat(whole.getCount()).isEqualTo(passes ? 0 : 1);
        }
    }

    /** It is no trailer, and no limit of headers. */
    @Test
    void aChunkWithALongExtension() throws IOException {
        String request = HEAD.replace("GET", "POST") + "Transfer-Encoding: chunked\r\n\r\n1;" + "x".repeat(200);
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = bed(server)) {
            assertThat(status(bed.raw(request + "\r\ny\r\n0\r\n\r\n"))).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 100, 200", "1, 2000, 502", "20, 10, 502"})
    void headsOfUpstreams(int count, int length, int got) throws IOException {
        StringBuilder answer = new StringBuilder("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
        for (int i = 0; i < count; i++) {
            answer.append("X-")
                    .append(i)
                    .append(": ")
                    .append("y".repeat(length))
                    .append("\r\n");
        }
        try (ScriptedServer server = ScriptedServer.answering(answer + "\r\nok");
                HttpBed bed = new HttpBed(
                        Map.of("upstream", Map.of("header_bytes", "1KiB", "headers", 10)), server.address())) {
            assertThat(status(bed.raw(HEAD + "\r\n"))).isEqualTo(got);
        }
    }

    /** Who waits for nothing is closed; who waits for an answer gets it, and is told that it is the last one. */
    @Test
    void drains() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    if (peer.head().startsWith("GET /slow")) {
                        asked.countDown();
                        answer.await();
                    }
                    peer.say(OK);
                    peer.head();
                });
                HttpBed bed = new HttpBed(Map.of(), server.address());
                Socket idle = new Socket(InetAddress.getLoopbackAddress(), bed.port());
                Socket busy = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            idle.setSoTimeout(20_000);
            busy.setSoTimeout(20_000);
            idle.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(idle.getInputStream().read()).isEqualTo('H');
            busy.getOutputStream()
                    .write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /late HTTP/1.1\r\nHost: a\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            asked.await();

            var drained = bed.proxy.drain();

            assertThat(HttpBed.read(idle)).endsWith("ok");
            assertThat(drained).isNotDone();
            answer.countDown();
            String last = HttpBed.read(busy);
            assertThat(last).containsIgnoringCase("\r\nconnection: close\r\n").endsWith("ok");
            assertThat(last.split("200 OK", -1)).hasSize(2);
            drained.get(20, TimeUnit.SECONDS);
        }
    }
}
