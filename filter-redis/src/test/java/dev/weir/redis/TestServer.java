package dev.weir.redis;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.embedded.RedisServer;

/**
 * A real server for a test: the embedded Redis 6.2 everywhere; Redis 7 where it is installed; Redis 8 and Valkey 9 where
 * the folder that the system property {@code weir.sid} or {@code /opt/weir-sid} names holds them.
 */
final class TestServer implements AutoCloseable {
    private final String name;
    private final int port;
    private final Running running;

    /** How to end it. */
    private interface Running {
        void stop() throws IOException;
    }

    private TestServer(String name, int port, Running running) {
        this.name = name;
        this.port = port;
        this.running = running;
    }

    /** Names of all servers that can be started here. */
    static List<String> available() {
        List<String> names = new ArrayList<>(List.of("embedded"));
        if (Files.isExecutable(Path.of("/usr/bin/redis-server"))) {
            names.add("redis-server");
        }
        Path sid = sid();
        for (String server : List.of("redis-server", "valkey-server")) {
            if (Files.isExecutable(sid.resolve("usr/bin").resolve(server))
                    && Files.isExecutable(Path.of("/usr/sbin/chroot"))) {
                names.add("sid/" + server);
            }
        }
        return names;
    }

    private static Path sid() {
        return Path.of(System.getProperty("weir.sid", "/opt/weir-sid"));
    }

    /** Starts one of {@link #available()}. */
    static TestServer start(String name) throws Exception {
        int port = freePort();
        TestServer server = name.equals("embedded") ? embedded(port) : process(name, port);
        server.awaitPing();
        return server;
    }

    private static TestServer embedded(int port) throws IOException {
        RedisServer redis =
                RedisServer.newRedisServer().port(port).setting("save \"\"").build();
        redis.start();
        return new TestServer("embedded", port, redis::stop);
    }

    private static TestServer process(String name, int port) throws IOException {
        List<String> command = new ArrayList<>();
        if (name.startsWith("sid/")) {
            command.addAll(List.of("/usr/sbin/chroot", sid().toString(), name.substring(4), "--dir", "/tmp"));
        } else {
            command.addAll(
                    List.of(name, "--dir", Files.createTempDirectory("weir").toString()));
        }
        command.addAll(List.of("--port", String.valueOf(port), "--save", "", "--enable-debug-command", "yes"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new TestServer(name, port, () -> {
            process.destroy();
            process.onExit()
                    .orTimeout(5, TimeUnit.SECONDS)
                    .exceptionally(late -> process.destroyForcibly())
                    .join();
        });
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void awaitPing() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try (Client client = connect()) {
                if ("PONG".equals(client.call("PING"))) {
                    return;
                }
            } catch (IOException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
            Thread.sleep(20);
        }
    }

    int port() {
        return port;
    }

    Client connect() throws IOException {
        return new Client(port);
    }

    @Override
    public String toString() {
        return name;
    }

    @Override
    public void close() throws IOException {
        running.stop();
    }

    /** An error answer. */
    record Failure(String message) {}

    /** A RESP2 client of a few lines: texts, longs, lists, null, {@link Failure}. */
    static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(10_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        @Nullable
        Object call(String... command) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(("*" + command.length + "\r\n").getBytes(StandardCharsets.UTF_8));
            for (String part : command) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                out.writeBytes(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.UTF_8));
                out.writeBytes(bytes);
                out.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
            }
            socket.getOutputStream().write(out.toByteArray());
            return read();
        }

        private @Nullable Object read() throws IOException {
            String line = line();
            String rest = line.substring(1);
            switch (line.charAt(0)) {
                case '+':
                    return rest;
                case '-':
                    return new Failure(rest);
                case ':':
                    return Long.valueOf(rest);
                case '$':
                    int length = Integer.parseInt(rest);
                    if (length < 0) {
                        return null;
                    }
                    String text = new String(in.readNBytes(length), StandardCharsets.UTF_8);
                    line();
                    return text;
                default:
                    List<@Nullable Object> list = new ArrayList<>();
                    for (int i = Integer.parseInt(rest); i > 0; i--) {
                        list.add(read());
                    }
                    return list;
            }
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new IOException("closed");
                }
                line.append((char) b);
            }
            return line.substring(0, line.length() - 1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
