package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HTTP/1.1 on both sides, before the JDK's server. */
class Http1Test {
    private HttpServer server;
    private HttpBed bed;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().add("X-Seen", exchange.getRequestMethod() + " " + exchange.getRequestURI());
            exchange.getRequestHeaders().forEach((name, values) -> {
                if (name.startsWith("X-")) {
                    exchange.getResponseHeaders().put("Seen-" + name, values);
                }
            });
            byte[] answer = body.length > 0 ? body : "hello".getBytes(StandardCharsets.UTF_8);
            boolean chunked = exchange.getRequestURI().getPath().startsWith("/chunked");
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(200, head ? -1 : chunked ? 0 : answer.length);
            if (!head) {
                exchange.getResponseBody().write(answer);
            }
            exchange.close();
        });
        server.start();
        bed = new HttpBed(Map.of(), "127.0.0.1:" + server.getAddress().getPort());
    }

    @AfterEach
    void stop() {
        bed.close();
        server.stop(0);
    }

    private HttpResponse<String> send(String path, HttpRequest.BodyPublisher body, String method) throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + bed.port() + path))
                .method(method, body)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void passesRequestAndAnswer() throws Exception {
        HttpResponse<String> answer = send("/a?b=c", HttpRequest.BodyPublishers.noBody(), "GET");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("hello");
        assertThat(answer.headers().firstValue("x-seen")).contains("GET /a?b=c");
        assertThat(answer.headers().firstValue("seen-x-forwarded-for")).contains("127.0.0.1");
    }

    @Test
    void passesBodies() throws Exception {
        String large = "x".repeat(3_000_000);

        assertThat(send("/", HttpRequest.BodyPublishers.ofString("small"), "POST")
                        .body())
                .isEqualTo("small");
        assertThat(send("/chunked", HttpRequest.BodyPublishers.ofString(large), "PUT")
                        .body())
                .isEqualTo(large);
        assertThat(send(
                                "/",
                                HttpRequest.BodyPublishers.ofByteArrays(
                                        java.util.List.of(large.getBytes(StandardCharsets.US_ASCII))),
                                "POST")
                        .body())
                .isEqualTo(large);
    }

    @Test
    void servesRequestsInTheirOrder() throws Exception {
        String answers = bed.raw("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3)
                + "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        assertThat(answers.split("hello", -1)).hasSize(5);
        assertThat(answers).containsSubsequence("GET /1", "GET /1", "GET /1", "GET /4");
    }

    @Test
    void refusesWhatIsNoRequest() throws Exception {
        assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(bed.raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(
                        bed.raw(
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ");
    }
}
