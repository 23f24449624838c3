package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.http.PathRules.EscapedSlashes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real nginx makes of paths: {@code $uri} is the normal form, with escapes undone. A second witness beside {@link EnvoyRoutesIT}. */
class NginxPathsIT {
    private static final PathRules RULES = new PathRules(true, true, EscapedSlashes.UNESCAPE, false);

    /** Where the two differ, and why. */
    private static final Map<String, String> INTENDED = Map.of(
            // RFC 3986, 5.2.4, stays at the root.
            "/..", "/, nginx refused",
            "/../a", "/a, nginx refused",
            "/a/../../b", "/b, nginx refused",
            // What other servers take for a slash, or climb by.
            "/a\\b", "refused, nginx /a\\b",
            "/a%5cb", "/a/b, nginx /a\\b",
            "/a/..;/b", "refused, nginx /a/..;/b");

    @TempDir
    Path folder;

    private @Nullable Process nginx;
    private int port;

    @BeforeEach
    void start() throws Exception {
        String binary = Stream.of("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse(null);
        if (binary == null) {
            System.out.println("SKIPPED-NEEDS: nginx");
        }
        assumeTrue(binary != null);
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Path file = Files.writeString(folder.resolve("nginx.conf"), """
                daemon off;
                master_process off;
                pid %1$s/pid;
                error_log %1$s/error.log;
                events { worker_connections 64; }
                http {
                  access_log off;
                  client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/fcgi;
                  uwsgi_temp_path %1$s/uwsgi; scgi_temp_path %1$s/scgi;
                  server { listen 127.0.0.1:%2$d; location / { return 200 "$uri"; } }
                }
                """.formatted(folder, port));
        Process process = new ProcessBuilder(binary, "-p", folder.toString(), "-c", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile())
                .start();
        nginx = process;
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!accepts()) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IOException("nginx does not start: " + Files.readString(folder.resolve("out")));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (nginx != null) {
            nginx.destroyForcibly();
            nginx.waitFor(30, TimeUnit.SECONDS);
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    /** {@code $uri}, or {@code refused}. */
    private String theirs(String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            String head = "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            return answer.startsWith("HTTP/1.1 200")
                    ? answer.substring(answer.indexOf("\r\n\r\n") + 4)
                    : answer.startsWith("HTTP/1.1 400") ? "refused" : answer;
        }
    }

    private static String ours(String path) {
        try {
            return decoded(PathNormalizer.normalize(path, RULES));
        } catch (BadTarget e) {
            return "refused";
        }
    }

    private static String decoded(String path) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%') {
                c = (char) Integer.parseInt(path.substring(i + 1, i + 3), 16);
                i += 2;
            }
            out.append(c);
        }
        return out.toString();
    }

    @Test
    void knownPathsHaveTheSameNormalForm() throws IOException {
        Map<String, String> different = new LinkedHashMap<>();
        for (String path : List.of(
                "/",
                "/a",
                "/a/",
                "/a/.",
                "/a/..",
                "/a/./b",
                "/a/../b",
                "/a/b/../../c",
                "/a//b",
                "//a///b//",
                "/%61",
                "/%7e",
                "/a%2fb",
                "/a%2f..%2fb",
                "/a/%2e%2e/b",
                "/a/%2E/b",
                "/a/.%2e/b",
                "/...",
                "/..a",
                "/a..",
                "/.a",
                "/a/.../b",
                "/%00",
                "/%zz",
                "/%",
                "/a%25b",
                "/a%252fb",
                "/a%3fb",
                "/a%23b",
                "/a;x/b",
                "/a/..;/b",
                "/a{b}|c",
                "/a%20b",
                "/%c3%a9",
                "/a//../b",
                "/a/%2f../b",
                "/..",
                "/../a",
                "/a/../../b",
                "/a\\b",
                "/a%5cb")) {
            String ours = ours(path);
            String theirs = theirs(path);
            if (!ours.equals(theirs)) {
                different.put(path, ours + ", nginx " + theirs);
            }
        }

        assertThat(different).isEqualTo(INTENDED);
    }

    /** Deep enough not to climb over the root. */
    @Test
    void pathsByChanceHaveTheSameNormalForm() throws IOException {
        Random random = new Random(11);
        String[] parts = {"/", "/", "a", "b", ".", "%2e", "%2f", "%41", "%25", "%3f", "c/d", "..", "/../"};
        for (int i = 0; i < 3_000; i++) {
            StringBuilder path = new StringBuilder("/1/2/3/4/5/6/7/8/9/10/11/12");
            for (int n = random.nextInt(10); n > 0; n--) {
                path.append(parts[random.nextInt(parts.length)]);
            }
            assertThat(ours(path.toString())).as(path.toString()).isEqualTo(theirs(path.toString()));
        }
    }
}
