package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What upstreams are told of the way, as the JDK's server gets it. Expected values: RFC 7239 §4 to §6, RFC 9110 §7.6.3. */
class ForwardingTest {
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String seen = exchange.getRequestHeaders().entrySet().stream()
                    .flatMap(entry -> entry.getValue().stream()
                            .map(value -> entry.getKey().toLowerCase(Locale.ROOT) + ": " + value + "\n"))
                    .sorted()
                    .collect(Collectors.joining());
            byte[] body = seen.getBytes(StandardCharsets.ISO_8859_1);
            exchange.getResponseHeaders().add("Via", "1.1 inner");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private HttpBed bed(Map<String, ?> forwarded, Map<String, ?> listener) {
        return new HttpBed(
                Map.of("forwarded", forwarded),
                List.of(HttpBed.cluster(
                        "app", Map.of(), "127.0.0.1:" + server.getAddress().getPort())),
                listener);
    }

    private String send(Map<String, ?> forwarded, String... headers) throws IOException {
        try (HttpBed bed = bed(forwarded, Map.of())) {
            return bed.raw("GET / HTTP/1.1\r\nHost: a.example:8080\r\nConnection: close\r\n" + lines(headers) + "\r\n");
        }
    }

    private static String lines(String... headers) {
        return List.of(headers).stream().map(header -> header + "\r\n").collect(Collectors.joining());
    }

    /** The lines of one header, as the upstream got it. */
    private static List<String> seen(String answer, String name) {
        return answer.substring(answer.indexOf("\r\n\r\n"))
                .lines()
                .filter(line -> line.startsWith(name + ": "))
                .map(line -> line.substring(name.length() + 2))
                .toList();
    }

    @Test
    void byDefaultTheClientAddressIsAdded() throws IOException {
        String answer = send(
                Map.of(),
                "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-For: 192.0.2.2, 192.0.2.3",
                "X-Forwarded-Proto: https",
                "Forwarded: for=192.0.2.1",
                "Via: 1.0 first");

        assertThat(seen(answer, "x-forwarded-for")).containsExactly("192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1");
        assertThat(seen(answer, "x-forwarded-proto")).containsExactly("https"); // of the first proxy
        assertThat(seen(answer, "x-forwarded-host")).containsExactly("a.example:8080");
        assertThat(seen(answer, "forwarded")).containsExactly("for=192.0.2.1");
        assertThat(seen(answer, "via")).containsExactly("1.0 first");
        assertThat(seen(answer, "x-request-id")).isEmpty();
        assertThat(answer).containsIgnoringCase("\r\nVia: 1.1 inner\r\n");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "keep,    `192.0.2.1`,            https, b.example",
                "append,  `192.0.2.1, 127.0.0.1`, https, b.example",
                "replace, `127.0.0.1`,            http,  a.example:8080",
                "remove,  ,                       ,      ",
            })
    void addressSchemeAndHost(String mode, String address, String scheme, String host) throws IOException {
        String answer = send(
                Map.of("x_forwarded", mode),
                "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: b.example");

        assertThat(String.join("|", seen(answer, "x-forwarded-for"))).isEqualTo(address == null ? "" : address);
        assertThat(String.join("|", seen(answer, "x-forwarded-proto"))).isEqualTo(scheme == null ? "" : scheme);
        assertThat(String.join("|", seen(answer, "x-forwarded-host"))).isEqualTo(host == null ? "" : host);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "keep,    `for=192.0.2.1`",
                "append,  `for=192.0.2.1, for=127.0.0.1;host=\"a.example:8080\";proto=http`",
                "replace, `for=127.0.0.1;host=\"a.example:8080\";proto=http`",
                "remove,  ``",
            })
    void theStandardHeader(String mode, String expected) throws IOException {
        String answer = send(Map.of("forwarded", mode), "Forwarded: for=192.0.2.1");

        assertThat(String.join("|", seen(answer, "forwarded"))).isEqualTo(expected);
    }

    /** An address with colons is in brackets and quotes there (RFC 7239, section 6); in the header that everybody knows it is not. */
    @Test
    void theClientIsTheOneThatTheFirstProxyNames() throws IOException {
        try (HttpBed bed = bed(Map.of("forwarded", "append"), Map.of("proxy_protocol", "required"))) {
            String proxy = "PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n";
            String answer = bed.raw(proxy + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

            assertThat(seen(answer, "x-forwarded-for")).containsExactly("2001:db8::7");
            assertThat(seen(answer, "forwarded")).containsExactly("for=\"[2001:db8::7]\";host=\"a\";proto=http");
        }
    }

    @Test
    void requestsHaveNumbers() throws IOException {
        String pattern = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
        String first =
                seen(send(Map.of("request_id", "append")), "x-request-id").get(0);
        String second =
                seen(send(Map.of("request_id", "append")), "x-request-id").get(0);

        assertThat(first).matches(pattern);
        assertThat(second).matches(pattern).isNotEqualTo(first);
        assertThat(seen(send(Map.of("request_id", "append"), "X-Request-Id: mine"), "x-request-id"))
                .containsExactly("mine");
        assertThat(seen(send(Map.of("request_id", "replace"), "X-Request-Id: mine"), "x-request-id"))
                .singleElement()
                .asString()
                .matches(pattern);
        assertThat(seen(send(Map.of("request_id", "remove"), "X-Request-Id: mine"), "x-request-id"))
                .isEmpty();
    }

    /** Both ways; each hop says which version of HTTP the message came by. */
    @Test
    void viaNamesTheVersionThatWasReceived() throws Exception {
        try (HttpBed bed = bed(Map.of("via", "append", "via_name", "edge-1"), Map.of())) {
            String old = bed.raw("GET / HTTP/1.0\r\nVia: 1.1 first\r\n\r\n");
            assertThat(seen(old, "via")).containsExactly("1.1 first, 1.0 edge-1");
            assertThat(old).containsIgnoringCase("\r\nVia: 1.1 inner, 1.1 edge-1\r\n");

            try (RawHttp2 client = new RawHttp2(bed.port())) {
                client.get(1, "/").flush();
                String got = client.until(1).stream()
                        .filter(frame -> frame.type() == RawHttp2.DATA)
                        .map(RawHttp2.Frame::text)
                        .collect(Collectors.joining());
                assertThat(got.lines().filter(line -> line.startsWith("via:"))).containsExactly("via: 2.0 edge-1");
            }
        }
        assertThat(seen(send(Map.of("via", "replace"), "Via: 1.1 first"), "via"))
                .containsExactly("1.1 weir");
        String removed = send(Map.of("via", "remove"), "Via: 1.1 first");
        assertThat(seen(removed, "via")).isEmpty();
        assertThat(removed).doesNotContainIgnoringCase("\r\nVia:");
    }
}
