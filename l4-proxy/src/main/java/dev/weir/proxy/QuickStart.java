package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A proxy without a file: what sniff and demo run. */
final class QuickStart {
    private static final int TRIES = 50;
    private static final int ATTEMPTS = 3;

    private QuickStart() {}

    /**
     * A listener and the only cluster that it needs.
     *
     * @param name name of the listener
     * @param filters as in a file
     * @param cluster as in a file
     */
    record Front(
            String name,
            Address listen,
            @Nullable Map<String, ?> tls,
            List<Map<String, ?>> filters,
            Map<String, ?> cluster) {
        /** For clients that do not encrypt. */
        Front(String name, Address listen, List<Map<String, ?>> filters, Map<String, ?> cluster) {
            this(name, listen, null, filters, cluster);
        }

        /**
         * In front of one server.
         *
         * @param cluster name of the cluster
         * @param filter what goes before the {@code tcp_proxy}
         */
        static Front sniffing(String name, String cluster, Address listen, Address upstream, Map<String, ?> filter) {
            return new Front(
                    name,
                    listen,
                    List.of(filter, Map.of("type", "tcp_proxy", "cluster", cluster)),
                    Map.of("name", cluster, "endpoints", List.of(upstream.toString())));
        }

        private Map<String, Object> listener() {
            Map<String, Object> listener = new LinkedHashMap<>();
            listener.put("name", name);
            listener.put("address", listen.toString());
            if (tls != null) {
                listener.put("tls", tls);
            }
            listener.put("filters", filters);
            return listener;
        }
    }

    /**
     * Starts one.
     *
     * @param admin as {@code --admin} says it: an address, {@code off}, or null for the default
     * @param exchanges where exchanges go as JSON, or null
     */
    static Server start(Front front, @Nullable String admin, @Nullable OutputStream exchanges, ClassLoader loader)
            throws IOException {
        for (int attempt = 1; ; attempt++) {
            String address = adminAddress(admin);
            Map<String, Object> plain = plain(List.of(front), address == null ? null : Map.of("address", address));
            ProxyConfig config = ProxyConfig.of(plain);
            FreeAddresses.require(config.listeners(), List.of());
            try {
                return Server.start(config, plain, exchanges, loader);
            } catch (IllegalStateException e) {
                // Another process may have been faster with the port that was free a moment ago, or be looking at it.
                if (admin != null || exchanges != null || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /**
     * Gives a proxy that runs with {@code before} another listener.
     *
     * @throws IllegalStateException if its address is not to be had
     */
    static void add(Server server, List<Front> before, Front front) {
        Object admin = server.config() instanceof Map<?, ?> now ? now.get("admin") : null;
        List<Front> all = new ArrayList<>(before);
        all.add(front);
        Map<String, Object> plain = plain(all, admin);
        ProxyConfig config = ProxyConfig.of(plain);
        FreeAddresses.require(
                config.listeners(), before.stream().map(Front::listen).toList());
        server.apply(config, plain);
    }

    private static Map<String, Object> plain(List<Front> fronts, @Nullable Object admin) {
        Map<String, Object> plain = new LinkedHashMap<>();
        if (admin != null) {
            plain.put("admin", admin);
        }
        plain.put("listeners", fronts.stream().map(Front::listener).toList());
        plain.put("clusters", fronts.stream().map(Front::cluster).toList());
        return plain;
    }

    /** Refuses a bad value before anything is started. */
    static @Nullable String admin(Arguments options) {
        @Nullable String value = options.text("--admin");
        if (value != null && !value.equals("off")) {
            Arguments.address("--admin", value);
        }
        return value;
    }

    private static @Nullable String adminAddress(@Nullable String wanted) {
        if (wanted != null) {
            return wanted.equals("off") ? null : wanted;
        }
        InetAddress loopback = InetAddress.getLoopbackAddress();
        for (int port = Arguments.ADMIN.port(); port < Arguments.ADMIN.port() + TRIES; port++) {
            try (ServerSocket probe = new ServerSocket(port, 1, loopback)) {
                return "127.0.0.1:" + probe.getLocalPort();
            } catch (IOException e) {
                // taken: the next one
            }
        }
        return "127.0.0.1:0";
    }

    /** The usage table of a running proxy, as {@link LiveView} shows it. */
    static LiveView.Frame frame(Server server, List<String> notes) {
        long connections = server.listeners().stream()
                .mapToLong(listener -> listener.connectionsActive())
                .sum();
        UsageTable table = UsageTable.of(server.exchanges(), "command", null).sorted("total_us");
        return new LiveView.Frame(notes, connections, table);
    }
}
