package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.testkit.InstalledTool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other people's clients. */
class Http2ToolsIT {
    private static final int BODY = 5_000_000;

    @TempDir
    Path folder;

    private static String curl() {
        return InstalledTool.require("curl").toString();
    }

    private static String[] ask(int port, String path, String... more) {
        String[] command = {
            curl(), "-sS", "-m", "60", "--http2-prior-knowledge", "-D", "-", "http://127.0.0.1:" + port + path
        };
        String[] all = java.util.Arrays.copyOf(command, command.length + more.length);
        System.arraycopy(more, 0, all, command.length, more.length);
        return all;
    }

    @Test
    void answersCurl() throws Exception {
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            assertThat(Http2Bed.run(ask(bed.port(), "/")))
                    .startsWith("HTTP/2 200")
                    .endsWith("hello");
            assertThat(Http2Bed.run(ask(bed.port(), "/hints")))
                    .startsWith("HTTP/2 103")
                    .contains("HTTP/2 200");
            assertThat(Http2Bed.run(ask(bed.port(), "/trailers")))
                    .contains("body")
                    .contains("grpc-status: 0");
        }
    }

    /** Bodies far beyond all windows, both ways at the same time. */
    @Test
    void givesCurlItsBodyBack() throws Exception {
        byte[] body = new byte[BODY];
        new Random(1).nextBytes(body);
        Path sent = Files.write(folder.resolve("sent"), body);
        Path back = folder.resolve("back");
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            String head = Http2Bed.run(
                    ask(bed.port(), "/echo", "--data-binary", "@" + sent, "-H", "Expect:", "-o", back.toString()));

            assertThat(head).startsWith("HTTP/2 200");
            assertThat(Files.readAllBytes(back)).isEqualTo(body);
        }
    }

    @Test
    void answersManyRequestsOfH2load() throws Exception {
        String h2load = InstalledTool.require("h2load").toString();
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            String small = Http2Bed.run(h2load, "-n", "5000", "-c", "5", "-m", "50", "http://127.0.0.1:" + bed.port());
            String big = Http2Bed.run(
                    h2load, "-n", "100", "-c", "2", "-m", "20", "http://127.0.0.1:" + bed.port() + "/big?n=300000");

            assertThat(small).contains("5000 succeeded, 0 failed, 0 errored, 0 timeout");
            assertThat(big).contains("100 succeeded, 0 failed, 0 errored, 0 timeout");
            assertThat(Http2Bed.eventually(() -> bed.closed("client_closed") == 7))
                    .as(bed.reasons())
                    .isTrue();
        }
    }

    @Test
    void answersNghttp() throws Exception {
        String nghttp = InstalledTool.require("nghttp").toString();
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            String base = "http://127.0.0.1:" + bed.port();

            assertThat(Http2Bed.run(nghttp, "-v", base + "/head", base + "/trailers"))
                    .contains("GET /head HTTP/2.0")
                    .contains("grpc-status: 0")
                    .doesNotContain("[INVALID");
        }
    }

    @Test
    void upgradesFromHttp1() throws Exception {
        String nghttp = InstalledTool.require("nghttp").toString();
        try (Http2Bed bed = new Http2Bed(Map.of("upgrade", true))) {
            String base = "http://127.0.0.1:" + bed.port();

            assertThat(Http2Bed.run(nghttp, "-v", "-u", base + "/head", base + "/trailers"))
                    .contains("HTTP Upgrade success")
                    .contains("GET /head HTTP/2.0")
                    .contains("grpc-status: 0");
            assertThat(Http2Bed.run(curl(), "-sS", "-m", "60", "--http2", base + "/head"))
                    .startsWith("GET /head HTTP/2.0\nHost: 127.0.0.1")
                    .doesNotContainIgnoringCase("http2-settings");
        }
    }

    @Test
    void asksNghttpd() throws Exception {
        String nghttpd = InstalledTool.require("nghttpd").toString();
        byte[] body = new byte[BODY];
        new Random(1).nextBytes(body);
        Path sent = Files.write(folder.resolve("sent"), body);
        Path back = folder.resolve("back");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Process server = new ProcessBuilder(nghttpd, "--no-tls", "--echo-upload", "-d", "" + folder, "" + port)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (Http2Bed bed = new Http2Bed(Map.of(), "127.0.0.1:" + port)) {
            assertThat(Http2Bed.eventually(() -> accepts(port))).isTrue();

            String head = Http2Bed.run(ask(bed.port(), "/sent", "-o", back.toString()));
            assertThat(head).startsWith("HTTP/2 200").contains("server: nghttpd");
            assertThat(Files.readAllBytes(back)).isEqualTo(body);
            Http2Bed.run(ask(bed.port(), "/echo", "--data-binary", "@" + sent, "-H", "Expect:", "-o", back.toString()));
            assertThat(Files.readAllBytes(back)).isEqualTo(body);
            assertThat(Http2Bed.run(ask(bed.port(), "/none"))).startsWith("HTTP/2 404");
        } finally {
            server.destroyForcibly().waitFor();
        }
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** The whole terminal: a client that begins with HTTP/1.1 and goes over, before an upstream that speaks HTTP/1.1. */
    @Test
    void goesOverToHttp2() throws Exception {
        String curl = InstalledTool.require("curl").toString();
        try (ScriptedServer server =
                        ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Up: yes\r\n\r\nok");
                HttpBed with = new HttpBed(Map.of("h2c_upgrade", true), server.address());
                HttpBed without = new HttpBed(Map.of(), server.address())) {
            assertThat(Http2Bed.run(curl, "-s", "-i", "--http2", "http://127.0.0.1:" + with.port() + "/"))
                    .contains("HTTP/1.1 101", "HTTP/2 200", "x-up: yes")
                    .endsWith("ok");
            assertThat(Http2Bed.run(curl, "-s", "-i", "--http2", "http://127.0.0.1:" + without.port() + "/"))
                    .startsWith("HTTP/1.1 200")
                    .endsWith("ok");
        }
    }
}
