package dev.weir.http;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSink;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A proxy with a listener {@code web} whose terminal is {@code http}, before a cluster {@code app}; and what its exchanges were. */
final class HttpBed implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
    final Proxy proxy;

    HttpBed(Map<String, ?> terminal, String... endpoints) {
        this(terminal, List.of(cluster("app", Map.of(), endpoints)));
    }

    HttpBed(Map<String, ?> terminal, List<Map<String, ?>> clusters) {
        this(terminal, clusters, Map.of());
    }

    /** @param more of the listener */
    HttpBed(Map<String, ?> terminal, List<Map<String, ?>> clusters, Map<String, ?> more) {
        ExchangeSink sink = new ExchangeSink() {
            @Override
            public String name() {
                return "test";
            }

            @Override
            public void onExchange(Exchange exchange) {
                Exchange copy = new Exchange();
                copy.copyFrom(exchange);
                exchanges.add(copy);
            }
        };
        proxy = Proxy.builder().meters(meters).sink(index -> sink).start(config(terminal, clusters, more));
    }

    private static ProxyConfig config(Map<String, ?> terminal, List<Map<String, ?>> clusters, Map<String, ?> more) {
        Map<String, Object> listener = new HashMap<>(more);
        Map<String, Object> http = new HashMap<>(terminal);
        http.put("type", "http");
        http.putIfAbsent("routes", List.of(Map.of("path_prefix", "/", "cluster", "app")));
        listener.put("name", "web");
        listener.put("address", "127.0.0.1:0");
        listener.put("filters", List.of(http));
        return ProxyConfig.of(Map.of("event_loops", 1, "listeners", List.of(listener), "clusters", clusters));
    }

    /** Another configuration in the place of the first. */
    void reload(Map<String, ?> terminal, List<Map<String, ?>> clusters) {
        proxy.apply(config(terminal, clusters, Map.of()));
    }

    static Map<String, ?> cluster(String name, Map<String, ?> more, String... endpoints) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("name", name);
        all.put("endpoints", List.of(endpoints));
        return all;
    }

    int port() {
        return proxy.address("web").port();
    }

    /** Sends bytes as they are, and reads until the proxy closes, or nothing comes for three seconds. */
    String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
            socket.setSoTimeout(3_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            return read(socket);
        }
    }

    static String read(Socket socket) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                all.write(buffer, 0, n);
            }
        } catch (java.net.SocketTimeoutException e) {
            // That was all.
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        proxy.close();
    }
}
