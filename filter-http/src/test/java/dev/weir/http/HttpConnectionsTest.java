package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long connections of HTTP/1.1 are kept, and which server a request goes to that is to go where another one went. */
class HttpConnectionsTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final List<ScriptedServer> servers = new ArrayList<>();

    @AfterEach
    void stop() throws IOException {
        for (ScriptedServer server : servers) {
            server.close();
        }
    }

    /** A client that says nothing, and one that has been served. */
    @ParameterizedTest
    @CsvSource({"0", "1", "3"})
    void idleClientsAreClosed(int requests) throws Exception {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("idle", "300ms")), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(20_000);
            client.getOutputStream().write(GET.repeat(requests).getBytes(StandardCharsets.US_ASCII));
            assertThat(HttpBed.read(client).split("200 OK", -1)).hasSize(requests + 1);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** Who has a request under way is not idle. */
    @Test
    void aSlowAnswerIsNotIdle() throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    TimeUnit.MILLISECONDS.sleep(800);
                    peer.say(OK);
                    peer.head();
                });
                HttpBed bed = new HttpBed(Map.of("timeouts", Map.of("idle", "300ms")), server.address())) {
            assertThat(bed.raw(GET)).startsWith("HTTP/1.1 200 OK");
        }
    }

    @Test
    void clientsGetSoManyAnswersAndNoMore() throws IOException {
        try (ScriptedServer server = ScriptedServer.answering(OK);
                HttpBed bed = new HttpBed(Map.of("limits", Map.of("requests_per_connection", 3)), server.address())) {
            String answers = bed.raw(GET.repeat(5));

            assertThat(answers.split("200 OK", -1)).hasSize(4);
            assertThat(answers.substring(0, answers.lastIndexOf("HTTP/1.1"))).doesNotContainIgnoringCase("connection:");
            assertThat(answers.substring(answers.lastIndexOf("HTTP/1.1")))
                    .containsIgnoringCase("\r\nconnection: close\r\n");
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void upstreamsGetSoManyRequestsAndNoMore() throws IOException {
        List<String> heads = new ArrayList<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                        synchronized (heads) {
                            heads.add(number
                                    + (head.toLowerCase(java.util.Locale.ROOT).contains("connection: close")
                                            ? " last"
                                            : ""));
                        }
                        peer.say(OK);
                    }
                });
                HttpBed bed = new HttpBed(Map.of("upstream", Map.of("requests_per_connection", 2)), server.address())) {
            assertThat(bed.raw(GET.repeat(5)).split("200 OK", -1)).hasSize(6);
            assertThat(heads).containsExactly("1", "1 last", "2", "2 last", "3");
        }
    }

    @Test
    void keptConnectionsThatNobodyUsesAreClosed() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    peer.head();
                    peer.say(OK);
                    if (peer.head().isEmpty()) {
                        closed.countDown();
                    }
                });
                HttpBed bed = new HttpBed(Map.of("upstream", Map.of("idle_timeout", "300ms")), server.address());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().read()).isEqualTo('H');
            assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** Eight servers that say which they are. */
    private HttpBed bed(Map<String, ?> hash) throws IOException {
        for (int i = 0; i < 8; i++) {
            servers.add(ScriptedServer.answering(
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Server: " + i + "\r\n\r\n" + i));
        }
        return new HttpBed(
                Map.of("routes", List.of(Map.of("path_prefix", "/", "cluster", "app", "hash", List.of(hash)))),
                List.of(HttpBed.cluster(
                        "app",
                        Map.of("load_balancing", "ring_hash"),
                        servers.stream().map(ScriptedServer::address).toArray(String[]::new))));
    }

    private static String ask(HttpBed bed, String target, String header) throws IOException {
        return bed.raw("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + header + "\r\n");
    }

    private static char server(String answer) {
        return answer.charAt(answer.length() - 1);
    }

    @ParameterizedTest
    @CsvSource({"header, x-user, /, X-User: %s", "query, user, /?user=%s, ", "cookie, sid, /, Cookie: a=b; sid=%s"})
    void oneUserIsServedByOneServer(String kind, String name, String target, String header) throws IOException {
        try (HttpBed bed = bed(Map.of(kind, name))) {
            Set<Character> all = new HashSet<>();
            for (int user = 0; user < 40; user++) {
                String line = header == null ? "" : header.formatted("user" + user) + "\r\n";
                char first = server(ask(bed, target.formatted("user" + user), line));
                char second = server(ask(bed, target.formatted("user" + user), line));
                assertThat(second).isEqualTo(first);
                all.add(first);
            }
            assertThat(all).hasSizeGreaterThan(4);
        }
    }

    @Test
    void oneAddressIsServedByOneServer() throws IOException {
        try (HttpBed bed = bed(Map.of("source", true))) {
            char first = server(ask(bed, "/", ""));
            for (int i = 0; i < 20; i++) {
                assertThat(server(ask(bed, "/" + i, ""))).isEqualTo(first);
            }
        }
    }

    /** Who has no cookie gets one, and is already where it leads. */
    @Test
    void aCookieIsMade() throws IOException {
        try (HttpBed bed = bed(Map.of("cookie", "sid", "ttl", "1h"))) {
            Set<Character> all = new HashSet<>();
            for (int i = 0; i < 20; i++) {
                String first = ask(bed, "/", "");
                Matcher cookie = Pattern.compile(
                                "(?i)\r\nset-cookie: (sid=[0-9a-f]{16}); Max-Age=3600; Path=/; HttpOnly\r\n")
                        .matcher(first);
                assertThat(cookie.find()).isTrue();
                String second = ask(bed, "/", "Cookie: " + cookie.group(1) + "\r\n");
                assertThat(server(second)).isEqualTo(server(first));
                assertThat(second).doesNotContainIgnoringCase("set-cookie");
                all.add(server(first));
            }
            assertThat(all).hasSizeGreaterThan(1);
        }
    }
}
