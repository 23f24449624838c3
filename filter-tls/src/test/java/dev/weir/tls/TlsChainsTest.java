package dev.weir.tls;

import static dev.weir.tls.TlsBed.ask;
import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxySSLTLV;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which chain, which cluster, and what they hear of a client's TLS. */
class TlsChainsTest {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.server("server", "one.example", "two.example", "three.example");
    }

    private static Map<String, Object> chain(Map<String, Object> match, Object tls, String says) {
        Map<String, Object> chain = new LinkedHashMap<>();
        chain.put("match", match);
        if (tls instanceof Map<?, ?>) {
            chain.put("tls", tls);
        }
        chain.put("filters", List.of(Map.of("type", "direct_response", "body", says)));
        return chain;
    }

    private String says(TlsBed bed, String name, String... protocols) throws Exception {
        try (SSLSocket client = bed.client(pki.context(null), name)) {
            if (protocols.length > 0) {
                var parameters = client.getSSLParameters();
                parameters.setApplicationProtocols(protocols);
                client.setSSLParameters(parameters);
            }
            client.startHandshake();
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void chainsAreChosenByNameProtocolAndWhetherItIsTls() throws Exception {
        Map<String, Object> tls = section(List.of(certificate(pki, "server")), "alpn", List.of("redis"));
        try (TlsBed bed = TlsBed.of(
                Map.of(
                        "filter_chains",
                        List.of(
                                chain(Map.of("sni", List.of("one.example")), tls, "one"),
                                chain(Map.of("alpn", List.of("redis")), tls, "redis"),
                                chain(Map.of("tls", true), tls, "any"),
                                chain(Map.of("tls", false), "", "plain"))),
                List.of())) {
            assertThat(says(bed, "one.example")).isEqualTo("one");
            assertThat(says(bed, "two.example", "redis")).isEqualTo("redis");
            assertThat(says(bed, "two.example")).isEqualTo("any");
            try (Socket client = bed.plain()) {
                client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.UTF_8));
                assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo("plain");
            }
        }
    }

    @Test
    void tlsIsPassedThroughByItsName() throws Exception {
        var own = pki.server("backend", "one.example", "two.example");
        try (TlsServerSocket one = new TlsServerSocket(pki.context(own), false);
                TlsServerSocket two = new TlsServerSocket(pki.context(own), false);
                TlsBed bed = TlsBed.of(
                        Map.of(
                                "filter_chains",
                                List.of(
                                        through(Map.of("sni", List.of("*.example")), "one"),
                                        through(Map.of("sni", List.of("*")), "two"))),
                        List.of(cluster("one", one.port()), cluster("two", two.port())));
                SSLSocket client = bed.client(pki.context(null), "one.example")) {
            assertThat(ask(client, "ping")).isEqualTo("ping");

            assertThat(one.serverName()).isEqualTo("one.example");
            assertThat(two.serverName()).isEqualTo("none");
            assertThat(bed.count("weir.tls.handshakes")).isZero();
            assertThat(bed.count("weir.tls.inspected", "found", "tls")).isZero(); // the listener had looked
        }
    }

    private static Map<String, Object> through(Map<String, Object> match, String cluster) {
        return Map.of(
                "match",
                match,
                "filters",
                List.of(Map.of("type", "tls_inspector"), Map.of("type", "tcp_proxy", "cluster", cluster)));
    }

    private static Map<String, Object> cluster(String name, int port) {
        return Map.of("name", name, "endpoints", List.of("127.0.0.1:" + port));
    }

    @Test
    void theInspectorLooksAndPassesOn() throws Exception {
        var own = pki.server("backend", "one.example");
        try (TlsServerSocket server = new TlsServerSocket(pki.context(own), false);
                TlsBed bed = TlsBed.of(
                        Map.of(
                                "filters",
                                List.of(Map.of("type", "tls_inspector"), Map.of("type", "tcp_proxy", "cluster", "c"))),
                        List.of(cluster("c", server.port())));
                SSLSocket client = bed.client(pki.context(null), "one.example")) {
            assertThat(ask(client, "ping")).isEqualTo("ping");

            assertThat(bed.count("weir.tls.inspected", "found", "tls")).isEqualTo(1);
        }
    }

    @Test
    void whoIsNotTrustedMayGoElsewhere() throws Exception {
        var good = pki.issue("client", b -> b.ecp256());
        var bad = pki.selfSigned("stranger", b -> b);
        try (Greeter inside = new Greeter("inside");
                Greeter outside = new Greeter("outside");
                TlsBed bed = TlsBed.of(
                        Map.of(
                                "tls",
                                section(
                                        List.of(certificate(pki, "server")),
                                        "client_ca",
                                        pki.path("ca.pem").toString(),
                                        "on_unauthorized",
                                        Map.of("cluster", "outside")),
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "inside"))),
                        List.of(cluster("inside", inside.port()), cluster("outside", outside.port())))) {
            // Twice each: sessions are resumed.
            for (int i = 0; i < 2; i++) {
                assertThat(hears(bed, pki.context(good))).isEqualTo("inside");
                assertThat(hears(bed, pki.context(null))).isEqualTo("outside");
            }
            var heard = OpenSslPeer.client(
                    bed.port(),
                    "a-line-of-its-own",
                    "-cert",
                    pki.path("stranger.pem").toString(),
                    "-key",
                    pki.path("stranger.key").toString());
            assertThat(heard.output()).contains("outside");
            assertThat(bad.getCertificate()).isNotNull();
        }
    }

    private static String hears(TlsBed bed, javax.net.ssl.SSLContext context) throws IOException {
        try (SSLSocket client = bed.client(context, "one.example")) {
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aProxyHeaderTellsOfTheClientsTls() throws Exception {
        var own = pki.issue("client", b -> b.ecp256());
        Map<String, Object> cluster = new LinkedHashMap<>();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            cluster.putAll(cluster("c", server.getLocalPort()));
            cluster.put("proxy_protocol", "v2");
            cluster.put("proxy_protocol_tlvs", List.of("ssl", "authority", "alpn"));
            try (TlsBed bed = TlsBed.of(
                            Map.of(
                                    "tls",
                                    section(
                                            List.of(certificate(pki, "server")),
                                            "client_ca",
                                            pki.path("ca.pem").toString(),
                                            "max_version",
                                            "TLSv1.2"),
                                    "filters",
                                    List.of(Map.of("type", "tcp_proxy", "cluster", "c"))),
                            List.of(cluster));
                    SSLSocket client = bed.client(pki.context(own), "one.example")) {
                client.startHandshake();
                try (Socket upstream = server.accept()) {
                    HAProxyMessage header = header(upstream.getInputStream());

                    HAProxySSLTLV ssl = (HAProxySSLTLV) header.tlvs().stream()
                            .filter(HAProxySSLTLV.class::isInstance)
                            .findFirst()
                            .orElseThrow();
                    assertThat(ssl.isPP2ClientSSL()).isTrue();
                    assertThat(ssl.isPP2ClientCertConn()).isTrue();
                    assertThat(ssl.verify()).isZero();
                    assertThat(ssl.encapsulatedTLVs().stream()
                                    .map(tlv -> tlv.content().toString(StandardCharsets.UTF_8)))
                            .containsExactly("TLSv1.2", "client", "ECDHE-ECDSA-AES128-GCM-SHA256");
                    header.release();
                }
            }
        }
    }

    private static HAProxyMessage header(InputStream in) throws IOException {
        EmbeddedChannel channel = new EmbeddedChannel(new HAProxyMessageDecoder());
        byte[] buffer = new byte[4096];
        HAProxyMessage message = null;
        while (message == null) {
            int n = in.read(buffer);
            channel.writeInbound(Unpooled.copiedBuffer(buffer, 0, n));
            message = channel.readInbound();
        }
        channel.finish();
        return message;
    }

    @Test
    void everyProblemIsToldAtItsPlace() {
        ConfigErrors errors = new ConfigErrors();
        Map<String, Object> listener = TlsBed.listener(
                section(
                        List.of(Map.of("certificate", "nowhere.pem")),
                        "min_version",
                        "TLSv1.4",
                        "client_certificate",
                        "none",
                        "client_pins",
                        List.of("abc"),
                        "authorise",
                        List.of()),
                List.of(Map.of("type", "echo")));

        dev.weir.core.Proxy.check(
                ProxyConfig.from(ConfigNode.of(listener, errors)), getClass().getClassLoader());

        assertThat(errors.problems())
                .extracting(Object::toString)
                .anyMatch(p -> p.startsWith("listeners[0].tls.min_version: \"TLSv1.4\""))
                .anyMatch(p -> p.startsWith("listeners[0].tls.client_pins[0]: \"abc\" (expected: the SHA-256"))
                .anyMatch(p -> p.startsWith("listeners[0].tls.authorise: unknown key (did you mean"));
    }

    @Test
    void aFileThatIsMissingIsNamed() {
        assertThatThrownBy(() -> TlsBed.echo(section(List.of(Map.of("certificate", "nowhere.pem")))))
                .hasMessageContaining("listeners[0].tls.certificates[0].certificate: \"nowhere.pem\" does not exist");
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() throws Exception {
        pki.server("other", "other.example");

        assertThatThrownBy(() -> TlsBed.echo(section(List.of(Map.of(
                        "certificate",
                        pki.path("server.pem").toString(),
                        "private_key",
                        pki.path("other.key").toString())))))
                .hasMessageContaining("is not the private key of");
    }

    /** Says one word to everybody. */
    private static final class Greeter implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

        Greeter(String word) throws IOException {
            Thread thread = new Thread(() -> greet(word), "greeter");
            thread.setDaemon(true);
            thread.start();
        }

        private void greet(String word) {
            for (; ; ) {
                try (Socket client = socket.accept()) {
                    client.getOutputStream().write(word.getBytes(StandardCharsets.UTF_8));
                    client.shutdownOutput();
                    client.getInputStream().readAllBytes(); // what is left unread would become a reset
                } catch (IOException e) {
                    if (socket.isClosed()) {
                        return;
                    }
                }
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void halfAHelloIsWaitedForAndNoLongerThanAllowed() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "server")), "handshake_timeout", "200ms"));
                Socket client = bed.plain()) {
            client.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0});
            client.getOutputStream().flush();

            assertThat(client.getInputStream().readAllBytes().length).isLessThan(10); // an alert at most

            eventually(() -> bed.count("weir.tls.handshake.failures", "reason", "timeout") == 1);
        }
    }
}
