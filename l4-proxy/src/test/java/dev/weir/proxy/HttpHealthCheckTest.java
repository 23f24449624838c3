package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.CheckedCluster;
import dev.weir.core.testkit.ProbeTester;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checks of the JDK's HTTP server, and of servers with faults. */
class HttpHealthCheckTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();

    private static Health check(int port, Duration timeout, Map<String, Object> options) throws Exception {
        return ProbeTester.check(
                new HttpHealthCheck().configure(ConfigNode.of(options, new ConfigErrors())), port, timeout);
    }

    private HttpServer server(int port, AtomicInteger status) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + exchange.getProtocol() + " "
                    + exchange.getRequestHeaders().getFirst("Host"));
            byte[] body = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(status.get(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        return server;
    }

    @Test
    void asksForThePathAtTheHost() throws Exception {
        HttpServer server = server(0, new AtomicInteger(200));
        try {
            int port = server.getAddress().getPort();

            Health plain = check(port, LONG, Map.of());
            Health named = check(port, LONG, Map.of("path", "/healthz?deep=1", "host", "db.example.com"));

            assertThat(plain).isEqualTo(Health.OK);
            assertThat(named).isEqualTo(Health.OK);
            assertThat(asked)
                    .containsExactly("GET / HTTP/1.1 127.0.0.1:" + port, "GET /healthz?deep=1 HTTP/1.1 db.example.com");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void followsAServerThatFailsAndStopsAndStarts() throws Exception {
        AtomicInteger status = new AtomicInteger(200);
        HttpServer first = server(0, status);
        int port = first.getAddress().getPort();
        try (CheckedCluster cluster = new CheckedCluster(port, Map.of("type", "http", "path", "/up"))) {
            assertThat(cluster.passes()).isTrue();

            status.set(503);
            assertThat(cluster.failure("status")).isEqualTo("status 503 (expected: 200-299)");
            status.set(200);
            assertThat(cluster.passes()).isTrue();

            first.stop(0);
            assertThat(cluster.failure("connect")).contains("cannot connect");
            HttpServer second = server(port, status);
            try {
                assertThat(cluster.passes()).isTrue();
            } finally {
                second.stop(0);
            }
        } finally {
            first.stop(0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "200, 200, true",
        "200, 201, false",
        "200-399, 302, true",
        "200-399, 404, false",
        "404, 404, true",
        "200-599, 599, true"
    })
    void statusesAreAsExpected(String expected, int status, boolean healthy) throws Exception {
        HttpServer server = server(0, new AtomicInteger(status));
        try {
            Health health = check(server.getAddress().getPort(), LONG, Map.of("expected_status", expected));

            assertThat(health.healthy()).isEqualTo(healthy);
        } finally {
            server.stop(0);
        }
    }

    /** Says something at the first bytes of a request, to one who comes. */
    private static ServerSocket serve(String says, boolean close) throws IOException {
        ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            try (Socket socket = server.accept()) {
                byte[] some = new byte[4096];
                int n = socket.getInputStream().read(some);
                socket.getOutputStream().write(says.getBytes(StandardCharsets.ISO_8859_1));
                while (!close && n >= 0) {
                    n = socket.getInputStream().read(some);
                }
            } catch (IOException e) {
                // the client has gone
            }
        });
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-ERR unknown command 'GET'~~ | false | not HTTP",
                "HTTP/1.1 200 OK~X: {9000} | false | not HTTP",
                "'' | true | closed without an answer",
                "HTTP/1.1 200 | true | closed without an answer",
                "HTTP/1.1 100 Continue~~ | true | closed without an answer",
                "'' | false | no answer within 300 ms",
                "HTTP/1.1 200 OK~Content-Length: | false | no answer within 300 ms"
            })
    void saysWhatIsWrong(String says, boolean close, String reason) throws Exception {
        Duration timeout = reason.startsWith("no answer") ? Duration.ofMillis(300) : LONG;
        String bytes = says.replace("~", "\r\n").replace("{9000}", "x".repeat(9_000));
        try (ServerSocket server = serve(bytes, close)) {
            Health health = check(server.getLocalPort(), timeout, Map.of());

            assertThat(health).isEqualTo(Health.no(reason));
        }
    }

    @Test
    void looksBeyondWhatIsOnlyInformation() throws Exception {
        try (ServerSocket server = serve("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false)) {
            assertThat(check(server.getLocalPort(), LONG, Map.of())).isEqualTo(Health.OK);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "path | health",
                "path | /a b",
                "host | a b",
                "expected_status | 99",
                "expected_status | 100",
                "expected_status | 399-200",
                "expected_status | 2xx"
            })
    void refusesWhatCannotBeAsked(String key, String value) {
        ConfigErrors errors = new ConfigErrors();

        new HttpHealthCheck().configure(ConfigNode.of(Map.of(key, value), errors));

        assertThat(errors.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.path()).isEqualTo(key);
            assertThat(problem.problem()).contains("\"" + value + "\" (expected: ");
        });
    }

    @Test
    void allChecksAreFoundAndKeepTheirSecrets() throws Exception {
        try (ServerSocket nobody = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            StringBuilder clusters = new StringBuilder();
            for (String check : new String[] {
                "type: redis, user: u, password: hunter2, maintenance_key: down",
                "type: mysql, user: u, password: hunter2",
                "type: mongodb, primary: true",
                "type: http, path: /up, host: a.example, expected_status: 200-399",
                "type: tcp, send: a, expect: b"
            }) {
                clusters.append("  - { name: c%d, endpoints: [ \"127.0.0.1:%d\" ], health_check: { %s } }\n"
                        .formatted(clusters.length(), nobody.getLocalPort(), check));
            }
            ConfigFile file =
                    ConfigFile.parse("weir.yaml", """
                    admin: { address: "127.0.0.1:0" }
                    listeners: [ { name: l, address: "127.0.0.1:0", filters: [ { type: echo } ] } ]
                    clusters:
                    """ + clusters, getClass().getClassLoader());

            try (Server server = Server.start(
                    file.config(), Reloader.plain(file), null, getClass().getClassLoader())) {
                String shown = new AdminClient(server.adminAddress())
                        .send("GET", "/config")
                        .body();

                assertThat(shown)
                        .contains("\"mysql\"", "a.example", Redaction.SHOWN)
                        .doesNotContain("hunter2");
            }
        }
    }
}
