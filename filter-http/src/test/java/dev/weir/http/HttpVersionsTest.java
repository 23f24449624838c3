package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.testkit.RecordingExchanges;
import dev.weir.http.RawHttp2.Frame;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where one version of HTTP has what the other one has not, or tells otherwise. */
class HttpVersionsTest {
    /** An upstream says how large a head it takes; a larger one is the client's doing, and costs nobody else anything. */
    @Test
    void aHeadThatAnUpstreamDoesNotTakeIsTheClients() throws Exception {
        try (JettyServer server = new JettyServer(new MirrorHandler());
                HttpBed second = new HttpBed(
                        Map.of("limits", Map.of("header_bytes", "1KiB"), "timeouts", Map.of("headers", "5s")),
                        server.address());
                HttpBed first = new HttpBed(Map.of("upstream_protocol", "http2"), "127.0.0.1:" + second.port())) {
            String large = "X-Large: " + "x".repeat(20_000) + "\r\n";
            for (int i = 0; i < 3; i++) {
                assertThat(first.raw("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                        .startsWith("HTTP/1.1 200 ");
                assertThat(first.raw("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + large + "\r\n"))
                        .startsWith("HTTP/1.1 431 ");
            }

            assertThat(second.proxy.listeners().get(0).connectionsTotal()).isEqualTo(1);
            assertThat(second.exchanges).hasSize(3);
            Exchange told = first.exchanges.get(1);
            assertThat(RecordingExchanges.fields(told))
                    .containsEntry("error", "head_too_large")
                    .containsEntry("by", "weir")
                    .containsEntry("http_status", "431");
        }
    }

    /** A body of no bytes may have trailers in HTTP/2; in HTTP/1.1 only chunks have. */
    @ParameterizedTest
    @CsvSource({"0, '', true", "0, x-sum, true", "3, x-sum, true", "3, '', false"})
    void trailersBehindALengthReachTheServer(String length, String trailer, boolean arrive) throws Exception {
        try (JettyServer server = new JettyServer(new MirrorHandler());
                HttpBed bed = new HttpBed(Map.of("client_protocol", "http2"), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            byte[] head = trailer.isEmpty()
                    ? client.request("POST", "/a", "content-length", length)
                    : client.request("POST", "/a", "content-length", length, "trailer", trailer);
            client.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, head);
            if (!length.equals("0")) {
                client.frame(RawHttp2.DATA, 0, 1, "abc".getBytes(StandardCharsets.US_ASCII));
            }
            client.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, 1, client.block("x-sum", "10"))
                    .flush();
            StringBuilder answer = new StringBuilder();
            client.until(1).forEach(frame -> answer.append(frame.text()));

            assertThat(answer).contains("\nbody " + length + " ");
            assertThat(answer.toString().contains("trailers\nx-sum: 10\n")).isEqualTo(arrive);
        }
    }

    /** Without any, a length stays what it was. */
    @Test
    void aLengthOfZeroStays() throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    seen.complete(peer.head());
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                });
                HttpBed bed = new HttpBed(Map.of("client_protocol", "http2"), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            client.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, client.request("POST", "/a", "content-length", "0"))
                    .frame(RawHttp2.DATA, RawHttp2.END_STREAM, 1)
                    .flush();

            assertThat(seen.get(5, TimeUnit.SECONDS)).containsIgnoringCase("content-length: 0\r\n");
            assertThat(client.until(1)).last().matches(Frame::ends);
        }
    }
}
