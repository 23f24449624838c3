package dev.weir.http;

import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.RST_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.http.RawHttp2.Frame;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** RFC 9113, 5.1: behind RST_STREAM nothing of its stream may come. */
@Timeout(60)
class Http2ResetOrderTest {
    @Test
    void dataOfTheSameTurnComeBefore() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                HttpBed bed = new HttpBed(Map.of("upstream_protocol", "http2"), "127.0.0.1:" + server.getLocalPort());
                RawHttp2 client = new RawHttp2(bed.port())) {
            client.get(1, "/").flush();
            try (RawHttp2 upstream = RawHttp2.accept(server)) {
                upstream.await(HEADERS);
                upstream.frame(HEADERS, END_HEADERS | END_STREAM, 1, upstream.block(":status", "204"))
                        .flush();
                client.until(1);

                client.post(3, "/")
                        .frame(DATA, 0, 3, new byte[100])
                        .frame(RST_STREAM, 0, 3, RawHttp2.number(8))
                        .frame(PING, 0, 0, new byte[8])
                        .flush();
                client.get(5, "/").flush();

                List<Integer> seen = new ArrayList<>();
                for (Frame frame = upstream.read(); frame.stream() != 5; frame = upstream.read()) {
                    if (frame.stream() == 3) {
                        seen.add(frame.type());
                    }
                }
                for (int i = 0; i < 3 && !seen.contains(RST_STREAM); i++) {
                    Frame frame = upstream.read();
                    if (frame.stream() == 3) {
                        seen.add(frame.type());
                    }
                }
                assertThat(seen).containsExactly(HEADERS, DATA, RST_STREAM);
            }
        }
    }
}
