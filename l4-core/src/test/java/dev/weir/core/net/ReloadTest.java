package dev.weir.core.net;

import static dev.weir.core.net.Sockets.connect;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReloadTest {
    private static Map<String, Object> listener(String name, String address, String body) {
        Map<String, Object> listener = new LinkedHashMap<>();
        listener.put("name", name);
        listener.put("address", address);
        listener.put("filters", List.of(Map.of("type", "direct_response", "body", body)));
        return listener;
    }

    private static ProxyConfig config(String transport, int loops, Map<?, ?>... listeners) {
        return ProxyConfig.of(Map.of("transport", transport, "event_loops", loops, "listeners", List.of(listeners)));
    }

    private static Map<String, Object> with(Map<String, Object> listener, String key, Object value) {
        listener.put(key, value);
        return listener;
    }

    private static String answer(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    @ParameterizedTest
    @CsvSource({"epoll,2", "epoll,1", "nio,2"})
    void socketSettingsChangeInPlaceAndThePortStays(String transport, int loops) throws Exception {
        List<Map<String, ?>> changes = List.of(
                Map.of("buffer", "8KiB"),
                Map.of("tcp_nodelay", false),
                Map.of("keep_alive", false),
                Map.of("backlog", 16),
                Map.of("reuse_port", false),
                Map.of());
        try (Proxy proxy = Proxy.builder().start(config(transport, loops, listener("l", "127.0.0.1:0", "start")))) {
            int port = proxy.address("l").port();
            for (Map<String, ?> change : changes) {
                Map<String, Object> listener = listener("l", "127.0.0.1:0", "now " + change.keySet());
                listener.putAll(change);
                proxy.apply(config(transport, loops, listener));

                assertThat(proxy.address("l").port()).isEqualTo(port);
                assertThat(answer(port)).isEqualTo("now " + change.keySet());
                assertThat(proxy.listeners().get(0).accepting()).isTrue();
            }
        }
    }

    @Test
    void aNewBufferSizeRefusesNoConnectionAndHoldsForNewOnes() throws Exception {
        Map<String, Object> echo = listener("l", "127.0.0.1:0", "");
        echo.put("filters", List.of(Map.of("type", "echo")));
        try (Proxy proxy = Proxy.builder().start(config("auto", 2, echo));
                Socket old = connect(proxy)) {
            int port = proxy.address("l").port();
            List<String> failures = new ArrayList<>();
            boolean[] stop = new boolean[1];
            Thread clients = Sockets.daemon(() -> {
                while (!stop[0]) {
                    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                        socket.getOutputStream().write(1);
                        if (socket.getInputStream().read() != 1) {
                            failures.add("closed");
                        }
                    } catch (IOException e) {
                        failures.add(e.toString());
                    }
                }
            });
            for (int i = 0; i < 20; i++) {
                proxy.apply(config("auto", 2, with(new LinkedHashMap<>(echo), "buffer", (i % 2 + 1) * 8192)));
            }
            stop[0] = true;
            clients.join(5_000);
            old.getOutputStream().write(7);

            assertThat(old.getInputStream().read()).isEqualTo(7);
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void aUnixSocketSurvivesNewSettings(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("l.sock");
        String address = "unix:" + path;
        try (Proxy proxy = Proxy.builder().start(config("auto", 2, listener("l", address, "one")))) {
            proxy.apply(config("auto", 2, with(listener("l", address, "two"), "backlog", 16)));

            try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                client.connect(UnixDomainSocketAddress.of(path));
                ByteBuffer got = ByteBuffer.allocate(3);
                while (got.hasRemaining() && client.read(got) >= 0) {
                    // until all are there
                }
                assertThat(new String(got.array(), StandardCharsets.US_ASCII)).isEqualTo("two");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"epoll,2", "epoll,1", "nio,2"})
    void listenersSwapAndRenameTheirAddresses(String transport, int loops) throws Exception {
        int a = freePort();
        int b = freePort();
        String atA = "127.0.0.1:" + a;
        String atB = "127.0.0.1:" + b;
        try (Proxy proxy = Proxy.builder()
                .start(config(transport, loops, listener("one", atA, "one"), listener("two", atB, "two")))) {
            proxy.apply(config(transport, loops, listener("one", atB, "one"), listener("two", atA, "two")));
            assertThat(answer(a) + answer(b)).isEqualTo("twoone");

            proxy.apply(config(transport, loops, listener("three", atB, "three"), listener("two", atA, "two")));
            assertThat(answer(a) + answer(b)).isEqualTo("twothree");
        }
    }

    @ParameterizedTest
    @CsvSource({"epoll,2", "epoll,1", "nio,2"})
    void whatCannotBeBoundChangesNothing(String transport, int loops) throws Exception {
        int a = freePort();
        String atA = "127.0.0.1:" + a;
        try (var taken = Sockets.Server.echo();
                Proxy proxy = Proxy.builder().start(config(transport, loops, listener("one", atA, "old")))) {
            ProxyConfig next = config(
                    transport,
                    loops,
                    with(listener("one", atA, "new"), "backlog", 16),
                    listener("two", taken.address(), "two"));

            assertThatThrownBy(() -> proxy.apply(next))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("listener two cannot listen on ");

            for (int i = 0; i < 20; i++) {
                assertThat(answer(a)).isEqualTo("old");
            }
            assertThat(proxy.listeners()).singleElement().matches(Proxy.ListenerStatus::accepting);
        }
    }

    @Test
    void aUnixSocketInUseIsLeftToItsOwner(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("l.sock");
        ProxyConfig config = config("auto", 1, listener("l", "unix:" + path, "mine"));
        try (Proxy owner = Proxy.builder().start(config)) {
            assertThatThrownBy(() -> Proxy.builder().start(config)).isInstanceOf(IllegalStateException.class);

            assertThat(owner.draining()).isFalse();
            try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                client.connect(UnixDomainSocketAddress.of(path));
                assertThat(client.isConnected()).isTrue();
            }
        }
    }
}
