package dev.weir.core.discovery;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A proxy, and servers behind it that listen on one port of several addresses and say which of them they are. */
final class Behind implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 60_000;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<ServerSocket> servers = new ArrayList<>();
    private final int port;
    private Proxy proxy;

    /** With servers on {@code 127.0.0.N}, each of which sends its N and then echoes. */
    Behind(int... last) throws IOException {
        bind(last);
        for (int i = 0; i < last.length; i++) {
            ServerSocket server = servers.get(i);
            int n = last[i];
            daemon(() -> serve(server, n));
        }
        port = servers.get(0).getLocalPort();
    }

    /** To one port that is free on all of the addresses: which is known for the first one only. */
    private void bind(int... last) throws IOException {
        for (int attempt = 1; servers.size() < last.length; attempt++) {
            int bound = servers.isEmpty() ? 0 : servers.get(0).getLocalPort();
            byte[] ip = {127, 0, 0, (byte) last[servers.size()]};
            try {
                servers.add(new ServerSocket(bound, 1024, InetAddress.getByAddress(ip)));
            } catch (BindException e) {
                if (attempt > 50) {
                    throw e;
                }
                for (ServerSocket server : servers) {
                    server.close();
                }
                servers.clear();
            }
        }
    }

    private static void serve(ServerSocket server, int n) throws IOException {
        while (true) {
            Socket client = server.accept();
            daemon(() -> {
                try (client) {
                    client.getOutputStream().write(n);
                    client.getInputStream().transferTo(client.getOutputStream());
                }
            });
        }
    }

    int port() {
        return port;
    }

    /** {@code 127.0.0.N:port}. */
    String at(int n) {
        return "127.0.0." + n + ":" + port;
    }

    Behind start(Map<String, ?> discovery) {
        return start(Map.of("discovery", discovery), "c");
    }

    /** With clusters of these names, all of them with what is given; the first one's endpoints are asked. */
    Behind start(Map<String, ?> cluster, String... names) {
        proxy = Proxy.builder().meters(meters).start(config(cluster, names));
        return this;
    }

    void apply(Map<String, ?> cluster, String... names) {
        proxy.apply(config(cluster, names));
    }

    /** Nobody listens on {@code 127.0.0.N} any more. */
    void stop(int n) throws IOException {
        for (ServerSocket server : servers) {
            if (server.getInetAddress().getAddress()[3] == n) {
                server.close();
            }
        }
    }

    static ProxyConfig config(Map<String, ?> discovery) {
        return config(Map.of("discovery", discovery), "c");
    }

    private static ProxyConfig config(Map<String, ?> cluster, String... names) {
        List<Map<String, Object>> clusters = new ArrayList<>();
        for (String name : names) {
            Map<String, Object> one = new HashMap<>(cluster);
            one.put("name", name);
            clusters.add(one);
        }
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                List.of(Map.of(
                        "name",
                        "l",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(Map.of("type", "tcp_proxy", "cluster", names[0])))),
                "clusters",
                clusters));
    }

    Socket connect() throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address("l").port());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    /** Who answers a new connection, -1 if nobody does. */
    int ask() {
        try (Socket client = connect()) {
            return client.getInputStream().read();
        } catch (IOException e) {
            return -1;
        }
    }

    List<String> endpoints() {
        return proxy.clusters().get(0).endpoints().stream()
                .map(Proxy.EndpointStatus::address)
                .toList();
    }

    List<Integer> weights() {
        return proxy.clusters().get(0).endpoints().stream()
                .map(Proxy.EndpointStatus::weight)
                .toList();
    }

    List<@Nullable String> names() {
        return proxy.clusters().get(0).endpoints().stream()
                .map(Proxy.EndpointStatus::name)
                .collect(java.util.stream.Collectors.toList());
    }

    boolean becomes(String... endpoints) {
        return eventually(() -> endpoints().equals(List.of(endpoints)));
    }

    double answers(String result) {
        return meters.get("weir_cluster_discoveries")
                .tag("result", result)
                .counter()
                .count();
    }

    /** Waits until discovery has failed once more. */
    boolean failsAgain() {
        double before = answers("failed");
        return eventually(() -> answers("failed") > before);
    }

    /** Clients that come and go until it is closed. */
    Load load() {
        return new Load();
    }

    final class Load implements AutoCloseable {
        private final List<Integer> answers = new CopyOnWriteArrayList<>();
        private final Thread thread;
        private volatile boolean ended;

        private Load() {
            thread = daemon(() -> {
                while (!ended) {
                    answers.add(ask());
                }
            });
        }

        List<Integer> answers() {
            return List.copyOf(answers);
        }

        /** The next so many answers to connections that begin from now on. */
        List<Integer> next(int count) {
            int from = answers.size() + 1;
            eventually(() -> answers.size() >= from + count);
            return answers().subList(from, from + count);
        }

        @Override
        public void close() {
            ended = true;
            try {
                thread.join(TIMEOUT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (proxy != null) {
            proxy.close();
        }
        for (ServerSocket server : servers) {
            server.close();
        }
    }

    /** Something that ends with an exception when its sockets are closed. */
    @FunctionalInterface
    private interface Task {
        void run() throws IOException;
    }

    private static Thread daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // The test is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Waits until {@code condition} holds; false if it does not within a minute. */
    static boolean eventually(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
        return true;
    }
}
