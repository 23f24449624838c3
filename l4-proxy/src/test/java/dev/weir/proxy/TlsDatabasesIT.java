package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Databases behind TLS, asked by the programs that come with them: what was encrypted is counted by command. */
class TlsDatabasesIT {
    private static final Path REDIS_CLI = Path.of("/usr/bin/redis-cli");
    private static final Path REDIS_SERVER = Path.of("/usr/bin/redis-server");
    private static final Path CURL = Path.of("/usr/bin/curl");

    @TempDir
    Path folder;

    @BeforeEach
    void makeCertificates() throws Exception {
        X509Bundle root = new CertificateBuilder()
                .subject("CN=Root")
                .ecp256()
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("ca.pem"), root.getCertificatePEM());
        for (String name : List.of("server", "client")) {
            X509Bundle own = new CertificateBuilder()
                    .subject("CN=" + name)
                    .rsa2048()
                    .addSanDnsName("localhost")
                    .addSanIpAddress("127.0.0.1")
                    .buildIssuedBy(root);
            Files.writeString(folder.resolve(name + ".pem"), own.getCertificatePEM());
            Files.writeString(folder.resolve(name + ".key"), own.getPrivateKeyPEM());
        }
    }

    private static void needs(Path... programs) {
        for (Path program : programs) {
            if (!Files.isExecutable(program)) {
                System.out.println("SKIPPED-NEEDS: " + program);
                Assumptions.abort("no " + program);
            }
        }
    }

    private Server start(String text) throws IOException {
        ConfigFile file = ConfigFile.parse(
                "weir.yaml", text.replace("DIR", folder.toString()), getClass().getClassLoader());
        return Server.start(file.config(), Map.of(), null, getClass().getClassLoader());
    }

    private String run(List<String> command) throws Exception {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().onExit().join();
        }
        return Files.readString(out);
    }

    private String redisCli(Address address, String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                REDIS_CLI.toString(),
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(address.port()),
                "--tls",
                "--cacert",
                folder.resolve("ca.pem").toString(),
                "--cert",
                folder.resolve("client.pem").toString(),
                "--key",
                folder.resolve("client.key").toString()));
        all.addAll(List.of(command));
        return run(all);
    }

    private static String metrics(Server server) throws Exception {
        Address admin = server.adminAddress();
        assertThat(admin).isNotNull();
        return new AdminClient(admin).send("GET", "/metrics").body();
    }

    private static String clusters(Server server) throws Exception {
        Address admin = server.adminAddress();
        assertThat(admin).isNotNull();
        return new AdminClient(admin).send("GET", "/clusters").body();
    }

    private static final String TLS = """
                    tls:
                      certificates: [ { certificate: DIR/server.pem, private_key: DIR/server.key } ]
                      client_ca: DIR/ca.pem
            """;

    @Test
    void redisStatisticsReadWhatWasEncrypted() throws Exception {
        needs(REDIS_CLI);
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                Server server = start("""
                        admin: { address: "127.0.0.1:0" }
                        listeners:
                          - name: orders
                            address: 127.0.0.1:0
                        %s
                            filters:
                              - { type: redis_stats }
                              - { type: tcp_proxy, cluster: orders }
                        clusters: [ { name: orders, endpoints: [ "%s" ] } ]
                        """.formatted(TLS.indent(-8).indent(4), redis.address()))) {
            Address address = server.listeners().get(0).address();

            assertThat(redisCli(address, "SET", "a", "b")).isEqualTo("OK\n");
            assertThat(redisCli(address, "GET", "a")).isEqualTo("b\n");

            assertThat(metrics(server))
                    .contains("db_operation_name=\"GET\"")
                    .contains("weir_tls_handshakes_total{kind=\"full\",name=\"orders\",side=\"client\"} 2.0");
        }
    }

    /** Two shards that speak TLS and ask for certificates, and a health check that speaks it as well. */
    @Test
    void theRedisProxyAsksShardsByTls() throws Exception {
        needs(REDIS_CLI, REDIS_SERVER);
        try (TlsRedis one = new TlsRedis();
                TlsRedis two = new TlsRedis();
                Server server = start("""
                        admin: { address: "127.0.0.1:0" }
                        listeners:
                          - name: cache
                            address: 127.0.0.1:0
                        %s
                            filters:
                              - { type: redis_proxy, routes: [ { cluster: shards } ] }
                        clusters:
                          - name: shards
                            load_balancing: maglev
                            endpoints: [ "127.0.0.1:%d", "127.0.0.1:%d" ]
                            health_check: { type: redis, interval: 200ms }
                            tls: { ca: DIR/ca.pem, certificate: DIR/client.pem, private_key: DIR/client.key }
                        """.formatted(TLS.indent(-8).indent(4), one.port, two.port))) {
            Address address = server.listeners().get(0).address();
            for (int i = 0; i < 20; i++) {
                assertThat(redisCli(address, "SET", "key" + i, "v" + i)).isEqualTo("OK\n");
            }
            assertThat(redisCli(address, "MGET", "key3", "key4", "key5")).isEqualTo("v3\nv4\nv5\n");

            assertThat(one.keys() + two.keys()).isEqualTo(20);
            assertThat(one.keys()).isBetween(1, 19);
            assertThat(clusters(server)).contains("\"tls\":\"verified\"").doesNotContain("unhealthy");
        }
    }

    /** HTTP is bytes for now; curl verifies, and says so. */
    @Test
    void curlTrustsTheListener() throws Exception {
        needs(CURL);
        try (Server server = start("""
                listeners:
                  - name: web
                    address: 127.0.0.1:0
                    tls: { certificates: [ { certificate: DIR/server.pem, private_key: DIR/server.key } ], alpn: [ http/1.1 ] }
                    filters:
                      - { type: direct_response, body: "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nhello\\n" }
                """)) {
            String url =
                    "https://localhost:" + server.listeners().get(0).address().port() + "/";

            assertThat(run(List.of(
                            CURL.toString(),
                            "-sS",
                            "--cacert",
                            folder.resolve("ca.pem").toString(),
                            url)))
                    .isEqualTo("hello\n");
            assertThat(run(List.of(CURL.toString(), "-sS", url))).contains("SSL certificate problem");
        }
    }

    /** A Redis that speaks nothing but TLS, to clients with certificates. */
    private final class TlsRedis implements AutoCloseable {
        private final Process process;
        private final int port;

        TlsRedis() throws Exception {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = socket.getLocalPort();
            }
            Path home = Files.createDirectories(folder.resolve("redis-" + port));
            process = new ProcessBuilder(
                            REDIS_SERVER.toString(),
                            "--port",
                            "0",
                            "--tls-port",
                            Integer.toString(port),
                            "--bind",
                            "127.0.0.1",
                            "--tls-ca-cert-file",
                            folder.resolve("ca.pem").toString(),
                            "--tls-cert-file",
                            folder.resolve("server.pem").toString(),
                            "--tls-key-file",
                            folder.resolve("server.key").toString(),
                            "--save",
                            "",
                            "--dir",
                            home.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(home.resolve("log").toFile())
                    .start();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!open()) {
                assertThat(System.nanoTime())
                        .as(Files.readString(home.resolve("log")))
                        .isLessThan(end);
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }

        private boolean open() {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
                return true;
            } catch (IOException e) {
                return false;
            }
        }

        int keys() throws Exception {
            return Integer.parseInt(
                    redisCli(new Address("127.0.0.1", port), "DBSIZE").strip());
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }
}
