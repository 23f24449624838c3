package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client sends behind a request that asks for a tunnel, or behind its last one, while that is not decided: it waits as it came, and goes on. */
class Http1StoppedTest {
    private static final String UPGRADE = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    private static final String GET = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    private static Map<String, ?> route(String prefix, Map<String, ?> more) {
        Map<String, Object> route = new HashMap<>(more);
        route.put("path_prefix", prefix);
        route.putIfAbsent("cluster", "app");
        return route;
    }

    private static Map<String, ?> answering(String prefix, int status) {
        return Map.of("path_prefix", prefix, "direct_response", Map.of("status", status));
    }

    /** Answered before its body was read: the JDK's client sends such heads. */
    @ParameterizedTest
    @ValueSource(strings = {"Upgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade: x\r\n", ""})
    void anUpgradeThatIsAnsweredBeforeItsBodyHoldsNobodyUp(String upgrade) throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(answering("/denied", 403), route("/", Map.of()))), server.address())) {
            String post = "POST /denied HTTP/1.1\r\nHost: a\r\n" + upgrade + "Content-Length: 10\r\n\r\n0123456789";
            assertThat(bed.raw(post + post + LAST))
                    .containsSubsequence("HTTP/1.1 403 ", "HTTP/1.1 403 ", "HTTP/1.1 200 OK")
                    .endsWith("ok");
        }
    }

    /** The answer to a request before it decides nothing about it. */
    @Test
    void aTunnelBehindAnotherRequestOpens() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    String head = peer.head();
                    if (head.startsWith("GET /b")) {
                        peer.say(OK);
                        head = peer.head();
                    }
                    peer.say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
                    peer.say("<" + peer.bytes(5) + ">");
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(route("/", Map.of("upgrades", List.of("x"))))), server.address())) {
            String answer = bed.raw(GET + UPGRADE + "bytes");

            assertThat(answer).contains("200 OK").contains("101 Switching").endsWith("<bytes>");
        }
    }

    /** As many as may wait decoded, answered at once, the last with the end of the connection. */
    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18, 40})
    void whatWaitedEndsTheConnection(int behind) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    asked.countDown();
                    goOn.await();
                    peer.say(OK);
                    peer.head();
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(answering("/own", 204), route("/", Map.of()))), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(3_000);
            String own = "GET /own HTTP/1.1\r\nHost: a\r\n\r\n";
            String last = "GET /own HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            client.getOutputStream()
                    .write(("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + own.repeat(behind - 1) + last)
                            .getBytes(StandardCharsets.US_ASCII));
            asked.await();
            goOn.countDown();
            assertThat(HttpBed.read(client).split("HTTP/1.1 204", -1)).hasSize(behind + 1);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** The end of the client's stream is heard while the upgrade is not decided, and ends nothing that came before it. */
    @Test
    void theEndBehindARequestThatWaitsIsNotBeforeIt() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                        TimeUnit.MILLISECONDS.sleep(300);
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(Map.of("limits", Map.of("serve_half_closed", true)), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream().write((UPGRADE + GET).getBytes(StandardCharsets.US_ASCII));
            client.shutdownOutput();
            assertThat(HttpBed.read(client).split("200 OK", -1)).hasSize(3);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** A request that waited for its turn, and whose rest never comes, holds neither client nor upstream. */
    @Test
    void aRequestThatWasCutBeforeItsTurnEnds() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                        TimeUnit.MILLISECONDS.sleep(300);
                        if (head.startsWith("POST")) {
                            peer.bytes(10);
                        }
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(Map.of("limits", Map.of("serve_half_closed", true)), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(5_000);
            client.getOutputStream()
                    .write(
                            "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n012"
                                    .getBytes(StandardCharsets.US_ASCII));
            client.shutdownOutput();
            assertThat(HttpBed.read(client).split("200 OK", -1)).hasSize(2);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 2)).isTrue();
        }
    }

    /** Behind an upgrade that is not answered yet no more is read than one buffer's worth. */
    @Test
    void whatWaitsIsBounded() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    asked.countDown();
                    over.await();
                });
                HttpBed bed = new HttpBed(
                        Map.of("routes", List.of(route("/", Map.of("upgrades", List.of("x"))))), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            OutputStream out = client.getOutputStream();
            out.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            asked.await();
            Thread writer = new Thread(() -> {
                try {
                    out.write(new byte[64 << 20]);
                } catch (IOException e) {
                    // The test is over.
                }
            });
            writer.setDaemon(true);
            writer.start();
            TimeUnit.SECONDS.sleep(1);
            assertThat(bed.proxy.listeners().get(0).bytesFromClients()).isLessThan(1 << 20);
            over.countDown();
        }
    }

    /** A client that takes the last answer slowly gets all of it. */
    @Test
    @Tag("slow")
    void aSlowClientGetsItsLastAnswerWhole() throws Exception {
        int length = 8 << 20;
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + length + "\r\n\r\n");
                    peer.out.write(new byte[length]);
                    peer.out.flush();
                });
                HttpBed bed = new HttpBed(Map.of(), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setReceiveBufferSize(4_096);
            client.setSoTimeout(20_000);
            client.getOutputStream().write(LAST.getBytes(StandardCharsets.US_ASCII));
            long got = 0;
            byte[] buffer = new byte[64 << 10];
            boolean slept = false;
            for (int n = client.getInputStream().read(buffer);
                    n >= 0;
                    n = client.getInputStream().read(buffer)) {
                got += n;
                if (!slept && got > length - (3 << 20)) {
                    slept = true;
                    TimeUnit.SECONDS.sleep(12);
                }
            }
            assertThat(got).isGreaterThan(length);
        }
    }
}
