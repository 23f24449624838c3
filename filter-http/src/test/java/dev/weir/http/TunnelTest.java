package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that are no HTTP: one side may end what it has to say, and the other go on. */
class TunnelTest {
    private static final int MUCH = 4 << 20;
    private static final String CONNECT = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";
    private static final String UPGRADE =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

    /** One Weir before a server, or one that speaks HTTP/2 to a second one, so that both sides of HTTP/2 have a tunnel. */
    private static final class Beds implements AutoCloseable {
        final HttpBed first;
        private final HttpBed second;

        Beds(boolean http2, String server, Map<String, ?> more) {
            second = new HttpBed(terminal("http1", more), server);
            first = http2 ? new HttpBed(terminal("http2", more), "127.0.0.1:" + second.port()) : second;
        }

        private static Map<String, ?> terminal(String protocol, Map<String, ?> more) {
            Map<String, Object> all = new HashMap<>(more);
            all.put("upstream_protocol", protocol);
            all.put("routes", List.of(Map.of("cluster", "app", "upgrades", List.of("websocket"), "connect", true)));
            return all;
        }

        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    private static void answer(ScriptedServer.Peer peer) throws IOException {
        String head = peer.head();
        peer.say(
                head.startsWith("CONNECT")
                        ? "HTTP/1.1 200 OK\r\n\r\n"
                        : "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    }

    private static Socket open(Beds beds, String request) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), beds.first.port());
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) socket.getInputStream().read());
        }
        assertThat(head.toString()).startsWith(request.startsWith("CONNECT") ? "HTTP/1.1 200 " : "HTTP/1.1 101 ");
        return socket;
    }

    private static long count(InputStream in) throws IOException {
        byte[] buffer = new byte[8192];
        long all = 0;
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            for (int i = 0; i < n; i++) {
                assertThat(buffer[i]).isEqualTo((byte) (all + i));
            }
            all += n;
        }
        return all;
    }

    private static void fill(OutputStream out, int bytes) throws IOException {
        byte[] piece = new byte[1 << 16];
        for (int i = 0; i < piece.length; i++) {
            piece[i] = (byte) i;
        }
        for (int sent = 0; sent < bytes; sent += piece.length) {
            out.write(piece);
        }
    }

    private static Exchange told(Beds beds) throws InterruptedException {
        assertThat(Http2Bed.eventually(() -> beds.first.exchanges.size() == 1)).isTrue();
        return beds.first.exchanges.get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"false connect", "false upgrade", "true connect", "true upgrade"})
    void theClientGoesOnWhenTheServerHasEnded(String how) throws Exception {
        CompletableFuture<Long> got = new CompletableFuture<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    answer(peer);
                    fill(peer.out, MUCH);
                    peer.out.flush();
                    peer.socket.shutdownOutput();
                    got.complete(count(peer.in));
                });
                Beds beds = new Beds(how.startsWith("true"), server.address(), Map.of());
                Socket client = open(beds, how.endsWith("connect") ? CONNECT : UPGRADE)) {
            fill(client.getOutputStream(), 1 << 20);
            assertThat(count(client.getInputStream())).isEqualTo(MUCH);
            fill(client.getOutputStream(), MUCH);
            assertThat(beds.first.exchanges).as("under way").isEmpty();
            client.shutdownOutput();

            assertThat(got.get(20, TimeUnit.SECONDS)).isEqualTo(MUCH + (1 << 20));
            Exchange told = told(beds);
            assertThat(told.status).isEqualTo(Exchange.Status.OK);
            assertThat(told.error).isNull();
            assertThat(told.requestBytes).isEqualTo(MUCH + (1 << 20));
            assertThat(told.responseBytes).isEqualTo(MUCH);
            assertThat(Http2Bed.eventually(
                            () -> beds.first.proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"false connect", "false upgrade", "true connect", "true upgrade"})
    void theServerGoesOnWhenTheClientHasEnded(String how) throws Exception {
        CompletableFuture<Long> got = new CompletableFuture<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    answer(peer);
                    got.complete(count(peer.in));
                    fill(peer.out, MUCH);
                });
                Beds beds = new Beds(how.startsWith("true"), server.address(), Map.of());
                Socket client = open(beds, how.endsWith("connect") ? CONNECT : UPGRADE)) {
            fill(client.getOutputStream(), MUCH);
            client.shutdownOutput();

            assertThat(got.get(20, TimeUnit.SECONDS)).isEqualTo(MUCH);
            assertThat(count(client.getInputStream())).isEqualTo(MUCH);
            Exchange told = told(beds);
            assertThat(told.status).isEqualTo(Exchange.Status.OK);
            assertThat(told.error).isNull();
        }
    }

    /** The server ends first, while what the client has said waits for it: it is not lost. */
    @ParameterizedTest
    @ValueSource(strings = {"false connect", "true connect"})
    void whatIsOnItsWayWhenBothHaveEndedArrives(String how) throws Exception {
        CompletableFuture<Long> got = new CompletableFuture<>();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    answer(peer);
                    peer.socket.shutdownOutput();
                    ended.join();
                    TimeUnit.MILLISECONDS.sleep(300);
                    got.complete(count(peer.in));
                });
                Beds beds = new Beds(how.startsWith("true"), server.address(), Map.of());
                Socket client = open(beds, CONNECT)) {
            assertThat(count(client.getInputStream())).isZero();
            fill(client.getOutputStream(), 1 << 18);
            client.shutdownOutput();
            ended.complete(null);

            assertThat(got.get(20, TimeUnit.SECONDS)).isEqualTo(1 << 18);
        }
    }

    /** Who goes away without a word after its end has had its answer taken. */
    @ParameterizedTest
    @ValueSource(strings = {"false connect", "true connect"})
    void aServerThatIsGoneEndsItAll(String how) throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    answer(peer);
                    peer.say("bye");
                });
                Beds beds = new Beds(how.startsWith("true"), server.address(), Map.of());
                Socket client = open(beds, CONNECT)) {
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .isEqualTo("bye");
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            try {
                while (System.nanoTime() < end) {
                    client.getOutputStream().write(new byte[1024]);
                    TimeUnit.MILLISECONDS.sleep(10);
                }
                throw new AssertionError("nobody takes it, and nobody says so");
            } catch (IOException e) {
                // as it should be
            }
            Exchange told = told(beds);
            assertThat(told.error).isNull();
            assertThat(told.status).isEqualTo(Exchange.Status.OK);
        }
    }

    /** Nothing moves: the time of a stream without movement holds for half a tunnel, too. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void halfATunnelEndsWhenNothingMoves(boolean http2) throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    answer(peer);
                    peer.socket.shutdownOutput();
                    count(peer.in);
                });
                Beds beds = new Beds(http2, server.address(), Map.of("timeouts", Map.of("stream_idle", "1s")));
                Socket client = open(beds, CONNECT)) {
            assertThat(count(client.getInputStream())).isZero();

            assertThat(told(beds).error).isNull();
            assertThat(Http2Bed.eventually(
                            () -> beds.first.proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
        }
    }

    /** It has ended well: that the client says nothing more is not its fault. */
    @Test
    void nobodyIsBlamedForHalfATunnelInWhichNothingMoves() throws Exception {
        Map<String, ?> detection = Map.of("outlier_detection", Map.of("consecutive_failures", 1));
        Map<String, ?> terminal =
                Beds.terminal("http1", Map.of("timeouts", Map.of("stream_idle", "1s", "request", "0s")));
        ScriptedServer.Script script = (peer, number) -> {
            answer(peer);
            peer.socket.shutdownOutput();
            count(peer.in);
        };
        try (ScriptedServer one = new ScriptedServer(script);
                ScriptedServer two = new ScriptedServer(script);
                HttpBed bed = new HttpBed(
                        terminal, List.of(HttpBed.cluster("app", detection, one.address(), two.address())));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(10_000);
            client.getOutputStream().write(CONNECT.getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 200 ");
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();

            TimeUnit.MILLISECONDS.sleep(500); // it would be told a little later
            assertThat(bed.meters.find("weir_cluster_ejections").counters().stream()
                            .mapToDouble(Counter::count)
                            .sum())
                    .isZero();
        }
    }
}
