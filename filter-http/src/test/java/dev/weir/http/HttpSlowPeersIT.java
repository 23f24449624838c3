package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that take their time, many of them: none holds more than its windows, and all are closed when their time is over. */
class HttpSlowPeersIT {
    private static final int CLIENTS = 100;
    private static final int LARGE = 8 << 20;

    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void stop() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** Clients that have said this. */
    private void connect(HttpBed bed, String first) throws Exception {
        for (int i = 0; i < CLIENTS; i++) {
            Socket socket = new Socket();
            socket.setReceiveBufferSize(16 << 10);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), bed.port()));
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(first.getBytes(StandardCharsets.ISO_8859_1));
            sockets.add(socket);
        }
        assertThat(Http2Bed.eventually(() -> active(bed) == CLIENTS)).isTrue();
    }

    /** Each of them says so, again and again, until they are closed; false if one is not within the time. */
    private boolean drip(HttpBed bed, String drop, int seconds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (active(bed) > 0) {
            if (System.nanoTime() > end) {
                return false;
            }
            for (Socket socket : sockets) {
                try {
                    socket.getOutputStream().write(drop.getBytes(StandardCharsets.ISO_8859_1));
                } catch (IOException closed) {
                    // That is what is waited for.
                }
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        return true;
    }

    private static int active(HttpBed bed) {
        return bed.proxy.listeners().get(0).connectionsActive();
    }

    private static double memory(HttpBed bed) {
        return bed.meters.get("weir.buffer.memory").gauge().value();
    }

    private static ScriptedServer large() throws IOException {
        return new ScriptedServer((peer, number) -> {
            while (!peer.head().isEmpty()) {
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + LARGE + "\r\n\r\n");
                for (int i = 0; i < LARGE; i += 64 << 10) {
                    peer.out.write(new byte[64 << 10]);
                }
            }
        });
    }

    @Test
    void headsThatNeverEnd() throws Exception {
        try (ScriptedServer server = ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("headers", "1s")), server.address())) {
            connect(bed, "GET / HTTP/1.1\r\nHost: a\r\n");
            assertThat(drip(bed, "X-A: b\r\n", 15)).isTrue();
            assertThat(server.connections()).isZero();
            assertThat(bed.exchanges).isEmpty();
        }
    }

    /** HEADERS without END_HEADERS, and CONTINUATION frames that never come to the end. */
    @Test
    void headsOfHttp2ThatNeverEnd() throws Exception {
        String preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
        try (ScriptedServer server = ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("headers", "1s")), server.address())) {
            connect(bed, preface + "\0\0\1\1\0\0\0\0\1\u0082");
            assertThat(drip(bed, "", 15)).isTrue();
            assertThat(server.connections()).isZero();
        }
    }

    /** A body may be slow as long as it moves; the request's time is over some time. */
    @Test
    void bodiesThatNeverEnd() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.in.transferTo(java.io.OutputStream.nullOutputStream());
                });
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("request", "2s")), server.address())) {
            connect(bed, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
            assertThat(drip(bed, "x", 20)).isTrue();
            assertThat(bed.exchanges)
                    .hasSize(CLIENTS)
                    .allSatisfy(told -> assertThat(told.error).isEqualTo("client_timeout"));
        }
    }

    @Test
    void bodiesThatStop() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.in.transferTo(java.io.OutputStream.nullOutputStream());
                });
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("stream_idle", "1s")), server.address())) {
            connect(bed, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome");
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == CLIENTS))
                    .isTrue();
            for (Socket socket : sockets) {
                assertThat(HttpBed.read(socket)).startsWith("HTTP/1.1 408 ");
                socket.close();
            }
            assertThat(Http2Bed.eventually(() -> active(bed) == 0)).isTrue();
        }
    }

    /** 100 answers of 8 MiB that nobody reads: what waits of them is bounded, and then they are given up. */
    @Test
    void answersThatAreNotRead() throws Exception {
        try (ScriptedServer server = large();
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("stream_idle", "2s")), server.address())) {
            connect(bed, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            double most = 0;
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (bed.exchanges.size() < CLIENTS && System.nanoTime() < end) {
                most = Math.max(most, memory(bed));
                TimeUnit.MILLISECONDS.sleep(50);
            }
            assertThat(bed.exchanges)
                    .hasSize(CLIENTS)
                    .allSatisfy(told -> assertThat(told.error).isEqualTo("idle_timeout"));
            assertThat(Http2Bed.eventually(() -> active(bed) == 0)).isTrue();
            assertThat(most).isLessThan(160 << 20);
        }
    }

    /** The same by HTTP/2: 100 streams on one connection, whose windows stay shut. */
    @Test
    void streamsThatAreNotRead() throws Exception {
        try (ScriptedServer server = large();
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("stream_idle", "2s")), server.address());
                RawHttp2 client = new RawHttp2(bed.port())) {
            for (int i = 0; i < CLIENTS; i++) {
                client.get(1 + 2 * i, "/");
            }
            client.flush();
            double most = 0;
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (bed.exchanges.size() < CLIENTS && System.nanoTime() < end) {
                most = Math.max(most, memory(bed));
                TimeUnit.MILLISECONDS.sleep(50);
            }
            assertThat(bed.exchanges)
                    .hasSize(CLIENTS)
                    .allSatisfy(told -> assertThat(told.error).isEqualTo("idle_timeout"));
            assertThat(most).isLessThan(160 << 20);
        }
    }
}
