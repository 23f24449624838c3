package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig.AdminConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The admin server under what no ordinary client sends: by raw sockets. */
class AdminServerAbuseTest {
    /** Long, as a busy machine may take its time between two lines of a test. */
    private static final int TIMEOUT_MILLIS = 3_000;

    private static final int SHORT_MILLIS = 400;
    private static final String HOST = "Host: localhost\r\n";

    private final FakeSource source = new FakeSource();
    private AdminServer server;

    @BeforeEach
    void start() {
        start(TIMEOUT_MILLIS);
    }

    private void start(int timeoutMillis) {
        server = AdminServer.start(
                source,
                new AdminConfig(new Address("127.0.0.1", 0), List.of("weir.example.com")),
                source.meters,
                timeoutMillis);
    }

    /** Whatever happened, it still answers. */
    @AfterEach
    void stillAnswers() throws IOException {
        assertThat(new AdminClient(server.address()).send("GET", "/healthz").status())
                .isEqualTo(200);
        server.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(server.address().host(), server.address().port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    /** Sends bytes and returns all that comes until the server closes. */
    private String send(String bytes) throws IOException {
        try (Socket socket = connect()) {
            try {
                socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
            } catch (IOException e) {
                // Refused before all was sent.
            }
            return readAll(socket.getInputStream());
        }
    }

    private static String readAll(InputStream in) {
        StringBuilder text = new StringBuilder();
        try {
            for (int b = in.read(); b >= 0; b = in.read()) {
                text.append((char) b);
            }
        } catch (IOException e) {
            text.append("(reset)");
        }
        return text.toString();
    }

    private static String status(String answer) {
        return answer.length() < 12 ? answer : answer.substring(9, 12);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GARBAGE\r\n\r\n",
                "GET\r\n\r\n",
                "GET /\r\n\r\n",
                "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET /a\u0000b HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n",
                "POST /log HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            })
    void refusesMalformedRequests(String request) throws IOException {
        String answer = send(request);

        assertThat(status(answer)).isIn("400", "404", "505");
        assertThat(answer).doesNotContain("\tat ", "Exception");
    }

    @Test
    void limitsTheSizesOfRequests() throws IOException {
        assertThat(status(send("GET /" + "a".repeat(5_000) + " HTTP/1.1\r\n" + HOST + "\r\n")))
                .isEqualTo("414");
        assertThat(status(send("GET / HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(20_000) + "\r\n\r\n")))
                .isEqualTo("431");
        assertThat(status(send("GET / HTTP/1.1\r\n" + HOST + "A: b\r\n".repeat(5_000) + "\r\n")))
                .isEqualTo("431");
        assertThat(status(send("POST /log?level=info HTTP/1.1\r\n" + HOST + "Content-Length: 10000000\r\n\r\n")))
                .isEqualTo("413");
    }

    @Test
    void survivesNoise() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            byte[] noise = new byte[1 + random.nextInt(3_000)];
            random.nextBytes(noise);
            try (Socket socket = connect()) {
                socket.getOutputStream().write(noise);
                if (random.nextBoolean()) {
                    socket.setSoLinger(true, 0);
                }
            } catch (IOException e) {
                // Closed before all was sent.
            }
        }
    }

    @Test
    void survivesRequestsThatEndAnywhere() throws IOException {
        String request = "POST /log?level=info HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc";
        for (int i = 0; i < request.length(); i++) {
            try (Socket socket = connect()) {
                socket.getOutputStream().write(request.substring(0, i).getBytes(StandardCharsets.ISO_8859_1));
                socket.shutdownOutput();
                assertThat(readAll(socket.getInputStream())).isEmpty();
            }
        }
    }

    @Test
    void answersPipelinedRequestsInOrder() throws IOException {
        String get = " HTTP/1.1\r\n" + HOST + "\r\n";
        String answer = send("GET /healthz" + get + "GET /nope" + get + "GET /ready HTTP/1.1\r\n" + HOST
                + "Connection: close\r\n\r\n");

        assertThat(answer.split("HTTP/1\\.1 ", -1)).hasSize(4);
        assertThat(answer.indexOf("ok\n")).isLessThan(answer.indexOf("no path"));
        assertThat(answer).endsWith("ready\n");
    }

    @Test
    void answersTheOldVersionWithoutHost() throws IOException {
        assertThat(send("GET /healthz HTTP/1.0\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .endsWith("ok\n");
    }

    @Test
    void closesConnectionsThatTakeTooLong() throws IOException {
        server.close();
        start(SHORT_MILLIS);
        long begin = System.nanoTime();

        assertThat(send("")).isEmpty();
        assertThat(send("GET / HTTP/1.1\r\n")).isEmpty();
        assertThat(send("GET /healthz HTTP/1.1\r\n" + HOST + "\r\n")).endsWith("ok\n");

        assertThat((System.nanoTime() - begin) / 1_000_000).isGreaterThanOrEqualTo(3L * SHORT_MILLIS - 50);
    }

    @Test
    void limitsTheNumberOfConnections() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < AdminServer.MAX_CONNECTIONS; i++) {
                sockets.add(connect());
            }
            try (Socket more = connect()) {
                assertThat(readAll(more.getInputStream())).isIn("", "(reset)");
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        // The server sees the closes a little later.
        while (true) {
            try {
                new AdminClient(server.address()).send("GET", "/healthz");
                break;
            } catch (IOException e) {
                Thread.onSpinWait();
            }
        }
        assertThat(source.meters.get("weir.admin.refused.connections").counter().count())
                .isGreaterThanOrEqualTo(1);
    }

    @Test
    void limitsTheReadersOfTheStream() throws IOException {
        String live = "GET /exchanges/live HTTP/1.1\r\n" + HOST + "\r\n";
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                Socket socket = connect();
                sockets.add(socket);
                socket.getOutputStream().write(live.getBytes(StandardCharsets.ISO_8859_1));
                assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.ISO_8859_1))
                        .isEqualTo("HTTP/1.1 200");
            }
            assertThat(status(send(live))).isEqualTo("503");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "LOCALHOST:9901, 200",
        "127.0.0.1, 200",
        "127.0.0.1:1, 200",
        "127.9.9.9, 200",
        "[::1]:80, 200",
        "weir.example.com, 200",
        "WEIR.example.com:443, 200",
        "evil.example.com, 403",
        "localhost.evil.com, 403",
        "10.1.2.3, 403",
        "127.0.0.1.evil.com, 403",
        "[::2], 403",
        "localhost:x, 403",
        "[::1, 403",
        "'', 403",
        "0.0.0.0, 403"
    })
    void servesItsOwnNamesOnly(String host, String status) throws IOException {
        String answer = send("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");

        assertThat(status(answer)).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST|Origin: http://evil.example.com|403",
                "POST|Origin: null|403",
                "POST|Origin: http://localhost|202",
                "POST|Origin: https://localhost|403",
                "POST|Origin: http://localhost:81|403",
                "POST|Sec-Fetch-Site: cross-site|403",
                "POST|Sec-Fetch-Site: same-site|403",
                "POST|Sec-Fetch-Site: same-origin|202",
                "POST|Accept: */*|202"
            })
    void refusesChangesThatOtherPagesAskFor(String method, String header, String status) throws IOException {
        String answer = send(method + " /drain HTTP/1.1\r\n" + HOST + header + "\r\nContent-Length: 0\r\n"
                + "Connection: close\r\n\r\n");

        assertThat(status(answer)).isEqualTo(status);
        assertThat(source.draining).isEqualTo(status.equals("202"));
    }

    @Test
    void showsNothingToOtherPagesButLetsThemLinkHere() throws IOException {
        String fetch = "GET /listeners HTTP/1.1\r\n" + HOST + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: %s\r\n"
                + "Connection: close\r\n\r\n";

        assertThat(status(send(fetch.formatted("no-cors")))).isEqualTo("403");
        assertThat(status(send(fetch.formatted("navigate")))).isEqualTo("200");
    }
}
