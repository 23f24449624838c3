package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A proxy with a listener {@code l} and a cluster {@code c}, and what its meters say. */
final class ProxyBed implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Proxy proxy;

    /** {@code cluster} without its name; {@code terminal} is what the tcp_proxy is told besides its cluster. */
    ProxyBed(Map<String, ?> cluster, Map<String, ?> terminal, String... filters) {
        proxy = Proxy.builder().meters(meters).start(config(cluster, terminal, filters));
    }

    static ProxyConfig config(Map<String, ?> cluster, Map<String, ?> terminal, String... filters) {
        return config(List.of(named("c", cluster)), terminal, filters);
    }

    static Map<String, Object> named(String name, Map<String, ?> cluster) {
        Map<String, Object> all = new HashMap<>(cluster);
        all.put("name", name);
        return all;
    }

    private static ProxyConfig config(List<?> clusters, Map<String, ?> terminal, String... filters) {
        List<Map<String, ?>> chain = new ArrayList<>();
        for (String filter : filters) {
            chain.add(Map.of("type", filter));
        }
        Map<String, Object> last = new HashMap<>(terminal);
        last.putAll(Map.of("type", "tcp_proxy", "cluster", "c"));
        chain.add(last);
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", chain)),
                "clusters",
                clusters));
    }

    /** With a second cluster {@code m}. */
    ProxyBed(Map<String, ?> cluster, Map<String, ?> second, Map<String, ?> terminal) {
        proxy = Proxy.builder()
                .meters(meters)
                .start(config(List.of(named("c", cluster), named("m", second)), terminal));
    }

    Socket connect() throws IOException {
        return Sockets.connect(proxy);
    }

    /** Sends a line on a connection of its own; the line that comes back, empty if none does. */
    String ask(String line) {
        try (Socket client = connect()) {
            client.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            return line(client);
        } catch (IOException e) {
            return "";
        }
    }

    static String line(Socket client) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = client.getInputStream().read();
                c >= 0 && c != '\n';
                c = client.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    List<String> health() {
        return proxy.clusters().get(0).endpoints().stream()
                .map(EndpointStatus::health)
                .toList();
    }

    boolean becomes(String... health) {
        return eventually(() -> health().equals(List.of(health)));
    }

    long overflows(String limit) {
        return (long) meters.get("weir_cluster_overflow")
                .tag("cluster", "c")
                .tag("limit", limit)
                .counter()
                .count();
    }

    int open(String limit) {
        return (int) meters.get("weir_cluster_open")
                .tag("cluster", "c")
                .tag("limit", limit)
                .gauge()
                .value();
    }

    /** Whether everything that was taken is given back. */
    boolean restsAtZero() {
        return eventually(() -> open("connections") == 0
                && open("pending") == 0
                && open("requests") == 0
                && open("retries") == 0
                && proxy.clusters().get(0).endpoints().stream().allMatch(e -> e.connectionsActive() == 0));
    }

    long closed(String reason) {
        return (long) meters.find("weir.connections.closed").tag("reason", reason).counters().stream()
                .mapToDouble(c -> c.count())
                .sum();
    }

    /** A port where nobody listens. */
    static String nobody() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + free.getLocalPort();
        }
    }

    @Override
    public void close() {
        proxy.close();
    }
}
