package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis for the demo: the one embedded in a jar, or an installed one where that does not run. It lives in a
 * folder of its own, which goes with it; both also go when the process is ended from outside.
 */
final class DemoRedis implements AutoCloseable {
    private static final long START_SECONDS = 10;
    private static final int ATTEMPTS = 3;
    private static final int MOST_INFO = 1 << 20;

    private final Path folder;
    private final Process process;
    private final Address address;
    private final Thread hook;

    private DemoRedis(Path folder, Process process, int port) {
        this.folder = folder;
        this.process = process;
        this.address = new Address("127.0.0.1", port);
        this.hook = new Thread(this::end, "demo-redis-end");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts one.
     *
     * @throws IOException if neither an embedded nor an installed one runs
     */
    static DemoRedis start() throws IOException {
        StringBuilder reasons = new StringBuilder();
        for (String source : List.of("embedded", "installed")) {
            Path folder = Files.createTempDirectory("weir-demo-");
            try {
                String executable = source.equals("embedded") ? embedded(folder) : "redis-server";
                return startAnywhere(folder, executable);
            } catch (IOException | RuntimeException e) {
                reasons.append("; ").append(source).append(": ").append(e.getMessage());
                delete(folder);
            }
        }
        throw new IOException("no Redis can be started for the demo" + reasons);
    }

    private static String embedded(Path folder) throws IOException {
        File executable =
                ExecutableProvider.newJarResourceProvider(folder.toFile()).get();
        if (!executable.setExecutable(true)) {
            throw new IOException(executable + " cannot be made executable");
        }
        return executable.getAbsolutePath();
    }

    /** Tries other ports: between the choice of one and its use another program may take it. */
    private static DemoRedis startAnywhere(Path folder, String executable) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return start(folder, executable);
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static DemoRedis start(Path folder, String executable) throws IOException {
        int port = freePort();
        Path log = folder.resolve("redis.log");
        Process process = new ProcessBuilder(
                        executable,
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--dir",
                        folder.toString(),
                        "--loglevel",
                        "warning")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        DemoRedis redis = new DemoRedis(folder, process, port);
        try {
            redis.await(log);
            return redis;
        } catch (IOException e) {
            redis.stop();
            throw e;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private void await(Path log) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() < until) {
            if (answers()) {
                return;
            }
            try {
                if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
                    throw new IOException("it ended with " + process.exitValue() + ": " + lastLine(log));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        throw new IOException("it did not answer within " + START_SECONDS + " s: " + lastLine(log));
    }

    /** Whether it is this very process that answers: another demo may have found the same port free. */
    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), 1_000);
            socket.setSoTimeout(1_000);
            socket.getOutputStream().write("INFO server\r\nQUIT\r\n".getBytes(StandardCharsets.US_ASCII));
            String info = new String(socket.getInputStream().readNBytes(MOST_INFO), StandardCharsets.US_ASCII);
            return info.contains("process_id:" + process.pid() + "\r\n");
        } catch (IOException e) {
            return false;
        }
    }

    private static String lastLine(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
        return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1);
    }

    Address address() {
        return address;
    }

    @Override
    public void close() {
        stop();
        delete(folder);
    }

    private void stop() {
        kill();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: the hook runs, or has run.
        }
    }

    private void end() {
        kill();
        delete(folder);
    }

    private void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // A temporary folder: the system clears it some time.
        }
    }
}
