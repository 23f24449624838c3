package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.exchange.Exchange;
import dev.weir.http.WebSocketPeers.Line;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** WebSockets through the terminal: the JDK's client and Jetty's to Jetty's server, each side by HTTP/1.1 or HTTP/2. */
class WebSocketIT {
    private final WebSocketPeers peers = new WebSocketPeers();

    @AfterEach
    void stop() throws Exception {
        peers.stop();
    }

    private Line open(String client, String upstream) throws Exception {
        peers.start(upstream, List.of("websocket"));
        return peers.connect(client, "/echo");
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty1,http1", "jetty1,http2", "jetty2,http1", "jetty2,http2"})
    void carriesMessages(String client, String upstream) throws Exception {
        Line line = open(client, upstream);
        Random random = new Random(3);
        line.send("short, and äöü");
        assertThat(line.text()).isEqualTo("short, and äöü");
        int bytes = 0;
        for (int size : new int[] {0, 1, 125, 126, 65_535, 65_536, 1 << 20, 4 << 20}) {
            byte[] message = new byte[size];
            random.nextBytes(message);
            line.send(message);
            assertThat(line.binary()).isEqualTo(message);
            bytes += size;
        }
        for (int i = 0; i < 500; i++) {
            line.send("message " + i);
        }
        for (int i = 0; i < 500; i++) {
            assertThat(line.text()).isEqualTo("message " + i);
        }
        line.ping("are you there?");
        assertThat(line.pong()).isEqualTo("are you there?");

        line.close(4_321, "enough");

        assertThat(line.closed()).startsWith("4321");
        assertThat(peers.serverClosed()).isEqualTo("4321 enough");
        Exchange told = peers.onlyExchange();
        assertThat(told.longWait).isTrue();
        assertThat(told.byWeir).isFalse();
        assertThat(told.status).isEqualTo(Exchange.Status.OK);
        assertThat(told.error).isNull();
        assertThat(told.requestBytes).isGreaterThan(bytes);
        assertThat(told.responseBytes).isGreaterThan(bytes);
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void theServerMayClose(String client, String upstream) throws Exception {
        Line line = open(client, upstream);
        line.send("close");
        assertThat(line.closed()).isEqualTo("4001 as asked");
        assertThat(peers.onlyExchange().status).isEqualTo(Exchange.Status.OK);
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void aServerThatGoesAwayIsSeen(String client, String upstream) throws Exception {
        Line line = open(client, upstream);
        line.send("here");
        assertThat(line.text()).isEqualTo("here");
        peers.server().cut();
        assertThat(line.closed()).startsWith("1006");
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void aClientThatGoesAwayIsSeen(String client, String upstream) throws Exception {
        Line line = open(client, upstream);
        line.send("here");
        assertThat(line.text()).isEqualTo("here");
        line.cut();
        assertThat(peers.serverClosed()).matches("100[16].*");
        peers.onlyExchange();
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void isRefusedWhereTheRouteDoesNotAllowIt(String client, String upstream) throws Exception {
        peers.start(upstream, List.of());
        assertThatThrownBy(() -> peers.connect(client, "/echo")).isInstanceOf(ExecutionException.class);
        assertThat(peers.opened()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void theServerMayRefuse(String client, String upstream) throws Exception {
        peers.start(upstream, List.of("websocket"));
        assertThatThrownBy(() -> peers.connect(client, "/refused"))
                .isInstanceOf(ExecutionException.class)
                .satisfies(e -> {
                    if (e.getCause() instanceof WebSocketHandshakeException refused) {
                        assertThat(refused.getResponse().statusCode()).isEqualTo(403);
                    } else {
                        assertThat(e.getCause().getMessage()).contains("403");
                    }
                });
        Exchange told = peers.onlyExchange();
        assertThat(told.error).isEqualTo("403");
        assertThat(told.byWeir).isFalse();
        // And others are served.
        Line line = peers.connect(client, "/echo");
        line.send("still there");
        assertThat(line.text()).isEqualTo("still there");
    }

    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2", "jetty2,http1", "jetty2,http2"})
    void theSubprotocolIsAgreedUpon(String client, String upstream) throws Exception {
        peers.start(upstream, List.of("websocket"));
        Line line = peers.connect(client, "/echo", "one", "two");
        assertThat(line.subprotocol()).isEqualTo("two");
    }

    /** A server that floods a client that does not read waits: what is under way is in windows and sockets. */
    @ParameterizedTest
    @CsvSource({"jdk,http1", "jdk,http2"})
    void aServerWaitsForAClientThatDoesNotRead(String client, String upstream) throws Exception {
        Line line = open(client, upstream);
        line.hold();
        line.send("flood");
        int before = -1;
        while (before != peers.flooded()) {
            before = peers.flooded();
            TimeUnit.MILLISECONDS.sleep(400);
        }
        assertThat(before).isBetween(1, WebSocketPeers.FLOOD - 1);
        line.goOn();
        for (int i = 0; i < WebSocketPeers.FLOOD; i++) {
            assertThat(line.binary()).hasSize(WebSocketPeers.PIECE);
        }
    }

    /** On one connection, with requests between them. */
    @ParameterizedTest
    @CsvSource({"http1", "http2"})
    void manyPassOnOneConnection(String upstream) throws Exception {
        peers.start(upstream, List.of("websocket"));
        List<Line> lines = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            lines.add(peers.connect("jetty2", "/echo"));
        }
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < lines.size(); i++) {
                lines.get(i).send(round + " " + i);
            }
            for (int i = 0; i < lines.size(); i++) {
                assertThat(lines.get(i).text()).isEqualTo(round + " " + i);
            }
        }
        for (Line line : lines) {
            line.close(1_000, "");
        }
        for (Line line : lines) {
            assertThat(line.closed()).startsWith("1000");
        }
        assertThat(Http2Bed.eventually(() -> peers.bed().exchanges.size() == 50))
                .isTrue();
        assertThat(peers.bed().exchanges)
                .allSatisfy(told -> assertThat(told.status).isEqualTo(Exchange.Status.OK));
    }

    private static int refusal(ScriptedServer server) throws Exception {
        try (HttpBed bed = new HttpBed(
                Map.of(
                        "upstream_protocol",
                        "http2",
                        "routes",
                        List.of(Map.of("cluster", "app", "upgrades", List.of("websocket")))),
                server.address())) {
            try {
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(URI.create("ws://127.0.0.1:" + bed.port() + "/"), new WebSocket.Listener() {})
                        .get(20, TimeUnit.SECONDS);
                return 101;
            } catch (ExecutionException e) {
                return ((WebSocketHandshakeException) e.getCause())
                        .getResponse()
                        .statusCode();
            } finally {
                assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
                assertThat(bed.exchanges.get(0).byWeir).isTrue();
            }
        }
    }

    /** Its settings come, and do not speak of RFC 8441. */
    @Test
    void anUpstreamThatDoesNotKnowItIsNotAsked() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
            peer.say("\0\0\0\4\0\0\0\0\0");
            peer.in.transferTo(OutputStream.nullOutputStream());
        })) {
            assertThat(refusal(server)).isEqualTo(502);
        }
    }

    @Test
    void anUpstreamThatSaysNothingIsNotWaitedForWhenItHasGone() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> peer.bytes(24))) {
            assertThat(refusal(server)).isEqualTo(503);
        }
    }
}
