package dev.weir.http;

import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.HEADERS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that ends its side of a tunnel before the server has agreed to it: the server gets what was said, and the end. */
@Timeout(60)
class TunnelEarlyEndTest {
    @ParameterizedTest
    @ValueSource(strings = {"data", "head", "trailers"})
    void theServerHearsOfIt(String how) throws Exception {
        CompletableFuture<Void> asked = new CompletableFuture<>();
        CompletableFuture<Void> said = new CompletableFuture<>();
        CompletableFuture<String> got = new CompletableFuture<>();
        Map<String, ?> route = Map.of("cluster", "app", "upgrades", List.of("websocket"));
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    asked.complete(null);
                    said.join();
                    peer.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
                    got.complete(new String(peer.in.readAllBytes(), StandardCharsets.US_ASCII));
                });
                HttpBed bed = new HttpBed(Map.of("routes", List.of(route)), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            byte[] request = client.request("CONNECT", "/", ":protocol", "websocket");
            boolean once = how.equals("head");
            client.frame(HEADERS, END_HEADERS | (once ? END_STREAM : 0), 1, request);
            if (!once) {
                client.frame(DATA, how.equals("data") ? END_STREAM : 0, 1, "hello".getBytes(StandardCharsets.US_ASCII));
            }
            if (how.equals("trailers")) {
                client.frame(HEADERS, END_HEADERS | END_STREAM, 1, client.block("x-t", "1"));
            }
            client.flush();
            asked.get(10, TimeUnit.SECONDS);
            TimeUnit.MILLISECONDS.sleep(200); // what the client said is there, too
            said.complete(null);

            assertThat(got.get(10, TimeUnit.SECONDS)).isEqualTo(once ? "" : "hello");
            assertThat(client.until(1)).last().matches(RawHttp2.Frame::ends);
        }
    }
}
