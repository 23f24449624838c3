package dev.weir.http;

import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.RST_STREAM;
import static dev.weir.http.RawHttp2.WINDOW_UPDATE;
import static dev.weir.http.RawHttp2.number;
import static dev.weir.http.RawHttp2.setting;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.http.RawHttp2.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 through the whole terminal: what one request may do to others, and what is no HTTP any more. */
@Timeout(60)
class Http2PassageTest {
    private static final int CANCEL = 8;
    private static final int CONNECT_PROTOCOL = 8;
    private static final byte[] BOTH = "both".getBytes(StandardCharsets.US_ASCII);

    private static ServerSocket server() throws IOException {
        ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        server.setSoTimeout(20_000);
        return server;
    }

    private static HttpBed bed(ServerSocket server, String upstream, Map<String, ?> route) {
        Map<String, Object> routed = new HashMap<>(route);
        routed.put("cluster", "app");
        return new HttpBed(
                Map.of("upstream_protocol", upstream, "routes", List.of(routed)), "127.0.0.1:" + server.getLocalPort());
    }

    /** A server whose answers are as long as their path says. */
    private static JettyServer jetty() throws Exception {
        return new JettyServer(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                int bytes = Integer.parseInt(request.getHttpURI().getPath().substring(1));
                Content.Sink.write(response, true, "x".repeat(bytes), callback);
                return true;
            }
        });
    }

    /** Downloads that stand still fill their own windows, not that of the connection which all share. */
    @Test
    void downloadsThatNobodyTakesHoldUpNobody() throws Exception {
        Map<String, ?> narrow = Map.of("window", "64KiB", "connection_window", "64KiB", "streams", 4);
        try (JettyServer server = jetty();
                HttpBed bed = new HttpBed(Map.of("upstream_protocol", "http2", "upstream", narrow), server.address());
                RawHttp2 slow = new RawHttp2(bed.port(), setting(4, 1_000));
                RawHttp2 fast = new RawHttp2(bed.port())) {
            slow.get(1, "/300000").get(3, "/300000").get(5, "/300000").flush();
            for (int i = 0; i < 3; i++) {
                assertThat(slow.await(DATA)).isNotNull();
            }
            for (int i = 0; i < 20; i++) { // whatever is on its way has come
                fast.get(1 + 2 * i, "/500").flush();
                assertThat(fast.until(1 + 2 * i)).last().matches(f -> f.type() == DATA && f.ends());
            }

            assertThat(server.connections()).isEqualTo(1);
            int bytes = 1_000;
            slow.frame(WINDOW_UPDATE, 0, 0, number(1 << 20)).frame(WINDOW_UPDATE, 0, 3, number(1 << 20));
            slow.flush();
            while (bytes < 300_000) {
                Frame data = slow.await(DATA);
                assertThat(data).isNotNull();
                bytes += data.stream() == 3 ? data.payload().length : 0;
            }
        }
    }

    /** An extended CONNECT has no end: who asked for it says that nothing more comes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anUpgradeThatIsRefusedLeavesNoStreamBehind(boolean second) throws Exception {
        try (ServerSocket server = server();
                HttpBed bed = bed(server, "http2", Map.of("upgrades", List.of("websocket")));
                Socket first = new Socket(InetAddress.getLoopbackAddress(), bed.port());
                RawHttp2 client = new RawHttp2(bed.port())) {
            if (second) {
                client.frame(HEADERS, END_HEADERS, 1, client.request("CONNECT", "/chat", ":protocol", "websocket"))
                        .flush();
            } else {
                first.getOutputStream().write("""
                                GET /chat HTTP/1.1
                                Host: a
                                Connection: Upgrade
                                Upgrade: websocket
                                Sec-WebSocket-Version: 13
                                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

                                """.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII));
            }
            try (RawHttp2 upstream = RawHttp2.accept(server, setting(CONNECT_PROTOCOL, 1))) {
                Frame head = upstream.await(HEADERS);
                assertThat(upstream.fields(head)).contains(":method=CONNECT\n", ":protocol=websocket\n");
                assertThat(head.ends()).isFalse();
                upstream.frame(HEADERS, END_HEADERS | END_STREAM, 1, upstream.block(":status", "403"))
                        .flush();

                Frame reset = upstream.await(RST_STREAM);
                assertThat(reset).isNotNull();
                assertThat(reset.stream()).isEqualTo(1);
                assertThat(reset.code()).isEqualTo(CANCEL);
                assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
                assertThat(bed.exchanges.get(0).error).isEqualTo("403");
            }
        }
    }

    private static void connect(RawHttp2 client, int stream) {
        client.frame(HEADERS, END_HEADERS, stream, client.block(":method", "CONNECT", ":authority", "db:5432"))
                .flush();
    }

    @Test
    void connectIsRefusedUnlessARouteAllowsIt() throws Exception {
        try (ServerSocket server = server();
                HttpBed bed = bed(server, "http1", Map.of());
                RawHttp2 client = new RawHttp2(bed.port())) {
            connect(client, 1);

            assertThat(client.fields(client.await(HEADERS))).contains(":status=405\n");
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
            assertThat(bed.exchanges.get(0).error).isEqualTo("connect_refused");
        }
    }

    @Test
    void connectPassesToHttp1() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    assertThat(peer.head()).startsWith("CONNECT db:5432 HTTP/1.1\r\n");
                    peer.say("HTTP/1.1 200 OK\r\n\r\nfirst");
                    peer.say(peer.bytes(4));
                    peer.in.read(); // the end of the client's side
                    peer.say("last");
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(Map.of("cluster", "app", "connect", true))), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            connect(client, 1);
            assertThat(client.fields(client.await(HEADERS))).contains(":status=200\n");
            assertThat(client.await(DATA).text()).isEqualTo("first");
            client.frame(DATA, 0, 1, BOTH).flush();
            assertThat(client.await(DATA).text()).isEqualTo("both");
            client.frame(DATA, END_STREAM, 1).flush();

            StringBuilder rest = new StringBuilder();
            client.until(1).stream().filter(f -> f.type() == DATA).forEach(f -> rest.append(f.text()));
            assertThat(rest).hasToString("last");
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
            assertThat(bed.exchanges.get(0).status).isEqualTo(Exchange.Status.OK);
        }
    }

    @Test
    void connectPassesToHttp2() throws Exception {
        try (ServerSocket server = server();
                HttpBed bed = bed(server, "http2", Map.of("connect", true));
                RawHttp2 client = new RawHttp2(bed.port())) {
            connect(client, 1);
            try (RawHttp2 upstream = RawHttp2.accept(server)) {
                Frame head = upstream.await(HEADERS);
                assertThat(upstream.fields(head)).startsWith(":method=CONNECT\n:authority=db:5432\nx-");
                upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "200"))
                        .flush();
                assertThat(client.fields(client.await(HEADERS))).contains(":status=200\n");
                client.frame(DATA, 0, 1, BOTH).flush();
                assertThat(upstream.await(DATA).text()).isEqualTo("both");
                client.frame(DATA, END_STREAM, 1).flush();
                assertThat(upstream.await(DATA)).matches(Frame::ends);
                upstream.frame(DATA, END_STREAM, 1, BOTH).flush();
                assertThat(client.await(DATA)).matches(f -> f.ends() && f.text().equals("both"));
            }
        }
    }

    /** There is no time for heads: they may come in pieces all the same. */
    @Test
    void headsMayTakeTheirTime() throws Exception {
        try (ScriptedServer server = ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("headers", "0s")), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            client.frame(PING, 0, 0, new byte[8]).flush();
            client.await(PING); // and the settings are agreed on
            byte[] block = client.request("GET", "/");
            // A ping, and the beginning of the frame: when the one is answered, the other has been read.
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(new byte[] {0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8});
            both.writeBytes(new byte[] {0, 0, (byte) block.length, HEADERS, END_STREAM | END_HEADERS, 0, 0, 0, 1});
            client.bytes(both.toByteArray());
            assertThat(client.await(PING)).isNotNull();
            client.bytes(block);
            assertThat(client.until(1)).last().matches(f -> f.type() == HEADERS && f.ends());
        }
    }
}
