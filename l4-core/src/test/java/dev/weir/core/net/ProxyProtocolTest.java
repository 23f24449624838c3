package dev.weir.core.net;

import static dev.weir.core.net.HeaderReader.header;
import static dev.weir.core.net.HeaderReader.telling;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.read;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Headers in and out of a real proxy, by sockets. What it writes is read by Netty's decoder. */
class ProxyProtocolTest {
    private static final Map<String, ?> ECHO = Map.of("type", "echo");
    private static final byte[] V1 = ProxyBytes.line("PROXY TCP4 203.0.113.7 198.51.100.1 40000 3306");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private Proxy start(Map<String, ?> listener, Map<String, ?> cluster) {
        return Proxy.builder().meters(meters).start(config(listener, cluster));
    }

    private static ProxyConfig config(Map<String, ?> listener, Map<String, ?> cluster) {
        Map<String, Object> l = new HashMap<>(Map.of("name", "l", "address", "127.0.0.1:0"));
        l.putAll(listener);
        Map<String, Object> c = new HashMap<>(Map.of("name", "c"));
        c.putAll(cluster);
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "drain_timeout",
                "60s",
                "listeners",
                List.of(l),
                "clusters",
                cluster.isEmpty() ? List.of() : List.of(c)));
    }

    private static Map<String, Object> echo(Map<String, ?> keys) {
        Map<String, Object> all = new HashMap<>(keys);
        all.put("filters", List.of(ECHO));
        return all;
    }

    private double errors(String reason) {
        var counter = meters.find("weir.proxy.protocol.errors")
                .tags("listener", "l", "reason", reason)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private static String say(Socket client, byte[] header, String text) throws IOException {
        client.getOutputStream().write(ProxyBytes.join(header, text.getBytes(StandardCharsets.US_ASCII)));
        return read(client.getInputStream(), text.length());
    }

    /** All until the end, however that comes. */
    private static String all(Socket client) throws IOException {
        StringBuilder text = new StringBuilder();
        try {
            for (int c = client.getInputStream().read();
                    c >= 0;
                    c = client.getInputStream().read()) {
                text.append((char) c);
            }
        } catch (SocketException reset) {
            // an end as well
        }
        return text.toString();
    }

    private static String line(Socket client) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int c = client.getInputStream().read();
                c >= 0 && c != '\n';
                c = client.getInputStream().read()) {
            text.append((char) c);
        }
        return text.toString();
    }

    // ---- in

    @Test
    void bytesBehindTheHeaderAreUntouchedAlsoUnderBackPressure() throws Exception {
        byte[] data = new byte[4 << 20];
        new Random(7).nextBytes(data);
        try (Proxy proxy = start(echo(Map.of("proxy_protocol", "required", "buffer", "16KiB")), Map.of());
                Socket client = connect(proxy)) {
            Thread writer = Sockets.daemon(() -> {
                client.getOutputStream().write(ProxyBytes.join(ProxyBytes.tcp4().bytes(), data));
                client.shutdownOutput();
            });

            byte[] got = client.getInputStream().readAllBytes();

            writer.join();
            assertThat(Arrays.equals(got, data)).isTrue();
        }
    }

    @Test
    void accessAndLimitsSeeTheAddressInTheHeader() throws Exception {
        Map<String, ?> access = Map.of("type", "access", "allow", List.of("203.0.113.0/24"));
        Map<String, ?> limit = Map.of("type", "connection_limit", "max_connections_per_client", 1);
        Map<String, ?> listener = Map.of("proxy_protocol", "optional", "filters", List.of(access, limit, ECHO));
        byte[] other = ProxyBytes.line("PROXY TCP4 203.0.113.8 198.51.100.1 40000 3306");
        byte[] foreign = ProxyBytes.line("PROXY TCP4 192.0.2.1 198.51.100.1 40000 3306");
        try (Proxy proxy = start(listener, Map.of());
                Socket first = connect(proxy);
                Socket second = connect(proxy);
                Socket same = connect(proxy);
                Socket denied = connect(proxy);
                Socket plain = connect(proxy)) {
            assertThat(say(first, V1, "one")).isEqualTo("one");
            assertThat(say(second, other, "two")).isEqualTo("two");
            assertThat(say(same, V1, "three")).isEmpty();
            assertThat(say(denied, foreign, "four")).isEmpty();
            assertThat(say(plain, new byte[0], "five")).isEmpty();
        } catch (SocketException reset) {
            throw new AssertionError("closed with a reset", reset);
        }
    }

    @Test
    void chainsAreChosenByTheAddressesInTheHeader() throws Exception {
        List<Map<String, ?>> chains = List.of(
                chain(Map.of("source", List.of("203.0.113.0/24"), "destination_ports", List.of(3306)), "told"),
                chain(Map.of("source", List.of("127.0.0.0/8")), "local"));
        byte[] health = ProxyBytes.v2(0x20, 0x11, "cb007107 c6336401 9c40 0cea").bytes();
        byte[] nobody = ProxyBytes.line("PROXY TCP4 192.0.2.1 198.51.100.1 40000 3306");
        try (Proxy proxy = start(Map.of("proxy_protocol", "required", "filter_chains", chains), Map.of());
                Socket told = connect(proxy);
                Socket local = connect(proxy);
                Socket unknown = connect(proxy);
                Socket none = connect(proxy)) {
            told.getOutputStream().write(V1);
            local.getOutputStream().write(health);
            unknown.getOutputStream().write(ProxyBytes.line("PROXY UNKNOWN"));
            none.getOutputStream().write(nobody);

            assertThat(all(told)).isEqualTo("told");
            assertThat(all(local)).isEqualTo("local");
            assertThat(all(unknown)).isEqualTo("local");
            assertThat(all(none)).isEmpty();
            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
        }
    }

    private static Map<String, ?> chain(Map<String, ?> match, String body) {
        return Map.of("match", match, "filters", List.of(Map.of("type", "direct_response", "body", body)));
    }

    @Test
    void onlyTheTrustedMaySendOne() throws Exception {
        List<String> others = List.of("10.0.0.0/8");
        try (Proxy proxy =
                        start(echo(Map.of("proxy_protocol", "optional", "proxy_protocol_trusted", others)), Map.of());
                Socket client = connect(proxy)) {
            String text = new String(V1, StandardCharsets.US_ASCII);

            assertThat(say(client, new byte[0], text)).isEqualTo(text);
        }
        try (Proxy proxy =
                        start(echo(Map.of("proxy_protocol", "required", "proxy_protocol_trusted", others)), Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEmpty();
            assertThat(eventually(() -> errors("untrusted") == 1)).isTrue();
        }
        try (Proxy proxy = start(
                        echo(Map.of("proxy_protocol", "required", "proxy_protocol_trusted", List.of("127.0.0.1"))),
                        Map.of());
                Socket client = connect(proxy)) {
            assertThat(say(client, V1, "in")).isEqualTo("in");
        }
    }

    @Test
    void withoutTheKeyAHeaderIsPassedOnAsItIs() throws Exception {
        try (Proxy proxy = start(echo(Map.of()), Map.of());
                Socket client = connect(proxy)) {
            String text = new String(V1, StandardCharsets.US_ASCII);

            assertThat(say(client, new byte[0], text)).isEqualTo(text);
        }
    }

    @Test
    void whatIsMissingOrLateIsClosedAndCounted() throws Exception {
        try (Proxy proxy =
                        start(echo(Map.of("proxy_protocol", "required", "proxy_protocol_timeout", "10ms")), Map.of());
                Socket missing = connect(proxy);
                Socket late = connect(proxy)) {
            missing.getOutputStream().write('*');

            assertThat(all(missing)).isEmpty();
            assertThat(all(late)).isEmpty();
            assertThat(eventually(() -> errors("missing") + errors("timeout") == 2 && errors("timeout") >= 1))
                    .isTrue();
            assertThat(eventually(() -> meters.get("weir.connections.closed")
                                    .tags("reason", "proxy_protocol", "side", "client")
                                    .functionCounter()
                                    .count()
                            == 2))
                    .isTrue();
        }
    }

    @Test
    void optionalServesServersThatSpeakFirst() throws Exception {
        try (Proxy proxy = start(
                        Map.of(
                                "proxy_protocol",
                                "optional",
                                "filters",
                                List.of(Map.of("type", "direct_response", "body", "220 ready"))),
                        Map.of());
                Socket client = connect(proxy)) {
            assertThat(all(client)).isEqualTo("220 ready");
        }
    }

    @Test
    void peersOfAUnixSocketMaySendOne(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("s");
        Map<String, ?> access = Map.of("type", "access", "allow", List.of("203.0.113.7"));
        Map<String, ?> listener =
                Map.of("address", "unix:" + path, "proxy_protocol", "required", "filters", List.of(access, ECHO));
        try (Proxy proxy = start(listener, Map.of());
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(path));
            client.write(ByteBuffer.wrap(ProxyBytes.join(V1, new byte[] {'u'})));
            ByteBuffer got = ByteBuffer.allocate(1);

            int read = client.read(got);

            assertThat(read).isEqualTo(1);
            assertThat(got.get(0)).isEqualTo((byte) 'u');
            assertThat(proxy.listeners().get(0).connectionsTotal()).isEqualTo(1);
        }
    }

    @Test
    void aReloadChangesWhatNewConnectionsNeed() throws Exception {
        try (Proxy proxy = start(echo(Map.of()), Map.of());
                Socket old = connect(proxy)) {
            assertThat(say(old, new byte[0], "old")).isEqualTo("old");

            proxy.apply(config(echo(Map.of("proxy_protocol", "required")), Map.of()));

            try (Socket young = connect(proxy)) {
                assertThat(say(young, V1, "young")).isEqualTo("young");
            }
            assertThat(say(old, new byte[0], "old")).isEqualTo("old");
        }
    }

    @Test
    @SuppressWarnings("try") // the client hangs up before the test ends
    void aDrainWaitsForConnectionsWhoseHeaderIsOnItsWay() throws Exception {
        try (Proxy proxy =
                        start(echo(Map.of("proxy_protocol", "required", "proxy_protocol_timeout", "60s")), Map.of());
                Socket client = connect(proxy)) {
            client.getOutputStream().write(Arrays.copyOf(V1, 10));
            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 1))
                    .isTrue();

            var drained = proxy.drain();

            assertThat(drained.isDone()).isFalse();
            assertThat(say(client, Arrays.copyOfRange(V1, 10, V1.length), "late"))
                    .isEqualTo("late");
            client.close();
            drained.get(60, TimeUnit.SECONDS);
        }
    }

    // ---- out

    @Test
    void tellsTheServerTheClientsAddress() throws Exception {
        for (String version : List.of("v1", "v2")) {
            try (var server = telling();
                    Proxy proxy = start(
                            Map.of("filters", List.of(tcpProxy())),
                            Map.of("endpoints", List.of(server.address()), "proxy_protocol", version));
                    Socket client = connect(proxy)) {
                assertThat(line(client))
                        .isEqualTo(version.toUpperCase(java.util.Locale.ROOT) + " PROXY TCP4 127.0.0.1:"
                                + client.getLocalPort() + " 127.0.0.1:" + client.getPort());
                assertThat(say(client, new byte[0], "hello")).isEqualTo("hello");
            }
        }
    }

    @Test
    void passesOnWhatItWasTold() throws Exception {
        String six = "20010db8000000000000000000000001 20010db8000000000000000000000002 9c40 0cea";
        // How the client's TLS went, as a load balancer tells: with a certificate, verified; the version, and the name
        // in it.
        String tls = "\u0007\0\0\0\0" + "!\0\7TLSv1.3" + "\"\0\3bob";
        byte[] in = ProxyBytes.v2(0x21, 0x21, six)
                .value(0x02, "db.example.com")
                .value(0x20, tls)
                .bytes();
        for (String version : List.of("v1", "v2")) {
            Map<String, Object> cluster = new HashMap<>(Map.of("proxy_protocol", version));
            if (version.equals("v2")) {
                cluster.put("proxy_protocol_tlvs", List.of("authority", "unique_id", "ssl", "crc32c"));
            }
            try (var server = telling()) {
                cluster.put("endpoints", List.of(server.address()));
                try (Proxy proxy =
                                start(Map.of("proxy_protocol", "required", "filters", List.of(tcpProxy())), cluster);
                        Socket client = connect(proxy)) {
                    client.getOutputStream().write(in);

                    assertThat(line(client))
                            .startsWith(version.toUpperCase(java.util.Locale.ROOT) + " PROXY TCP6 ")
                            .contains(
                                    version.equals("v1")
                                            ? "2001:db8::1:40000 2001:db8::2:3306"
                                            : "2001:db8:0:0:0:0:0:1:40000 2001:db8:0:0:0:0:0:2:3306")
                            .matches(
                                    version.equals("v1")
                                            ? ".*3306"
                                            : "(?s).*3306 PP2_TYPE_AUTHORITY=db.example.com OTHER=\\d+ PP2_TYPE_SSL=.*"
                                                    + " PP2_TYPE_SSL_VERSION=TLSv1.3 PP2_TYPE_SSL_CN=bob OTHER=sum");
                    assertThat(say(client, new byte[0], "hello")).isEqualTo("hello");
                }
            }
        }
    }

    @Test
    void theChecksumIsTheOneThatAReceiverMakes() throws Exception {
        try (Proxy back = start(echo(Map.of("proxy_protocol", "required")), Map.of());
                Proxy front = start(
                        Map.of("filters", List.of(tcpProxy())),
                        Map.of(
                                "endpoints",
                                List.of(back.address("l").toString()),
                                "proxy_protocol",
                                "v2",
                                "proxy_protocol_tlvs",
                                List.of("crc32c")));
                Socket client = connect(front)) {
            assertThat(say(client, new byte[0], "summed")).isEqualTo("summed");
            assertThat(errors("checksum")).isZero();
        }
    }

    @Test
    void healthChecksAreWeirsOwnConnections() throws Exception {
        for (String version : List.of("v1", "v2")) {
            List<String> seen = new ArrayList<>();
            double before = passedChecks();
            try (var server = new Sockets.Server(s -> {
                        HAProxyMessage message = header(s);
                        boolean check = message.proxiedProtocol() == HAProxyProxiedProtocol.UNKNOWN;
                        synchronized (seen) {
                            seen.add(message.command() + " " + message.proxiedProtocol());
                        }
                        message.release();
                        s.getOutputStream().write((check ? "UP" : "??").getBytes(StandardCharsets.US_ASCII));
                        s.getInputStream().transferTo(s.getOutputStream());
                    });
                    Proxy proxy = start(
                            Map.of("filters", List.of(tcpProxy())),
                            Map.of(
                                    "endpoints",
                                    List.of(server.address()),
                                    "proxy_protocol",
                                    version,
                                    "health_check",
                                    Map.of("type", "tcp", "expect", "UP", "timeout", "50s")))) {
                assertThat(eventually(() -> passedChecks() > before)).isTrue();
                assertThat(proxy.clusters().get(0).endpoints().get(0).health()).isEqualTo("healthy");
                synchronized (seen) {
                    assertThat(seen)
                            .containsOnly(
                                    (version.equals("v1") ? HAProxyCommand.PROXY : HAProxyCommand.LOCAL) + " UNKNOWN");
                }
            }
        }
    }

    private double passedChecks() {
        var counter = meters.find("weir_cluster_health_checks")
                .tag("result", "healthy")
                .counter();
        return counter == null ? 0 : counter.count();
    }

    @Test
    void addressesThatAreNoneOfTheInternetAreTold() throws Exception {
        String path = "2f746d702f61" + "00".repeat(102);
        byte[] in = ProxyBytes.v2(0x21, 0x31, path + path).bytes();
        Map<String, String> expected = Map.of("v1", "V1 PROXY UNKNOWN", "v2", "V2 PROXY UNIX_STREAM /tmp/a:0 /tmp/a:0");
        for (String version : List.of("v1", "v2")) {
            try (var server = telling();
                    Proxy proxy = start(
                            Map.of("proxy_protocol", "required", "filters", List.of(tcpProxy())),
                            Map.of("endpoints", List.of(server.address()), "proxy_protocol", version));
                    Socket client = connect(proxy)) {
                client.getOutputStream().write(in);

                assertThat(line(client)).isEqualTo(expected.get(version));
            }
        }
    }

    // ---- configuration

    @Test
    void saysWhatIsWrongWithTheKeys() {
        assertThatThrownBy(() -> start(
                        echo(Map.of(
                                "proxy_protocol",
                                "require",
                                "proxy_protocol_trusted",
                                List.of("10.0.0.0/33"),
                                "proxy_protocol_timeout",
                                "2m")),
                        Map.of(
                                "endpoints",
                                List.of("127.0.0.1:1"),
                                "proxy_protocol",
                                "v1",
                                "proxy_protocol_tlvs",
                                List.of("authorty"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("listeners[0].proxy_protocol: \"require\" (did you mean \"required\"?)")
                .hasMessageContaining("listeners[0].proxy_protocol_timeout: 2m (expected: 10ms..1m)")
                .hasMessageContaining("proxy_protocol_trusted[0]: \"10.0.0.0/33\" (expected: an IP address or range")
                .hasMessageContaining("proxy_protocol_trusted: without proxy_protocol")
                .hasMessageContaining("clusters[0].proxy_protocol_tlvs[0]: \"authorty\" (did you mean \"authority\"?)")
                .hasMessageContaining("clusters[0].proxy_protocol_tlvs: without version 2");
    }
}
