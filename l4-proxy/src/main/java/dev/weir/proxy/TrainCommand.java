package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * {@code weir train}, for the build only: does what {@code run} does for a moment, so that the class-data archive that
 * is written at its end holds the classes that a start needs.
 */
final class TrainCommand implements Subcommand {
    private static final byte[] PING = "*1\r\n$4\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PONG = "+PONG\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int PINGS = 50;
    private static final int MILLIS = 2_000;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        Path file = Files.createTempFile("weir-train-", ".yaml");
        try (ServerSocket upstream = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            serve(upstream);
            Files.writeString(file, configuration(upstream.getLocalPort()));
            RunCommand run = new RunCommand((server, stop) -> exercise(server, stop));
            Terminal quiet = new Terminal(
                    new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                    terminal.err(),
                    terminal.halt());
            return run.run(new Arguments(Map.of(), List.of(file.toString())), quiet);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static String configuration(int upstream) {
        return "event_loops: 1\ndrain_timeout: 2s\nadmin:\n  address: 127.0.0.1:0\nlog: { level: warn }\nlisteners:\n  - name: train\n"
                + "    address: 127.0.0.1:0\n    filters:\n      - type: redis_stats\n      - type: tcp_proxy\n"
                + "        cluster: train\nclusters:\n  - name: train\n    endpoints: [ \"127.0.0.1:" + upstream
                + "\" ]\n";
    }

    /** Answers {@code PING}s, as if there were a Redis. */
    private static void serve(ServerSocket upstream) {
        Thread thread = new Thread(
                () -> {
                    try (Socket socket = upstream.accept()) {
                        InputStream in = socket.getInputStream();
                        while (in.readNBytes(PING.length).length == PING.length) {
                            socket.getOutputStream().write(PONG);
                        }
                    } catch (IOException e) {
                        // The exercise is over.
                    }
                },
                "train-upstream");
        thread.setDaemon(true);
        thread.start();
    }

    private static void exercise(Server server, Runnable stop) {
        try {
            ping(server.listeners().get(0).address());
            Address admin = server.adminAddress();
            if (admin != null) {
                for (String path : List.of("/", "/metrics", "/exchanges/top", "/listeners", "/ready")) {
                    new AdminClient(admin).send("GET", path);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("training failed: " + e.getMessage(), e);
        } finally {
            stop.run();
        }
    }

    private static void ping(Address listener) throws IOException {
        try (Socket socket = new Socket(listener.host(), listener.port())) {
            socket.setSoTimeout(MILLIS);
            OutputStream out = socket.getOutputStream();
            for (int i = 0; i < PINGS; i++) {
                out.write(PING);
                if (socket.getInputStream().readNBytes(PONG.length).length != PONG.length) {
                    throw new IOException("no answer to PING");
                }
            }
        }
    }
}
