package dev.weir.http;

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
import java.util.concurrent.locks.LockSupport;

/** A real Envoy that answers each route with its name, on one listener for each way of reading paths. */
final class EnvoyRoutes implements AutoCloseable {
    private static final String LISTENER = """
              - address: { socket_address: { address: 127.0.0.1, port_value: %d } }
                filter_chains:
                  - filters:
                      - name: http
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: s%1$d
                          normalize_path: true
                          merge_slashes: %s
                          path_with_escaped_slashes_action: %s
                          strip_any_host_port: true
                          strip_trailing_host_dot: true
                          http_filters:
                            - name: router
                              typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                          route_config:
                            response_headers_to_add:
                              - { header: { key: x-path, value: "%%REQ(:PATH)%%" } }
                            virtual_hosts:
                              - { name: a, domains: [ a.example.com ], routes: [ { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: host-a } } } ] }
                              - { name: w, domains: [ "*.example.com" ], routes: [ { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: host-w } } } ] }
                              - name: all
                                domains: [ "*" ]
                                routes:
            """;
    private static final String ROUTE =
            "                      - { match: { %s }, direct_response: { status: 200, body: { inline_string: \"%s\" } } }\n";

    private final Process process;
    private final List<Integer> ports;

    private EnvoyRoutes(Process process, List<Integer> ports) {
        this.process = process;
        this.ports = ports;
    }

    /** A way of reading paths, in Envoy's words. */
    record Reading(boolean mergeSlashes, String escapedSlashes) {}

    /** What Envoy made of a request: the name of the route, {@code none} or {@code refused}, and its path. */
    record Verdict(String route, String path) {}

    /** The binary; says so if there is none. */
    static Path binary() {
        String tools = System.getenv("WEIR_TOOLS");
        return (tools == null || tools.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                        : Path.of(tools))
                .resolve("envoy");
    }

    /**
     * Starts it and waits for it.
     *
     * @param matches the conditions of routes, named by their numbers
     */
    static EnvoyRoutes start(Path folder, List<Reading> readings, List<String> matches) throws Exception {
        List<Integer> ports = freePorts(readings.size());
        StringBuilder config = new StringBuilder("static_resources:\n  listeners:\n");
        for (int i = 0; i < readings.size(); i++) {
            Reading reading = readings.get(i);
            config.append(LISTENER.formatted(ports.get(i), reading.mergeSlashes, reading.escapedSlashes));
            for (int r = 0; r < matches.size(); r++) {
                config.append(ROUTE.formatted(matches.get(r), r));
            }
        }
        Path file = Files.writeString(folder.resolve("envoy.yaml"), config);
        Path log = folder.resolve("envoy.log");
        Process process = new ProcessBuilder(
                        binary().toString(),
                        "--concurrency",
                        "1",
                        "--disable-hot-restart",
                        "--log-level",
                        "error",
                        "-c",
                        file.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        EnvoyRoutes envoy = new EnvoyRoutes(process, ports);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!ports.stream().allMatch(EnvoyRoutes::accepts)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                envoy.close();
                throw new IOException("Envoy does not start: " + Files.readString(log));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        return envoy;
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
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

    /** Sends a head as it is, and reads the answer. */
    Verdict ask(int reading, String head) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), ports.get(reading))) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            String answer = answer(socket.getInputStream());
            String path = "";
            int at = answer.indexOf("x-path: ");
            if (at >= 0) {
                path = answer.substring(at + 8, answer.indexOf('\r', at));
            }
            String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
            return switch (answer.substring(0, Math.min(12, answer.length()))) {
                case "HTTP/1.1 200" -> new Verdict(body, path);
                case "HTTP/1.1 404" -> new Verdict("none", path);
                case "HTTP/1.1 400" -> new Verdict("refused", "");
                default -> throw new IOException(answer);
            };
        }
    }

    /** Until its body is there: Envoy waits before it closes. */
    private static String answer(InputStream in) throws IOException {
        StringBuilder answer = new StringBuilder();
        int end = -1;
        int length = 0;
        while (end < 0 || answer.length() < end + length) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            answer.append((char) next);
            if (end < 0 && next == '\n' && answer.toString().endsWith("\r\n\r\n")) {
                end = answer.length();
                int at = answer.indexOf("content-length: ");
                length = at < 0 ? 0 : Integer.parseInt(answer.substring(at + 16, answer.indexOf("\r", at)));
            }
        }
        return answer.toString();
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
