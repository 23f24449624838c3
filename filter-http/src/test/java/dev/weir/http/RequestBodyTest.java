package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The body of a request that waits for a connection to its upstream. */
class RequestBodyTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final int LENGTH = 20_000;

    /** In chunks of any size it arrives whole and in order, and while it waits it takes little more than its bytes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 255, 256, 1_000, 5_000})
    void waits(int chunk) throws Exception {
        StringBuilder text = new StringBuilder();
        StringBuilder chunked = new StringBuilder();
        for (int at = 0; at < LENGTH; at += chunk) {
            int length = Math.min(chunk, LENGTH - at);
            chunked.append(Integer.toHexString(length)).append("\r\n");
            for (int i = at; i < at + length; i++) {
                text.append((char) ('a' + i % 23));
                chunked.append((char) ('a' + i % 23));
            }
            chunked.append("\r\n");
        }
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        StringBuilder got = new StringBuilder();
        Map<String, ?> one = Map.of("circuit_breakers", Map.of("max_connections", 1));
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    busy.countDown();
                    goOn.await();
                    peer.say(OK);
                    peer.head();
                    while (got.length() < LENGTH) {
                        StringBuilder size = new StringBuilder();
                        for (int b = peer.in.read(); b != '\n'; b = peer.in.read()) {
                            size.append((char) b);
                        }
                        got.append(peer.bytes(Integer.parseInt(size.toString().trim(), 16)));
                        peer.bytes(2);
                    }
                    peer.say(OK);
                });
                HttpBed bed = new HttpBed(Map.of(), List.of(HttpBed.cluster("app", one, server.address())));
                Socket first = new Socket(InetAddress.getLoopbackAddress(), bed.port());
                Socket second = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            first.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(busy.await(10, TimeUnit.SECONDS)).isTrue();
            long before = bed.proxy.listeners().get(0).bytesFromClients();
            OutputStream out = second.getOutputStream();
            String head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            out.write((head + chunked + "0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            long sent = head.length() + chunked.length() + 5L;
            assertThat(Http2Bed.eventually(() -> bed.proxy.listeners().get(0).bytesFromClients() >= before + sent))
                    .isTrue();

            assertThat(Living.count("io\\.netty\\.buffer\\.\\w*ByteBuf")).isLessThan(3_000);
            goOn.countDown();
            second.setSoTimeout(10_000);
            assertThat(second.getInputStream().read()).isEqualTo('H');
            assertThat(got).hasToString(text.toString());
        }
    }
}
