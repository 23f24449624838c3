package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client sends ahead waits as it came: decoded it would take many times its room. */
class Http1AheadTest {
    private static final int REQUESTS = 1_800;
    /** After so much the buffer for reading is as large as it gets. */
    private static final int LARGE = 4 << 20;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DefaultHttpRequest GET / HTTP/1.1\r\nHost:a\r\n\r\n",
                "DefaultHttpContent 1\r\nx\r\n",
            })
    void littleOfItIsDecoded(String kind) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        String type = kind.substring(0, kind.indexOf(' '));
        String piece = kind.substring(kind.indexOf(' ') + 1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.bytes(LARGE);
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    peer.head();
                    asked.countDown();
                    over.await();
                });
                HttpBed bed = new HttpBed(Map.of("client_protocol", "http1"), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            OutputStream out = client.getOutputStream();
            out.write(("POST / HTTP/1.1\r\nHost:a\r\nContent-Length:" + LARGE + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.write(new byte[LARGE]);
            assertThat(client.getInputStream().read()).isEqualTo('H');
            String first = "GET / HTTP/1.1\r\nHost:a\r\n\r\n"
                    + (type.endsWith("Content")
                            ? "POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n"
                            : "");
            String all = first + piece.repeat(REQUESTS);
            out.write(all.getBytes(StandardCharsets.US_ASCII));
            assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(Http2Bed.eventually(() ->
                            bed.proxy.listeners().get(0).bytesFromClients() >= LARGE + Math.min(all.length(), 8_192)))
                    .isTrue();

            assertThat(Living.count("io\\.netty\\.handler\\.codec\\.http\\." + type))
                    .isLessThan(100);
            over.countDown();
        }
    }

    @Test
    void itIsServedWholeAndInOrder() throws Exception {
        int requests = REQUESTS;
        try (JettyServer server = new JettyServer(new MirrorHandler());
                HttpBed bed = new HttpBed(Map.of("client_protocol", "http1"), server.address())) {
            StringBuilder all = new StringBuilder();
            for (int i = 1; i < requests; i++) {
                all.append("POST /")
                        .append(i)
                        .append(" HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
            }
            all.append("GET /last HTTP/1.1\r\nHost:a\r\nConnection:close\r\n\r\n");
            String answers = bed.raw(all.toString());

            assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(requests + 1);
            assertThat(answers).endsWith("body 0 0\n").contains("GET /last\n");
            List<Exchange> told = bed.exchanges;
            assertThat(told).hasSize(requests);
            int at = -1;
            for (int i = 1; i < requests; i++) {
                at = answers.indexOf("POST /" + i + "\n", at + 1);
                assertThat(at).as("answer %s in its place", i).isPositive();
            }
        }
    }
}
