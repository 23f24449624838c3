package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
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

    private final DemoHome home;
    private final Path folder;
    private final List<String> command;
    private final Address address;
    private Process process;

    private DemoRedis(DemoHome home, Path folder, List<String> command, int port) throws IOException {
        this.home = home;
        this.folder = folder;
        this.command = command;
        this.address = new Address("127.0.0.1", port);
        this.process = run();
    }

    /**
     * Starts one that forgets; it ends with {@code home}.
     *
     * @throws IOException if neither an embedded nor an installed one runs
     */
    static DemoRedis start(DemoHome home) throws IOException {
        return start(home, List.of("--appendonly", "no"));
    }

    /**
     * Starts one whose data is there again after it was killed.
     *
     * @throws IOException if neither an embedded nor an installed one runs
     */
    static DemoRedis startLasting(DemoHome home) throws IOException {
        // What was written outlives the process; without fsync it is also always written before it is acknowledged.
        return start(home, List.of("--appendonly", "yes", "--appendfsync", "no"));
    }

    private static DemoRedis start(DemoHome home, List<String> options) throws IOException {
        StringBuilder reasons = new StringBuilder();
        for (String source : List.of("embedded", "installed")) {
            Path folder = home.folder("redis");
            try {
                String executable = source.equals("embedded") ? embedded(folder) : "redis-server";
                return startAnywhere(home, folder, executable, options);
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
    private static DemoRedis startAnywhere(DemoHome home, Path folder, String executable, List<String> options)
            throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return start(home, folder, executable, options);
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static DemoRedis start(DemoHome home, Path folder, String executable, List<String> options)
            throws IOException {
        int port = DemoHome.freePort();
        List<String> command = new ArrayList<>(List.of(
                executable,
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                folder.toString(),
                "--loglevel",
                "warning"));
        command.addAll(options);
        return new DemoRedis(home, folder, command, port);
    }

    /** Returns when it answers. */
    private Process run() throws IOException {
        Path log = folder.resolve("redis.log");
        Process started = home.start(folder, log, command);
        try {
            await(started, log);
            return started;
        } catch (IOException e) {
            DemoHome.kill(started);
            throw e;
        }
    }

    /** Ends the process with SIGKILL. */
    synchronized void kill() {
        DemoHome.kill(process);
    }

    /** Starts it where it was; returns when it answers. */
    synchronized void startAgain() throws IOException {
        process = run();
    }

    private void await(Process process, Path log) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() < until) {
            if (answers(process)) {
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
    private boolean answers(Process process) {
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
