package dev.weir.core.net;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Plain sockets on both sides of a proxy under test. */
final class Sockets {
    private static final int TIMEOUT_MILLIS = 60_000;

    private Sockets() {}

    /** What a server does with one connection. */
    @FunctionalInterface
    interface Behaviour {
        void serve(Socket socket) throws IOException;
    }

    /** A server on a free port, a thread per connection. */
    static final class Server implements AutoCloseable {
        private final ServerSocket socket;
        private final List<Socket> accepted = new ArrayList<>();
        private final Thread acceptor;

        Server(Behaviour behaviour) {
            try {
                socket = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            acceptor = daemon(() -> {
                while (true) {
                    Socket one = socket.accept();
                    synchronized (accepted) {
                        accepted.add(one);
                    }
                    daemon(() -> {
                        try (one) {
                            behaviour.serve(one);
                        }
                    });
                }
            });
        }

        static Server echo() {
            return new Server(s -> s.getInputStream().transferTo(s.getOutputStream()));
        }

        String address() {
            return "127.0.0.1:" + socket.getLocalPort();
        }

        int connections() {
            synchronized (accepted) {
                return accepted.size();
            }
        }

        /** Once it returns, nobody is accepted any more: a blocked accept() may outlive the closing of its socket. */
        @Override
        public void close() throws IOException {
            socket.close();
            try {
                acceptor.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            synchronized (accepted) {
                for (Socket s : accepted) {
                    s.close();
                }
            }
        }
    }

    /** Something that ends with an exception when its sockets are closed. */
    @FunctionalInterface
    interface Task {
        void run() throws IOException;
    }

    static Thread daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // The test is over, or the reset is what it is about.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** A listener {@code l} with {@code filters} in front of a cluster {@code c} with {@code endpoints}. */
    static ProxyConfig config(List<Map<String, ?>> filters, String... endpoints) {
        return ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "drain_timeout",
                "5s",
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", filters)),
                "clusters",
                endpoints.length == 0 ? List.of() : List.of(Map.of("name", "c", "endpoints", List.of(endpoints)))));
    }

    static Map<String, ?> tcpProxy() {
        return Map.of("type", "tcp_proxy", "cluster", "c");
    }

    static Socket connect(Proxy proxy) throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address("l").port());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    static String read(InputStream in, int bytes) throws IOException {
        return new String(in.readNBytes(bytes), java.nio.charset.StandardCharsets.ISO_8859_1);
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
