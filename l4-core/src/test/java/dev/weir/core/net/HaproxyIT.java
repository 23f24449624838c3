package dev.weir.core.net;

import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HAProxy, whose protocol it is, on both sides. */
class HaproxyIT {
    private static final int ATTEMPTS = 3;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @TempDir
    Path folder;

    private static String binary() {
        return Stream.of("/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy")
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse("");
    }

    @BeforeEach
    void needsHaproxy() {
        if (binary().isEmpty()) {
            System.out.println("SKIPPED-NEEDS: haproxy");
            Assumptions.abort("no haproxy");
        }
    }

    /** A running HAProxy on {@link #port}. */
    private record Haproxy(Process process, int port) implements AutoCloseable {
        @Override
        public void close() {
            process.destroyForcibly();
            try {
                process.waitFor(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@code sections} with PORT where it is to listen. */
    private Haproxy haproxy(String sections) throws Exception {
        for (int attempt = 1; ; attempt++) {
            int port = freePort();
            Path config = folder.resolve("haproxy-" + attempt + ".cfg");
            Path log = folder.resolve("log");
            Files.writeString(
                    config,
                    "defaults\n timeout connect 60s\n timeout client 60s\n timeout server 60s\n"
                            + sections.replace("PORT", "127.0.0.1:" + port));
            Haproxy haproxy = new Haproxy(
                    new ProcessBuilder(binary(), "-db", "-f", config.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start(),
                    port);
            if (eventually(() -> !haproxy.process.isAlive() || accepts(port)) && haproxy.process.isAlive()) {
                return haproxy;
            }
            haproxy.close();
            // Between the choice of a port and its use another program may take it.
            if (attempt == ATTEMPTS) {
                throw new IOException("HAProxy does not start: " + Files.readString(log));
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    private Proxy weir(Map<String, ?> listener, Map<String, ?> cluster) {
        Map<String, Object> l = new HashMap<>(listener);
        l.putAll(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(tcpProxy())));
        Map<String, Object> c = new HashMap<>(cluster);
        c.put("name", "c");
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of("event_loops", 1, "listeners", List.of(l), "clusters", List.of(c))));
    }

    private double errors() {
        return meters.find("weir.proxy.protocol.errors").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private static String ask(Socket socket) throws IOException {
        socket.setSoTimeout(60_000);
        socket.getOutputStream()
                .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "send-proxy",
                "send-proxy-v2",
                "send-proxy-v2 proxy-v2-options unique-id,crc32c",
                "send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,crc32c,unique-id"
            })
    void takesTheClientsAddressFromIt(String options) throws Exception {
        // The far side is HAProxy again: it says whom it sees.
        try (Haproxy far = haproxy(seeing());
                Proxy weir = weir(
                        Map.of("proxy_protocol", "required", "proxy_protocol_trusted", List.of("127.0.0.0/8")),
                        Map.of("endpoints", List.of("127.0.0.1:" + far.port), "proxy_protocol", "v2"));
                Haproxy near = haproxy("listen near\n mode tcp\n bind PORT\n unique-id-format %[uuid()]\n server weir "
                        + weir.address("l") + " " + options + "\n");
                Socket client = new Socket(InetAddress.getLoopbackAddress(), near.port)) {
            String answer = ask(client);

            assertThat(answer).endsWith("from 127.0.0.1:" + client.getLocalPort() + " to 127.0.0.1:" + near.port);
            assertThat(errors()).isZero();
        }
    }

    private static String seeing() {
        return "frontend far\n mode http\n bind PORT accept-proxy\n"
                + " http-request return status 200 content-type text/plain"
                + " lf-string \"from %[src]:%[src_port] to %[dst]:%[dst_port]\"\n";
    }

    static List<Map<String, ?>> headers() {
        List<Map<String, ?>> all = new ArrayList<>();
        all.add(Map.of("proxy_protocol", "v1"));
        all.add(Map.of("proxy_protocol", "v2"));
        all.add(Map.of("proxy_protocol", "v2", "proxy_protocol_tlvs", List.of("unique_id", "authority", "crc32c")));
        return all;
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.MethodSource("headers")
    void tellsItTheClientsAddress(Map<String, ?> header) throws Exception {
        try (Haproxy far = haproxy(seeing())) {
            Map<String, Object> cluster = new HashMap<>(header);
            cluster.put("endpoints", List.of("127.0.0.1:" + far.port));
            try (Proxy weir = weir(Map.of(), cluster);
                    Socket client = connect(weir)) {
                String answer = ask(client);

                assertThat(answer)
                        .endsWith("from 127.0.0.1:" + client.getLocalPort() + " to 127.0.0.1:" + client.getPort());
            }
        }
    }

    @Test
    void itsHealthChecksAreTaken() throws Exception {
        try (var server = Sockets.Server.echo();
                Proxy weir =
                        weir(Map.of("proxy_protocol", "required"), Map.of("endpoints", List.of(server.address())));
                Haproxy near = haproxy("listen near\n mode tcp\n bind PORT\n server v1 " + weir.address("l")
                        + " check inter 50ms send-proxy check-send-proxy\n server v2 " + weir.address("l")
                        + " check inter 50ms send-proxy-v2 check-send-proxy\n")) {
            boolean came = eventually(() -> weir.listeners().get(0).connectionsTotal() >= 6);

            assertThat(came).isTrue();
            assertThat(near.process.isAlive()).isTrue();
            assertThat(errors()).isZero();
        }
    }
}
