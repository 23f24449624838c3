package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of answers, and of their absence: upstreams that do what real ones do rarely. RFC 9112 §6, §8 and §9. */
class Http1UpstreamTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String LAST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void keepsConnectionsForRequestsToCome() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            for (int i = 0; i < 5; i++) {
                assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 200 OK").endsWith("ok");
            }
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    /** Each connection serves one request, and is closed when the second one is on its way. */
    private static ScriptedServer closingOnSecond(AtomicInteger served) throws IOException {
        return new ScriptedServer((peer, number) -> {
            peer.head();
            served.incrementAndGet();
            peer.say(OK);
            peer.head();
        });
    }

    @Test
    void asksAgainWhereAKeptConnectionWasClosed() throws IOException {
        AtomicInteger served = new AtomicInteger();
        try (ScriptedServer server = closingOnSecond(served);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(GET + LAST)).contains("200 OK").endsWith("ok").doesNotContain("502");
            assertThat(served).hasValue(2);
        }
    }

    @Test
    void doesNotSendTwiceWhatMayHaveBeenExecuted() throws IOException {
        AtomicInteger served = new AtomicInteger();
        try (ScriptedServer server = closingOnSecond(served);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            String answers =
                    bed.raw(GET + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

            assertThat(answers).contains("HTTP/1.1 502 ").contains("stale");
            assertThat(served).hasValue(1);
        }
    }

    @Test
    void asksAnotherEndpointWhereOneDoesNotAccept() throws IOException {
        int nobody;
        try (java.net.ServerSocket gone = new java.net.ServerSocket(0)) {
            nobody = gone.getLocalPort();
        }
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of(), "127.0.0.1:" + nobody, server.address())) {
            for (int i = 0; i < 4; i++) {
                assertThat(bed.raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"))
                        .startsWith("HTTP/1.1 200 OK");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
            })
    void tellsOfAnAnswerThatIsNone(String answer) throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(answer);
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 502 ");
            assertThat(bed.exchanges).singleElement().satisfies(e -> {
                assertThat(e.status).isEqualTo(Exchange.Status.ERROR);
                assertThat(e.byWeir).isTrue();
            });
        }
    }

    @Test
    void showsThatABodyIsNotComplete() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            String answer = bed.raw(GET);

            assertThat(answer).contains("Content-Length: 10").endsWith("half");
            assertThat(bed.exchanges)
                    .singleElement()
                    .satisfies(e -> assertThat(e.status).isNotEqualTo(Exchange.Status.OK));
        }
    }

    @Test
    void aBodyThatEndsWithItsConnectionGetsAnEndOfItsOwn() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\n\r\nall of it");
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            assertThat(bed.raw(LAST))
                    .containsIgnoringCase("transfer-encoding: chunked")
                    .endsWith("9\r\nall of it\r\n0\r\n\r\n");
            String old = bed.raw("GET / HTTP/1.0\r\n\r\n");
            assertThat(old).doesNotContainIgnoringCase("chunked").contains("connection: close");
            assertThat(body(old)).isEqualTo("all of it");
        }
    }

    @Test
    void answersWithoutBodyHaveNone() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                        String path = head.split(" ", -1)[1];
                        peer.say(
                                path.equals("/204")
                                        ? "HTTP/1.1 204 No Content\r\n\r\n"
                                        : path.equals("/304")
                                                ? "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"
                                                : "HTTP/1.1 200 OK\r\nContent-Length: 88\r\n\r\n");
                    }
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            String all = bed.raw(
                    "GET /204 HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

            assertThat(all)
                    .contains("204 No Content", "304 Not Modified", "Content-Length: 77", "Content-Length: 88")
                    .doesNotContainIgnoringCase("chunked")
                    .endsWith("\r\n\r\n");
            assertThat(all.split("HTTP/1.1 ", -1)).hasSize(4);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void informationalHeadsPass() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    String head = peer.head();
                    assertThat(head).containsIgnoringCase("expect: 100-continue");
                    peer.say("HTTP/1.1 100 Continue\r\n\r\n");
                    String got = peer.bytes(4);
                    peer.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + got);
                });
                HttpBed bed = new HttpBed(Map.of(), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream()
                    .write(
                            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            String first = new String(client.getInputStream().readNBytes(25), StandardCharsets.US_ASCII);
            assertThat(first).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            client.getOutputStream().write("body".getBytes(StandardCharsets.US_ASCII));
            assertThat(HttpBed.read(client))
                    .contains("103 Early Hints", "Link: </a>", "200 OK")
                    .endsWith("body");
        }
    }

    @Test
    void trailersPassBothWays() throws IOException {
        StringBuilder seen = new StringBuilder();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    seen.append(peer.head());
                    seen.append(peer.bytes("4\r\nwhat\r\n0\r\nx-sum: 7\r\n\r\n".length()));
                    peer.say(
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n3\r\nyes\r\n0\r\nx-t: 1\r\n\r\n");
                });
                HttpBed bed = new HttpBed(Map.of(), server.address())) {
            String answer = bed.raw(
                    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwhat\r\n0\r\nx-sum: 7\r\n\r\n");

            assertThat(seen).contains("Transfer-Encoding: chunked").endsWith("4\r\nwhat\r\n0\r\nx-sum: 7\r\n\r\n");
            assertThat(answer).contains("Trailer: x-t").endsWith("3\r\nyes\r\n0\r\nx-t: 1\r\n\r\n");
        }
    }

    @Test
    void timeOutsAreAnswered() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.head();
                });
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("request", "200ms")), server.address());
                HttpBed idle = new HttpBed(Map.of("timeouts", Map.of("stream_idle", "300ms")), server.address())) {
            assertThat(bed.raw(LAST)).startsWith("HTTP/1.1 504 ").contains("upstream timeout");
            assertThat(idle.raw(LAST)).startsWith("HTTP/1.1 504 ").contains("idle timeout");
        }
    }

    @Test
    void triesAgainAfterAnAnswerThatSaysSo() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        ScriptedServer.Script busy = (peer, number) -> {
            for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                String body = head.contains("Content-Length: 4") ? peer.bytes(4) : "";
                boolean first = asked.incrementAndGet() % 2 == 1;
                peer.say(
                        first
                                ? "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
                                : "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            }
        };
        Map<String, ?> route = Map.of(
                "path_prefix",
                "/",
                "cluster",
                "app",
                "retries",
                Map.of("attempts", 2, "statuses", List.of(503), "back_off", "1ms"));
        try (ScriptedServer server = new ScriptedServer(busy);
                HttpBed bed = new HttpBed(Map.of("routes", List.of(route)), server.address())) {
            assertThat(bed.raw("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"))
                    .startsWith("HTTP/1.1 200 OK")
                    .endsWith("body");
            // POST may not be executed twice.
            assertThat(bed.raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"))
                    .startsWith("HTTP/1.1 503 ");
            assertThat(bed.meters.get("weir.http.retries").counter().count()).isEqualTo(1);
        }
    }

    @Test
    void anAnswerBeforeTheEndOfTheRequestArrives() throws IOException {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
                    peer.socket.shutdownOutput();
                    peer.in.readNBytes(1 << 20);
                });
                HttpBed bed = new HttpBed(Map.of(), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream()
                    .write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            client.getOutputStream().write(new byte[100_000]);
            assertThat(HttpBed.read(client))
                    .startsWith("HTTP/1.1 413 Too Large")
                    .endsWith("big");
        }
    }

    /** Neither a client that does not read nor an upstream that does not may fill the memory. */
    @Test
    void nothingIsHeldForWhoDoesNotRead() throws Exception {
        AtomicLong sent = new AtomicLong();
        AtomicLong taken = new AtomicLong();
        try (ScriptedServer endless = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
                    byte[] piece = new byte[64 << 10];
                    while (true) {
                        peer.out.write(piece);
                        sent.addAndGet(piece.length);
                    }
                });
                ScriptedServer deaf = new ScriptedServer((peer, number) -> {
                    peer.head();
                    Thread.sleep(60_000);
                });
                HttpBed out = new HttpBed(Map.of(), endless.address());
                HttpBed in = new HttpBed(Map.of(), deaf.address());
                Socket reader = new Socket(InetAddress.getLoopbackAddress(), out.port());
                Socket writer = new Socket(InetAddress.getLoopbackAddress(), in.port())) {
            reader.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
            Thread pushing = new Thread(() -> {
                try {
                    writer.getOutputStream()
                            .write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
                    byte[] piece = new byte[64 << 10];
                    while (true) {
                        writer.getOutputStream().write(piece);
                        taken.addAndGet(piece.length);
                    }
                } catch (IOException e) {
                    // The test is over.
                }
            });
            pushing.setDaemon(true);
            pushing.start();
            long before = -1;
            for (int i = 0; i < 40 && before != sent.get() + taken.get(); i++) {
                before = sent.get() + taken.get();
                Thread.sleep(Duration.ofMillis(300).toMillis());
            }
            // What lies in the sockets of this machine (up to 6 MiB each way and side), and a window.
            assertThat(sent).hasValueLessThan(20 << 20).hasPositiveValue();
            assertThat(taken).hasValueLessThan(20 << 20).hasPositiveValue();
        }
    }

    @Test
    void upgradesPassWhereTheRouteSaysSo() throws IOException {
        Map<String, ?> route = Map.of("path_prefix", "/", "cluster", "app", "upgrades", List.of("websocket"));
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    String head = peer.head();
                    if (!head.toLowerCase(java.util.Locale.ROOT).contains("upgrade: websocket")) {
                        peer.say(OK);
                        return;
                    }
                    peer.say(
                            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
                    peer.say("echo " + peer.bytes(5));
                });
                HttpBed with = new HttpBed(Map.of("routes", List.of(route)), server.address());
                HttpBed without = new HttpBed(Map.of(), server.address())) {
            String upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), with.port())) {
                client.setSoTimeout(5_000);
                client.getOutputStream().write(upgrade.getBytes(StandardCharsets.US_ASCII));
                StringBuilder got = new StringBuilder();
                while (got.indexOf("first") < 0) {
                    got.append((char) client.getInputStream().read());
                }
                client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                assertThat(got + HttpBed.read(client))
                        .startsWith("HTTP/1.1 101 Switching Protocols")
                        .containsIgnoringCase("upgrade: websocket")
                        .endsWith("firstecho hello");
            }
            assertThat(without.raw(upgrade)).startsWith("HTTP/1.1 200 OK");
            assertThat(with.raw("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")).startsWith("HTTP/1.1 405 ");
        }
    }

    @Test
    void limitsOfTheClusterHold() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    while (!peer.head().isEmpty()) {
                        Thread.sleep(300);
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(
                        Map.of(),
                        List.of(HttpBed.cluster(
                                "app",
                                Map.of("circuit_breakers", Map.of("max_connections", 1, "max_pending", 1)),
                                server.address())));
                Socket one = new Socket(InetAddress.getLoopbackAddress(), bed.port());
                Socket two = new Socket(InetAddress.getLoopbackAddress(), bed.port());
                Socket three = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            for (Socket socket : List.of(one, two, three)) {
                socket.setSoTimeout(5_000);
                socket.getOutputStream().write(LAST.getBytes(StandardCharsets.US_ASCII));
                Thread.sleep(50);
            }
            assertThat(HttpBed.read(one)).startsWith("HTTP/1.1 200 ");
            assertThat(HttpBed.read(two)).startsWith("HTTP/1.1 200 ");
            assertThat(HttpBed.read(three)).startsWith("HTTP/1.1 503 ").contains("overflow");
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void copiesGoToASecondCluster() throws Exception {
        List<String> copied = new java.util.concurrent.CopyOnWriteArrayList<>();
        Map<String, ?> route = Map.of(
                "path_prefix", "/", "cluster", "app", "mirrors", List.of(Map.of("cluster", "shadow", "percent", 100)));
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + peer.bytes(4));
                });
                ScriptedServer second = new ScriptedServer((peer, number) -> {
                    copied.add(peer.head() + peer.bytes(4));
                    peer.say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(route)),
                        List.of(
                                HttpBed.cluster("app", Map.of(), server.address()),
                                HttpBed.cluster("shadow", Map.of(), second.address())))) {
            assertThat(bed.raw("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"))
                    .startsWith("HTTP/1.1 200 OK")
                    .endsWith("body");
            for (int i = 0; i < 50 && copied.isEmpty(); i++) {
                Thread.sleep(50);
            }
            assertThat(copied)
                    .singleElement()
                    .asString()
                    .startsWith("POST /m HTTP/1.1")
                    .endsWith("body");
        }
    }
}
