package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.read;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class TcpProxyTest {
    private static Proxy start(List<Map<String, ?>> filters, String... endpoints) {
        return Proxy.builder().start(config(filters, endpoints));
    }

    @Test
    void forwardsBytesBothWays() throws Exception {
        try (var server = Sockets.Server.echo();
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));

            assertThat(read(client.getInputStream(), 5)).isEqualTo("hello");
        }
    }

    @Test
    void passesOnWhatTheServerSaysFirst() throws Exception {
        try (var server = new Sockets.Server(
                        s -> s.getOutputStream().write("220 ready\r\n".getBytes(StandardCharsets.UTF_8)));
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            assertThat(read(client.getInputStream(), 11)).isEqualTo("220 ready\r\n");
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void passesOnHalfClosesOfTheClient() throws Exception {
        try (var server = new Sockets.Server(s -> {
                    int n = s.getInputStream().readAllBytes().length;
                    s.getOutputStream().write(("got " + n).getBytes(StandardCharsets.UTF_8));
                });
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            client.getOutputStream().write(new byte[100_000]);
            client.shutdownOutput();

            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("got 100000");
            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
        }
    }

    @Test
    void passesOnHalfClosesOfTheServer() throws Exception {
        List<Integer> received = new ArrayList<>();
        try (var server = new Sockets.Server(s -> {
                    s.getOutputStream().write("bye".getBytes(StandardCharsets.UTF_8));
                    s.shutdownOutput();
                    int n = s.getInputStream().readAllBytes().length;
                    synchronized (received) {
                        received.add(n);
                    }
                });
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("bye");
            client.getOutputStream().write(new byte[50_000]);
            client.shutdownOutput();

            assertThat(eventually(() -> {
                        synchronized (received) {
                            return received.contains(50_000);
                        }
                    }))
                    .isTrue();
            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
        }
    }

    @Test
    void passesOnResetsOfTheServerBehindItsBytes() throws Exception {
        try (var server = new Sockets.Server(s -> {
                    s.getInputStream().read();
                    s.getOutputStream().write("last words".getBytes(StandardCharsets.UTF_8));
                    s.getInputStream().read();
                    s.setSoLinger(true, 0);
                });
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            client.getOutputStream().write(1);
            assertThat(read(client.getInputStream(), 10)).isEqualTo("last words");
            client.getOutputStream().write(2);

            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
    }

    @Test
    void aServerThatAnswersAndLeavesWhileTheClientStillSendsIsHeard() throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        try (var server = new Sockets.Server(s -> {
                    s.getInputStream().read();
                    await(sent);
                    // Bytes that were not read make the system reset the connection behind the answer.
                    s.getOutputStream().write("too large".getBytes(StandardCharsets.UTF_8));
                });
                Proxy proxy = start(List.of(Map.of("type", "stall_toy"), tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            client.getOutputStream().write("12".getBytes(StandardCharsets.UTF_8));
            assertThat(eventually(() -> proxy.listeners().get(0).bytesFromClients() == 2))
                    .isTrue();
            // While the loop stalls, first more of the client comes in, then the answer and the reset.
            client.getOutputStream().write('!');
            assertThat(eventually(() -> proxy.listeners().get(0).bytesFromClients() == 3))
                    .isTrue();
            client.getOutputStream().write("more".getBytes(StandardCharsets.UTF_8));
            sent.countDown();

            assertThat(read(client.getInputStream(), 9)).isEqualTo("too large");
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void passesOnResetsOfTheClientBehindItsBytes() throws Exception {
        List<String> seen = new ArrayList<>();
        try (var server = new Sockets.Server(s -> {
                    InputStream in = s.getInputStream();
                    int n = 0;
                    try {
                        while (in.read() >= 0) {
                            n++;
                        }
                        note(seen, "end after " + n);
                    } catch (IOException e) {
                        note(seen, "reset after " + n);
                    }
                });
                Proxy proxy = start(List.of(tcpProxy()), server.address())) {
            Socket client = connect(proxy);
            client.getOutputStream().write(new byte[1_000]);
            assertThat(eventually(() -> proxy.listeners().get(0).bytesFromClients() == 1_000))
                    .isTrue();
            client.setSoLinger(true, 0);
            client.close();

            assertThat(eventually(() -> {
                        synchronized (seen) {
                            return !seen.isEmpty();
                        }
                    }))
                    .isTrue();
            assertThat(seen).containsExactly("reset after 1000");
        }
    }

    private static void note(List<String> seen, String what) {
        synchronized (seen) {
            seen.add(what);
        }
    }

    @Test
    void triesTheNextEndpointWhenOneRefuses() throws Exception {
        String refusing;
        try (ServerSocket free = new ServerSocket(0)) {
            refusing = "127.0.0.1:" + free.getLocalPort();
        }
        try (var server = Sockets.Server.echo();
                Proxy proxy = start(List.of(tcpProxy()), refusing, server.address())) {
            for (int i = 0; i < 10; i++) {
                try (Socket client = connect(proxy)) {
                    client.getOutputStream().write('x');
                    assertThat(client.getInputStream().read()).isEqualTo('x');
                }
            }
        }
    }

    @Test
    void closesTheClientWhenNoEndpointAccepts() throws Exception {
        String refusing;
        try (ServerSocket free = new ServerSocket(0)) {
            refusing = "127.0.0.1:" + free.getLocalPort();
        }
        try (Proxy proxy = start(List.of(tcpProxy()), refusing);
                Socket client = connect(proxy)) {
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void keepsMemoryFlatWhenTheClientDoesNotRead() throws Exception {
        int size = 64 << 20;
        try (var server = new Sockets.Server(s -> s.getOutputStream().write(new byte[size]));
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            long before = MemoryLimit.used();
            eventually(() -> proxy.listeners().get(0).bytesToClients() > 1 << 20);
            java.util.concurrent.locks.LockSupport.parkNanos(300_000_000);

            assertThat(MemoryLimit.used() - before).isLessThan(8 << 20);
            assertThat(client.getInputStream().readAllBytes()).hasSize(size);
        }
    }

    @Test
    void deliversRandomTrafficUnchangedInRandomPieces() throws Exception {
        Random random = new Random(42);
        byte[] data = new byte[3 << 20];
        random.nextBytes(data);
        try (var server = Sockets.Server.echo();
                Proxy proxy = start(List.of(tcpProxy()), server.address());
                Socket client = connect(proxy)) {
            Sockets.daemon(() -> {
                int at = 0;
                while (at < data.length) {
                    int n = Math.min(data.length - at, 1 + random.nextInt(20_000));
                    client.getOutputStream().write(data, at, n);
                    at += n;
                }
                client.shutdownOutput();
            });

            assertThat(client.getInputStream().readAllBytes()).isEqualTo(data);
        }
    }

    @Test
    void closesIdleConnections() throws Exception {
        try (var server = Sockets.Server.echo();
                Proxy proxy = start(
                        List.of(Map.of("type", "tcp_proxy", "cluster", "c", "idle_timeout", "50ms")),
                        server.address());
                Socket client = connect(proxy)) {
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }
}
