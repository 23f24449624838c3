package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.read;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyTest {
    private static final Map<String, ?> ECHO = Map.of("type", "echo");

    private static ProxyConfig direct(int port, String body) {
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                List.of(Map.of(
                        "name",
                        "l",
                        "address",
                        "127.0.0.1:" + port,
                        "filters",
                        List.of(Map.of("type", "direct_response", "body", body))))));
    }

    private static String answer(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "nio", "auto"})
    void runsOnEveryTransport(String transport) throws Exception {
        ProxyConfig config = ProxyConfig.of(Map.of(
                "transport",
                transport,
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(ECHO)))));
        try (Proxy proxy = Proxy.builder().start(config);
                Socket client = connect(proxy)) {
            client.getOutputStream().write("hi".getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();

            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("hi");
        }
    }

    @Test
    void replacesTheConfigurationWithoutARefusedConnection() throws Exception {
        try (Proxy proxy = Proxy.builder().start(direct(0, "one"))) {
            int port = proxy.address("l").port();
            List<String> wrong = new ArrayList<>();
            boolean[] stop = new boolean[1];
            Thread clients = Sockets.daemon(() -> {
                while (!stop[0]) {
                    String got = answer(port);
                    if (!got.startsWith("v")) {
                        wrong.add(got);
                    }
                }
            });
            proxy.apply(direct(0, "v0"));
            wrong.clear();
            for (int i = 1; i < 30; i++) {
                proxy.apply(direct(0, "v" + i));
                assertThat(answer(port)).isEqualTo("v" + i);
            }
            stop[0] = true;
            clients.join(5_000);

            assertThat(wrong.stream().filter(w -> !w.equals("one"))).isEmpty();
        }
    }

    @Test
    void openConnectionsGoOnWithTheChainTheyStartedWith() throws Exception {
        try (Proxy proxy = Proxy.builder().start(config(List.of(ECHO)));
                Socket client = connect(proxy)) {
            client.getOutputStream().write('a');
            assertThat(client.getInputStream().read()).isEqualTo('a');

            proxy.apply(config(List.of(Map.of("type", "direct_response", "body", "new"))));

            client.getOutputStream().write('b');
            assertThat(client.getInputStream().read()).isEqualTo('b');
            assertThat(answer(proxy.address("l").port())).isEqualTo("new");
        }
    }

    @Test
    void keepsTheConfigurationWhenTheNextOneIsWrong() throws Exception {
        try (Proxy proxy = Proxy.builder().start(direct(0, "good"))) {
            assertThatThrownBy(() -> proxy.apply(config(List.of(Map.of("type", "tcp_proxy", "cluster", "nix")))))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("listeners[0].filters[0].cluster: unknown cluster \"nix\"");

            assertThat(answer(proxy.address("l").port())).isEqualTo("good");
        }
    }

    @Test
    void saysWhichAddressCannotBeListenedOn() throws Exception {
        try (var taken = Sockets.Server.echo()) {
            ProxyConfig config = direct(Integer.parseInt(taken.address().substring(10)), "x");

            assertThatThrownBy(() -> Proxy.builder().start(config))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("listener l cannot listen on " + taken.address() + ": ")
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void reportsAllProblemsOfChainsAtOnce() {
        ConfigErrors errors = new ConfigErrors();
        ProxyConfig config = ProxyConfig.from(ConfigNode.of(
                Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:70000",
                                "filters",
                                List.of(
                                        Map.of("type", "tcp_proxi"),
                                        Map.of("type", "echo"),
                                        Map.of("type", "connection_limit", "max_connections", 0)))),
                        "clusters",
                        List.of(Map.of(
                                "name", "c", "endpoints", List.of("h:1"), "load_balancing", "ring_hsh", "weigth", 1))),
                errors));

        Proxy.check(config, Proxy.class.getClassLoader());

        assertThat(errors.problems())
                .extracting(Object::toString)
                .containsExactlyInAnyOrder(
                        "listeners[0].address: \"127.0.0.1:70000\" (expected: a port of 0..65535)",
                        "listeners[0].filters[0].type: \"tcp_proxi\" (did you mean \"tcp_proxy\"?)",
                        "listeners[0].filters[1].type: \"echo\" is a terminal (expected: as the last filter)",
                        "listeners[0].filters[2].max_connections: 0 (expected: a whole number, 1..2147483647)",
                        "listeners[0].filters[2]: no limit given (expected: max_connections, max_connections_per_client, or both)",
                        "listeners[0].filters[2].type: \"connection_limit\" is no terminal (expected: the last one of ask_toy, direct_response, echo, tcp_proxy)",
                        "clusters[0].load_balancing: \"ring_hsh\" (did you mean \"ring_hash\"?)",
                        "clusters[0].weigth: unknown key (expected: connect_timeout, slow_start, circuit_breakers, name, discovery,"
                                + " endpoints, health_check, outlier_detection, panic_threshold, on_host_removal, load_balancing,"
                                + " source_address, tcp_nodelay, keep_alive, proxy_protocol, proxy_protocol_tlvs, tls)");
    }

    @Test
    @SuppressWarnings("try") // the client hangs up before the test ends
    void refusesConnectionsBeyondTheLimits() throws Exception {
        ProxyConfig config = config(List.of(Map.of("type", "connection_limit", "max_connections_per_client", 2), ECHO));
        try (Proxy proxy = Proxy.builder().start(config);
                Socket first = connect(proxy);
                Socket second = connect(proxy)) {
            first.getOutputStream().write(1);
            second.getOutputStream().write(1);
            assertThat(first.getInputStream().read() + second.getInputStream().read())
                    .isEqualTo(2);
            try (Socket third = connect(proxy)) {
                assertThat(third.getInputStream().read()).isEqualTo(-1);
            }
            second.close();
            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 1))
                    .isTrue();
            try (Socket fourth = connect(proxy)) {
                fourth.getOutputStream().write(7);
                assertThat(fourth.getInputStream().read()).isEqualTo(7);
            }
        }
    }

    @Test
    void allowsAndDeniesByAddress() throws Exception {
        assertThat(lets(Map.of("type", "access", "allow", List.of("10.0.0.0/8"))))
                .isFalse();
        assertThat(lets(Map.of("type", "access", "allow", List.of("10.0.0.0/8", "127.0.0.0/8"))))
                .isTrue();
        assertThat(lets(Map.of("type", "access", "deny", List.of("127.0.0.1")))).isFalse();
        assertThat(lets(Map.of("type", "access", "deny", List.of("10.0.0.0/8"))))
                .isTrue();
        assertThat(lets(Map.of("type", "access", "allow", List.of("127.0.0.1"), "deny", List.of("127.0.0.1/32"))))
                .isFalse();
    }

    private static boolean lets(Map<String, ?> access) throws IOException {
        try (Proxy proxy = Proxy.builder().start(config(List.of(access, ECHO)));
                Socket client = connect(proxy)) {
            client.getOutputStream().write(5);
            return client.getInputStream().read() == 5;
        } catch (java.net.SocketException reset) {
            return false;
        }
    }

    @Test
    void choosesTheChainByAddress() throws Exception {
        Map<String, ?> other = Map.of(
                "match",
                Map.of("source", List.of("10.0.0.0/8")),
                "filters",
                List.of(Map.of("type", "direct_response", "body", "other")));
        Map<String, ?> mine = Map.of(
                "match",
                Map.of("source", List.of("127.0.0.0/8"), "destination", "127.0.0.1"),
                "filters",
                List.of(Map.of("type", "direct_response", "body", "mine")));
        ProxyConfig config = ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filter_chains", List.of(other, mine)))));
        try (Proxy proxy = Proxy.builder().start(config)) {
            assertThat(answer(proxy.address("l").port())).isEqualTo("mine");
        }
    }

    @Test
    void listensAndConnectsOnUnixSockets(@TempDir Path directory) throws Exception {
        String front = "unix:" + directory.resolve("front.sock");
        String back = "unix:" + directory.resolve("back.sock");
        ProxyConfig config = ProxyConfig.of(Map.of(
                "listeners",
                List.of(
                        Map.of("name", "front", "address", front, "filters", List.of(tcpProxy())),
                        Map.of("name", "back", "address", back, "filters", List.of(ECHO))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of(back)))));
        for (int round = 0; round < 2; round++) {
            try (Proxy proxy = Proxy.builder().start(config);
                    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                assertThat(proxy.address("front").toString()).isEqualTo(front);
                client.connect(UnixDomainSocketAddress.of(directory.resolve("front.sock")));
                client.write(ByteBuffer.wrap("unix".getBytes(StandardCharsets.US_ASCII)));
                ByteBuffer got = ByteBuffer.allocate(4);
                while (got.hasRemaining() && client.read(got) >= 0) {
                    // until all four are there
                }
                assertThat(new String(got.array(), StandardCharsets.US_ASCII)).isEqualTo("unix");
            }
        }
    }

    @Test
    @SuppressWarnings("AddressSelection") // this very address
    void listensOnIpv6() throws Exception {
        ProxyConfig config = ProxyConfig.of(
                Map.of("listeners", List.of(Map.of("name", "l", "address", "[::1]:0", "filters", List.of(ECHO)))));
        try (Proxy proxy = Proxy.builder().start(config);
                Socket client = new Socket("::1", proxy.address("l").port())) {
            client.getOutputStream().write(9);

            assertThat(client.getInputStream().read()).isEqualTo(9);
            assertThat(proxy.address("l").toString()).startsWith("[::1]:");
        }
    }

    @Test
    void resolvesHostNames() throws Exception {
        try (var server = Sockets.Server.echo()) {
            String port = server.address().substring(server.address().indexOf(':'));
            try (Proxy proxy = Proxy.builder().start(config(List.of(tcpProxy()), "localhost" + port));
                    Socket client = connect(proxy)) {
                client.getOutputStream().write(3);

                assertThat(client.getInputStream().read()).isEqualTo(3);
            }
        }
    }

    @Test
    void refusesNewConnectionsWhileDrainingAndEndsWhenAllAreClosed() throws Exception {
        try (Proxy proxy = Proxy.builder().start(config(List.of(ECHO)))) {
            int port = proxy.address("l").port();
            Socket client = connect(proxy);
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);

            var drained = proxy.drain();

            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port))
                    .isInstanceOf(ConnectException.class);
            assertThat(drained.isDone()).isFalse();
            client.getOutputStream().write(2);
            assertThat(client.getInputStream().read()).isEqualTo(2);
            client.close();
            drained.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    @SuppressWarnings("try") // the client hangs up before the test ends
    void closesWhatIsStillOpenWhenTheDrainTimeoutEnds() throws Exception {
        ProxyConfig config = ProxyConfig.of(Map.of(
                "drain_timeout",
                "100ms",
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(ECHO)))));
        try (Proxy proxy = Proxy.builder().start(config);
                Socket client = connect(proxy)) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);

            var drained = proxy.drain();

            assertThat(client.getInputStream().read()).isEqualTo(-1);
            client.close();
            drained.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void countsConnectionsAndBytes() throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (var server = Sockets.Server.echo();
                Proxy proxy = Proxy.builder().meters(meters).start(config(List.of(tcpProxy()), server.address()))) {
            try (Socket client = connect(proxy)) {
                client.getOutputStream().write(new byte[1_000]);
                client.shutdownOutput();
                assertThat(read(client.getInputStream(), 1_000)).hasSize(1_000);
                assertThat(client.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(eventually(() -> meters.get("weir.connections.closed")
                                    .tags("reason", "client_closed", "side", "client")
                                    .functionCounter()
                                    .count()
                            == 1))
                    .isTrue();
            assertThat(meters.get("weir.connections").functionCounter().count()).isEqualTo(1);
            assertThat(meters.get("weir.bytes")
                            .tags("peer", "upstream", "action", "received")
                            .functionCounter()
                            .count())
                    .isEqualTo(1_000);
            assertThat(proxy.clusters().get(0).endpoints().get(0).connects()).isEqualTo(1);
        }
    }

    @Test
    void manyProxiesRunInOneProcess() throws Exception {
        try (Proxy one = Proxy.builder().start(direct(0, "one"));
                Proxy two = Proxy.builder().start(direct(0, "two"))) {
            assertThat(answer(one.address("l").port()) + answer(two.address("l").port()))
                    .isEqualTo("onetwo");
        }
    }
}
