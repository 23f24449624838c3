package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.testkit.InstalledTool;
import dev.weir.http.Http1Vectors.Vector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What HTTP/1.1 does not allow is refused, what it allows passes, and whatever passes reaches the upstream as what it was; nginx and HAProxy beside. */
class Http1ConformanceIT {
    private static final List<String> SEEN = new CopyOnWriteArrayList<>();
    private static ScriptedServer upstream;
    private static HttpBed bed;

    @BeforeAll
    static void start() throws IOException {
        upstream = new ScriptedServer((peer, number) -> {
            for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                SEEN.add(head.substring(0, head.indexOf("\r\n")));
                String lower = head.toLowerCase(java.util.Locale.ROOT);
                if (lower.contains("transfer-encoding: chunked")) {
                    StringBuilder body = new StringBuilder();
                    while (!body.toString().endsWith("0\r\n\r\n")
                            && !body.toString().endsWith("X: y\r\n\r\n")) {
                        body.append(peer.bytes(1));
                    }
                } else if (lower.contains("content-length: 5")) {
                    peer.bytes(5);
                }
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        bed = new HttpBed(Map.of("timeouts", Map.of("idle", "1s", "stream_idle", "1s")), upstream.address());
    }

    @AfterAll
    static void stop() throws IOException {
        bed.close();
        upstream.close();
    }

    static List<Vector> vectors() {
        return Http1Vectors.all();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void isReadInOneWay(Vector vector) throws IOException {
        SEEN.clear();
        String answer = send(bed.port(), vector);

        if (vector.refused()) {
            assertThat(answer)
                    .startsWith("HTTP/1.1 ")
                    .matches("(?s)HTTP/1.1 [45].*")
                    .doesNotContain("200 OK");
            // The head may have been passed on before a chunk was found to be none, but nothing behind it.
            assertThat(SEEN).noneMatch(line -> line.contains("/hidden"));
        } else {
            assertThat(answer).startsWith("HTTP/1.1 200 OK");
            assertThat(SEEN).singleElement().asString().contains(" /seen HTTP/1.1");
        }
    }

    private static String send(int port, Vector vector) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write(vector.bytes().getBytes(StandardCharsets.ISO_8859_1));
            int first = socket.getInputStream().read();
            socket.setSoTimeout(vector.refused() ? 3_000 : 200);
            return first < 0 ? "" : (char) first + HttpBed.read(socket);
        } catch (java.net.SocketException reset) {
            return "reset";
        } catch (java.net.SocketTimeoutException silence) {
            return "";
        }
    }

    /** Weir refuses whatever one of them refuses, and nothing that both of them take and that the specification allows. */
    @Test
    void isAsStrictAsNginxAndHaproxy(@TempDir Path folder) throws Exception {
        Path nginx = InstalledTool.require("nginx");
        Path haproxy = InstalledTool.require("haproxy");
        int one = freePort();
        int two = freePort();
        Files.writeString(folder.resolve("nginx.conf"), """
                daemon off; worker_processes 1; pid %1$s/pid; error_log %1$s/error.log;
                events { worker_connections 64; }
                http { access_log off; client_body_temp_path %1$s/b; proxy_temp_path %1$s/p; fastcgi_temp_path %1$s/f; uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;
                  server { listen 127.0.0.1:%2$d; client_header_timeout 1s; client_body_timeout 1s; location / { proxy_pass http://%3$s; proxy_http_version 1.1; proxy_request_buffering off; } } }
                """.formatted(folder, one, upstream.address()));
        Files.writeString(folder.resolve("haproxy.cfg"), """
                defaults
                  mode http
                  timeout connect 1s
                  timeout client 1s
                  timeout server 1s
                frontend f
                  bind 127.0.0.1:%d
                  default_backend b
                backend b
                  server s %s
                """.formatted(two, upstream.address()));
        Process first = start(
                folder,
                nginx.toString(),
                "-p",
                folder.toString(),
                "-c",
                folder.resolve("nginx.conf").toString());
        Process second = start(
                folder,
                haproxy.toString(),
                "-db",
                "-f",
                folder.resolve("haproxy.cfg").toString());
        try {
            await(one);
            await(two);
            List<String> laxer = new ArrayList<>();
            List<String> stricter = new ArrayList<>();
            for (Vector vector : Http1Vectors.all()) {
                boolean n = isRefused(send(one, vector));
                boolean h = isRefused(send(two, vector));
                if (!vector.refused() && (n && h)) {
                    laxer.add(vector.name());
                }
                if (vector.refused() && !n && !h) {
                    stricter.add(vector.name());
                }
            }
            assertThat(laxer).as("refused by both peers, taken by Weir").isEmpty();
            // What both take all the same: leniency that RFC 9112 allows and Weir has no use for.
            System.getLogger("conformance").log(System.Logger.Level.INFO, "refused by Weir alone: {0}", stricter);
        } finally {
            first.destroy();
            second.destroy();
            first.waitFor(5, TimeUnit.SECONDS);
            second.waitFor(5, TimeUnit.SECONDS);
        }
    }

    private static boolean isRefused(String answer) {
        return !answer.matches("(?s)HTTP/1\\.[01] 200.*") || answer.matches("(?s).*HTTP/1\\.[01] 4.*");
    }

    private static Process start(Path folder, String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(Path.of(command[0]).getFileName() + ".log")
                        .toFile())
                .start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void await(int port) throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return;
            } catch (IOException e) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IllegalStateException("nothing listens on " + port);
    }
}
