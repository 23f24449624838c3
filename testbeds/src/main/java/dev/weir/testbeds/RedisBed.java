package dev.weir.testbeds;

import java.io.IOException;
import java.io.UncheckedIOException;
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
import redis.embedded.core.ExecutableProvider;

/** A real Redis or Valkey server on a free port, in a process of its own, without persistence. */
public final class RedisBed implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 20;

    /** A server that can be started here. */
    public record Kind(String name, List<String> command) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final Process process;
    private final String ip;
    private final int port;

    private RedisBed(Process process, String ip, int port) {
        this.process = process;
        this.ip = ip;
        this.port = port;
    }

    /** Redis 6.2 from the jar of embedded-redis; there on every machine the jar has a binary for. */
    public static Kind embedded() {
        try {
            Path binary =
                    ExecutableProvider.newJarResourceProvider().get().toPath().toAbsolutePath();
            return new Kind("redis 6.2 (embedded)", List.of(binary.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The installed {@code redis-server}, or null if there is none on the path. */
    public static @Nullable Kind installed() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            Path binary = Path.of(folder, "redis-server");
            if (Files.isExecutable(binary)) {
                return new Kind("redis-server (installed)", List.of(binary.toString()));
            }
        }
        return null;
    }

    /** The newest Redis and Valkey, where {@code testbeds/install-servers.sh} has put them. */
    public static List<Kind> newest() {
        String tools = System.getenv("WEIR_TOOLS");
        Path root = (tools == null || tools.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                        : Path.of(tools))
                .resolve("sid");
        List<Kind> found = new ArrayList<>();
        for (String server : List.of("redis-server", "valkey-server")) {
            Path binary = root.resolve("usr/bin").resolve(server);
            Path loader = root.resolve("usr/lib64/ld-linux-x86-64.so.2");
            if (Files.isExecutable(binary) && Files.isExecutable(loader)) {
                String libraries = root.resolve("usr/lib/x86_64-linux-gnu").toString();
                found.add(new Kind(
                        server + " (Debian sid)",
                        List.of(loader.toString(), "--library-path", libraries, binary.toString())));
            }
        }
        return found;
    }

    /** Starts a server and waits until it answers. */
    public static RedisBed start(Kind kind) throws IOException, InterruptedException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        return start(kind, "127.0.0.1", port);
    }

    /** Starts a server on a port that was another one's before, and waits until it answers. */
    public static RedisBed start(Kind kind, int port) throws IOException, InterruptedException {
        return start(kind, "127.0.0.1", port);
    }

    /** The same on an address and a port that are free. */
    public static RedisBed start(Kind kind, String ip, int port) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(kind.command);
        command.addAll(List.of("--port", Integer.toString(port), "--bind", ip));
        command.addAll(List.of("--save", "", "--appendonly", "no"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .directory(Path.of(System.getProperty("java.io.tmpdir")).toFile())
                .start();
        RedisBed bed = new RedisBed(process, ip, port);
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        bed.awaitPong(kind);
        return bed;
    }

    private void awaitPong(Kind kind) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try {
                if (ask("PING").startsWith("+PONG")) {
                    return;
                }
            } catch (IOException notYet) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    close();
                    throw new IllegalStateException(kind + " does not answer on port " + port, notYet);
                }
            }
            Thread.sleep(10);
        }
    }

    /** Where it listens. */
    public String address() {
        return ip + ":" + port;
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** Sends one inline command on a connection of its own and returns all of the answer. */
    public String ask(String command) throws IOException {
        try (Socket socket = new Socket(ip, port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
