package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis for the demo: the one embedded in a jar, or an installed one where that does not run. It lives in the
 * demo's folder and goes with it.
 */
final class DemoRedis {
    private static final long START_SECONDS = 30;
    private static final int ATTEMPTS = 3;
    private static final int MOST_INFO = 1 << 20;

    private final Process process;
    private final Address address;

    private DemoRedis(Process process, int port) {
        this.process = process;
        this.address = new Address("127.0.0.1", port);
    }

    /**
     * Starts one; it ends with {@code home}.
     *
     * @throws IOException if neither an embedded nor an installed one runs
     */
    static DemoRedis start(DemoHome home) throws IOException {
        StringBuilder reasons = new StringBuilder();
        for (String source : List.of("embedded", "installed")) {
            Path folder = home.folder("redis");
            try {
                String executable = source.equals("embedded") ? embedded(folder) : "redis-server";
                return startAnywhere(home, folder, executable);
            } catch (IOException | RuntimeException e) {
                reasons.append("; ").append(source).append(": ").append(e.getMessage());
                DemoHome.delete(folder);
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
    private static DemoRedis startAnywhere(DemoHome home, Path folder, String executable) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return start(home, folder, executable);
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static DemoRedis start(DemoHome home, Path folder, String executable) throws IOException {
        int port = DemoHome.freePort();
        Path log = folder.resolve("redis.log");
        List<String> command = List.of(
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
                "warning");
        DemoRedis redis = new DemoRedis(home.start(folder, log, command), port);
        try {
            redis.await(log);
            return redis;
        } catch (IOException e) {
            DemoHome.kill(redis.process);
            throw e;
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
                    throw new IOException("it ended with " + process.exitValue() + ": " + DemoHome.lastLine(log));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        throw new IOException("it did not answer within " + START_SECONDS + " s: " + DemoHome.lastLine(log));
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

    Address address() {
        return address;
    }
}
