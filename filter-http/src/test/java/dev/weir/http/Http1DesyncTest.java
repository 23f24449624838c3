package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that others use afterwards: nothing of one exchange may be taken for a part of another one. */
class Http1DesyncTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    private static final Map<String, ?> UPGRADES = Map.of(
            "routes",
            List.of(Map.of("path_prefix", "/", "cluster", "app", "upgrades", List.of("websocket"), "connect", true)));

    /** What an upgrade promises as its body never comes if it is refused. */
    @Test
    void anUpgradeWithABodyIsARequestWithABody() throws IOException {
        List<String> bodies = new CopyOnWriteArrayList<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                        bodies.add(head.contains("Content-Length: 10") ? peer.bytes(10) : "");
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(UPGRADES, server.address())) {
            String answers = bed.raw(
                    "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 10\r\n\r\n0123456789"
                            + LAST);

            assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(3);
            assertThat(bodies).containsExactly("0123456789", "");
            assertThat(bed.raw("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\n\r\nabc"))
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    @Test
    void bytesBehindAnAnswerAreNoAnswer() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say(OK + (number == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL" : ""));
                    while (!peer.head().isEmpty()) {
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(GET + LAST)).doesNotContain("EVIL");
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 042 X\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 1000 X\r\nContent-Length: 2\r\n\r\nok"
            })
    void answersThatOthersReadInAnotherWayAreNone(String answer) throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(answer);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 502 ");
        }
    }

    @Test
    void aDraftOfWebSocketHidesNothing() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(
                            "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n\r\nXXXXXXXX"
                                    + LAST))
                    .startsWith("HTTP/1.1 400 ")
                    .doesNotContain("200 OK");
            assertThat(bed.raw("POST / HTTP/1.0\r\nContent-Length: 3\r\ncontent-length: 9\r\n\r\nabc"))
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    /** Only what is called so tells a length. */
    @Test
    void aNameThatBeginsAsContentLengthIsAnother() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            String head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n";
            assertThat(bed.raw(head + "Content-Length-Hint: 1\r\n\r\n")).startsWith("HTTP/1.1 200 ");
            assertThat(bed.raw(head + "Content-Length:0\r\n\r\n")).startsWith("HTTP/1.1 400 ");
            assertThat(bed.raw(head + "Content-Length : 0\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        }
    }

    /** A connect that is over before anybody waits for it: a Unix socket, there or not. */
    @Test
    void connectsThatAreOverAtOnceAreHeard(@TempDir Path folder) throws Exception {
        try (HttpBed none = new HttpBed(Map.of(), "unix:" + folder.resolve("none.sock"))) {
            assertThat(none.raw(LAST)).startsWith("HTTP/1.1 503 ");
        }
        Path socket = folder.resolve("some.sock");
        try (var listening = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            listening.bind(java.net.UnixDomainSocketAddress.of(socket));
            Thread serving = new Thread(() -> {
                try (var one = listening.accept()) {
                    one.read(java.nio.ByteBuffer.allocate(4096));
                    one.write(java.nio.ByteBuffer.wrap(OK.getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException e) {
                    // The test is over.
                }
            });
            serving.setDaemon(true);
            serving.start();
            try (HttpBed some = new HttpBed(Map.of(), "unix:" + socket)) {
                assertThat(some.raw(LAST)).startsWith("HTTP/1.1 200 OK");
            }
        }
    }

    @Test
    void onlyTheUpgradeThatMayPassPasses() throws IOException {
        List<String> heads = new CopyOnWriteArrayList<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    heads.add(peer.head());
                    peer.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
                });
                HttpBed bed = new HttpBed(UPGRADES, server.address())) {
            assertThat(
                            bed.raw(
                                    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n"))
                    .startsWith("HTTP/1.1 502 ");
            assertThat(heads).singleElement().asString().doesNotContainIgnoringCase("h2c");
        }
    }

    /** Whatever they look like: here like a request, and like what is none. */
    @ParameterizedTest
    @ValueSource(strings = {"hello", "GET /x HTTP/1.1\r\nHost: b\r\n\r\n", "\u0016\u0003\u0001\u0000\u0005abcde"})
    void bytesBehindAnUpgradePassAsTheyAre(String early) throws IOException {
        StringBuilder got = new StringBuilder();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
                    got.append(peer.bytes(early.length() + 5));
                    peer.say("done");
                });
                HttpBed bed = new HttpBed(UPGRADES, server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream()
                    .write(("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + early)
                            .getBytes(StandardCharsets.ISO_8859_1));
            client.getInputStream().readNBytes(40);
            client.getOutputStream().write("later".getBytes(StandardCharsets.US_ASCII));

            assertThat(HttpBed.read(client)).endsWith("done");
            assertThat(got).hasToString(early + "later");
        }
    }

    /** And where there is none, they are the next request. */
    @Test
    void requestsBehindARefusedUpgradeAreServed() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + GET
                                    + LAST)
                            .split("HTTP/1.1 200 OK", -1))
                    .hasSize(4);
        }
    }

    @Test
    void aCutAnswerDoesNotLookComplete() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
                });
                HttpBed bed = new HttpBed(Map.of(), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String end;
            try {
                end = HttpBed.read(client) + " and an orderly end";
            } catch (java.net.SocketException reset) {
                end = "reset";
            }
            assertThat(end).isEqualTo("reset");
        }
    }

    @Test
    void informationalHeadsAreFew() throws Exception {
        AtomicLong written = new AtomicLong();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    String flood = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1_000);
                    while (written.get() < 50 << 20) {
                        peer.say(flood);
                        written.addAndGet(flood.length());
                    }
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(LAST)).contains("HTTP/1.1 502 ");
            assertThat(written).hasValueLessThan(50 << 20);
        }
    }

    @Test
    void mirrorsThatHangGiveTheirPlacesBack() throws Exception {
        Map<String, ?> terminal = Map.of(
                "timeouts",
                Map.of("request", "300ms"),
                "routes",
                List.of(Map.of("path_prefix", "/", "cluster", "app", "mirrors", List.of(Map.of("cluster", "shadow")))));
        try (ScriptedServer server = ScriptedServer.answering(OK);
                ScriptedServer hangs = new ScriptedServer((peer, number) -> {
                    peer.head();
                    TimeUnit.SECONDS.sleep(60);
                });
                HttpBed bed = new HttpBed(
                        terminal,
                        List.of(
                                HttpBed.cluster("app", Map.of(), server.address()),
                                HttpBed.cluster(
                                        "shadow",
                                        Map.of("circuit_breakers", Map.of("max_requests", 1)),
                                        hangs.address())))) {
            assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 200 OK");
            double lagged = 0;
            for (int i = 0; i < 60 && lagged < 1; i++) {
                TimeUnit.MILLISECONDS.sleep(50);
                lagged = bed.meters
                        .get("weir.http.mirrored")
                        .tag("result", "lagged")
                        .counter()
                        .count();
            }
            assertThat(lagged).isEqualTo(1);
            assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 200 OK");
            assertThat(bed.meters
                            .get("weir.http.mirrored")
                            .tag("result", "sent")
                            .counter()
                            .count())
                    .isEqualTo(2);
        }
    }

    @Test
    void pipelinedRequestsBeforeTheEndAreServedWhereThatIsWanted() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of("limits", Map.of("serve_half_closed", true)), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream().write(GET.repeat(3).getBytes(StandardCharsets.US_ASCII));
            client.shutdownOutput();

            assertThat(HttpBed.read(client).split("HTTP/1.1 200 OK", -1)).hasSize(4);
        }
    }

    /** What does not go on decides nothing: a client could show routes, rules and statistics what the upstream never sees. */
    @Test
    void headersThatConnectionNamesAreNotLookedAt() throws IOException {
        List<Map<String, ?>> routes = List.of(
                Map.of(
                        "headers",
                        List.of(Map.of("name", "x-inner", "present", true)),
                        "direct_response",
                        Map.of("status", 200, "body", "inner")),
                Map.of("path_prefix", "/", "cluster", "app"));
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of("routes", routes), server.address())) {
            assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\nX-Inner: 1\r\nConnection: close\r\n\r\n"))
                    .endsWith("inner");
            assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\nX-Inner: 1\r\nConnection: close, X-Inner\r\n\r\n"))
                    .endsWith("ok");
        }
    }
}
