package dev.weir.testbeds;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Another proxy in a process of its own, with a configuration file, on free ports. */
final class PeerProxy implements AutoCloseable {
    private static final int ATTEMPTS = 3;

    private final Process process;
    private final List<Integer> ports;
    private final Path log;

    private PeerProxy(Process process, List<Integer> ports, Path log) {
        this.process = process;
        this.ports = ports;
        this.log = log;
    }

    /** The first of these files that can be executed; null, after a line that says so, if there is none. */
    static @Nullable String installed(String name, String... candidates) {
        String found = Stream.of(candidates)
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse(null);
        if (found == null) {
            System.out.println("SKIPPED-NEEDS: " + name);
        }
        return found;
    }

    /** Where {@code testbeds/install-servers.sh} puts what is no package. */
    static String tool(String name) {
        String tools = System.getenv("WEIR_TOOLS");
        Path folder = tools == null || tools.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                : Path.of(tools);
        return folder.resolve(name).toString();
    }

    /**
     * Starts {@code command}, followed by the name of its file, and waits until it accepts on all of its ports.
     *
     * @param config makes the file for {@code count} ports that are free
     */
    static PeerProxy start(
            Path folder, List<String> command, int count, String suffix, Function<List<Integer>, String> config)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            List<Integer> ports = freePorts(count);
            Path file = Files.createTempFile(folder, "peer", suffix);
            Path log = Files.createTempFile(folder, "peer", ".log");
            Files.writeString(file, config.apply(ports));
            List<String> all = new ArrayList<>(command);
            all.add(file.toString());
            Process process = new ProcessBuilder(all)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            PeerProxy peer = new PeerProxy(process, ports, log);
            boolean up =
                    Setup.eventually(() -> !process.isAlive() || ports.stream().allMatch(PeerProxy::accepts));
            if (up && process.isAlive()) {
                return peer;
            }
            peer.close();
            // Between the choice of a port and its use another program may take it.
            if (attempt == ATTEMPTS) {
                throw new IOException(command + " does not start: " + peer.log() + "\n" + Files.readString(file));
            }
        }
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Its ports, in the order in which they were given to the configuration. */
    List<Integer> ports() {
        return ports;
    }

    /** What it has printed. */
    String log() throws IOException {
        return Files.readString(log, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
