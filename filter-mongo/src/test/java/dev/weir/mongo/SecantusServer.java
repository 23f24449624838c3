package dev.weir.mongo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.BsonValue;

/**
 * A SecantusDB for a test, on a free port of 127.0.0.1, with an empty folder that goes with it. It says of itself that it
 * is the primary of a replica set {@code secantus} of one, where it is not started with {@code --standalone}.
 */
public final class SecantusServer implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;
    private static final int ATTEMPTS = 3;

    private final Path folder;
    private final Process process;
    private final int port;
    private final Thread hook = new Thread(this::end, "secantus-server-end");

    private SecantusServer(Path folder, Process process, int port) {
        this.folder = folder;
        this.process = process;
        this.port = port;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Starts one, with {@code options} besides the usual ones; returns when it answers. */
    public static SecantusServer start(MongoInstallation installation, String... options)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Path folder = Files.createTempDirectory(MongoInstallation.folder(), installation + "-");
            int port = freePort();
            Process process = new ProcessBuilder(command(installation, folder, port, List.of(options)))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(folder.resolve("log").toFile())
                    .start();
            SecantusServer server = new SecantusServer(folder, process, port);
            try {
                server.await();
                return server;
            } catch (IOException e) {
                server.close();
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static List<String> command(MongoInstallation installation, Path folder, int port, List<String> options)
            throws IOException {
        // A file of its own: it would look for others in the home of the user.
        Path settings = Files.createFile(folder.resolve("secantusd.toml"));
        List<String> command = new ArrayList<>(List.of(
                installation.server().toString(),
                "--config=" + settings,
                "--host=127.0.0.1",
                "--port=" + port,
                "--storage-path=" + folder.resolve("data"),
                "--cache-size=64M",
                "--log-level=WARNING"));
        command.addAll(options);
        return command;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void await() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try (WireClient client = new WireClient(port)) {
                BsonDocument answer = client.ask(
                        new BsonDocument("serverStatus", new BsonInt32(1)).append("$db", new BsonString("admin")));
                BsonValue pid = answer.get("pid");
                // Where log-ins are wanted it does not tell; there its process that lives is all there is to go by.
                if (pid == null && answer.containsKey("code") && process.isAlive()
                        || pid != null && pid.isNumber() && pid.asNumber().longValue() == process.pid()) {
                    return;
                }
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    throw new IOException("SecantusDB does not answer: " + Files.readString(folder.resolve("log")), e);
                }
            }
            // Another server may have been faster with the port; then this process ends.
            if (process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                throw new IOException(
                        "another server is on port " + port + ": " + Files.readString(folder.resolve("log")));
            }
        }
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** Where all of its files are. */
    Path folder() {
        return folder;
    }

    /** What drivers connect to, with no other member looked for. */
    public String uri() {
        return "mongodb://127.0.0.1:" + port + "/?directConnection=true";
    }

    @Override
    public void close() {
        end();
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private void end() {
        // Nothing of it is kept, so there is nothing to end in good order for.
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "secantus:" + port;
    }
}
