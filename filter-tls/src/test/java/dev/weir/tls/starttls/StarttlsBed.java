package dev.weir.tls.starttls;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;

/** A certificate, a proxy with the filter in it, a server of plain lines behind it, and programs in front of it. */
final class StarttlsBed implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Path folder;
    final Path certificate;
    final Path key;
    private final List<Closeable> open = new ArrayList<>();

    StarttlsBed(Path folder) throws Exception {
        this.folder = folder;
        this.certificate = folder.resolve("cert.pem");
        this.key = folder.resolve("key.pem");
        needs("openssl");
        run(
                "",
                ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
                                + " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " + key + " -out "
                                + certificate)
                        .split(" "));
    }

    static void needs(String program) {
        boolean there = List.of("/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/").stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder + program)));
        if (!there) {
            System.out.println("SKIPPED-NEEDS: " + program);
            Assumptions.abort("no " + program);
        }
    }

    Map<String, Object> tls(String side) {
        return side.equals("client")
                ? Map.of(
                        "certificates",
                        List.of(Map.of("certificate", certificate.toString(), "private_key", key.toString())))
                : Map.of("ca", certificate.toString(), "server_name", "localhost");
    }

    /** A proxy in front of {@code upstream}; more settings of the filter, and of its terminal. */
    Proxy proxy(String side, String protocol, int upstream, Map<String, ?> filter, Map<String, ?> terminal) {
        Map<String, Object> first = new HashMap<>(
                Map.of("type", "starttls", "side", side, "protocol", protocol, "timeout", "20s", "tls", tls(side)));
        first.putAll(filter);
        first.values().removeIf(""::equals);
        Map<String, Object> last = new HashMap<>(Map.of("type", "tcp_proxy", "cluster", "c"));
        last.putAll(terminal);
        Proxy proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "drain_timeout",
                        "1s",
                        "listeners",
                        List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(first, last))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + upstream))))));
        open.add(proxy::close);
        return proxy;
    }

    static int port(Proxy proxy) {
        return proxy.address("l").port();
    }

    double count(String outcome) {
        return meters.find("weir_starttls").tag("outcome", outcome).counters().stream()
                .mapToDouble(io.micrometer.core.instrument.Counter::count)
                .sum();
    }

    /** A server that says {@code greeting}, then answers each line {@code X} by {@code got X}; LF alone, so nothing is a protocol's. */
    Lines lines(String greeting) throws IOException {
        Lines lines = new Lines(greeting, InetAddress.getLoopbackAddress());
        open.add(lines);
        return lines;
    }

    static final class Lines implements Closeable {
        final List<String> heard = new CopyOnWriteArrayList<>();
        private final ServerSocket server;
        private final String greeting;

        Lines(String greeting, InetAddress address) throws IOException {
            this.server = new ServerSocket(0, 100, address);
            this.greeting = greeting;
            daemon(() -> {
                while (true) {
                    Socket one = server.accept();
                    daemon(() -> serve(one));
                }
            });
        }

        int port() {
            return server.getLocalPort();
        }

        private void serve(Socket socket) throws IOException {
            try (socket) {
                OutputStream out = socket.getOutputStream();
                out.write(greeting.getBytes(StandardCharsets.ISO_8859_1));
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    heard.add(line);
                    out.write(("got " + line + "\n").getBytes(StandardCharsets.ISO_8859_1));
                }
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    interface Task {
        void run() throws IOException;
    }

    static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException over) {
                // the test has ended
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** Runs a program to its end, at most 20 s; answers what it wrote. Its input ends a second behind {@code input}. */
    String run(String input, String... command) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try (OutputStream to = process.getOutputStream()) {
            if (!input.isEmpty()) {
                to.write(input.getBytes(StandardCharsets.ISO_8859_1));
                to.flush();
                String last = input.strip();
                eventually(
                        () -> !process.isAlive()
                                || text(out).contains("got " + last.substring(last.lastIndexOf('\n') + 1)),
                        10);
            }
        } catch (IOException gone) {
            // it did not want it
        }
        if (!process.waitFor(12, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return text(out) + "\n(killed)";
        }
        return text(out);
    }

    static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    /** A stunnel with one service on a free port: {@code lines} are its options. */
    int stunnel(String lines) throws Exception {
        needs("stunnel");
        for (int attempt = 0; attempt < 3; attempt++) {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            Path config = Files.createTempFile(folder, "stunnel", ".conf");
            Path log = Files.createTempFile(folder, "stunnel", ".log");
            Files.writeString(
                    config,
                    "foreground = yes\npid =\ndebug = 7\n[s]\naccept = 127.0.0.1:" + port + "\nTIMEOUTclose = 0\n"
                            + lines);
            Process process = new ProcessBuilder("stunnel", config.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            open.add(() -> process.destroyForcibly().onExit().join());
            eventually(() -> !process.isAlive() || text(log).contains("Configuration successful"), 20);
            if (process.isAlive() && eventually(() -> accepts(port), 5)) {
                return port;
            }
        }
        throw new IllegalStateException("stunnel does not start");
    }

    private static boolean accepts(int port) {
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    String serverOptions() {
        return "cert = " + certificate + "\nkey = " + key + "\n";
    }

    static boolean eventually(BooleanSupplier condition, int seconds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
        }
        return true;
    }

    /** A plain connection with lines. */
    static final class Client implements AutoCloseable {
        final Socket socket;
        private final java.io.InputStream in;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(20_000);
            in = socket.getInputStream();
        }

        Client say(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            return this;
        }

        /** The next line, or what there is at the end. */
        String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
                line.append((char) c);
            }
            return line.toString().strip();
        }

        String all() throws IOException {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
