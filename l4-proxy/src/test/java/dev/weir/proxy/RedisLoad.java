package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients of a Redis behind the proxy that take nothing amiss but what the proxy may never do: refuse or reset a connection, close one
 * that has just come, answer a part of what was sent, or execute a command that it does not answer.
 *
 * <p>Each counts up a key of its own. A long connection that ends between two batches, as one does in a drain, is made anew: had a
 * command of the next batch been executed, the counter would tell.
 */
final class RedisLoad implements AutoCloseable {
    private static final int BATCH = 50;

    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong shortConnections = new AtomicLong();
    private final AtomicLong longCommands = new AtomicLong();
    private final AtomicLong moves = new AtomicLong();
    private volatile boolean over;

    /** A connection over either kind of socket. */
    private record Connection(AutoCloseable socket, InputStream in, OutputStream out) implements AutoCloseable {
        static Connection to(Address address) throws IOException {
            if (address.isUnix()) {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                channel.connect(UnixDomainSocketAddress.of(address.host()));
                return new Connection(
                        channel,
                        new BufferedInputStream(Channels.newInputStream(channel)),
                        Channels.newOutputStream(channel));
            }
            Socket socket = new Socket(InetAddress.getByName(address.host()), address.port());
            socket.setSoTimeout(60_000);
            return new Connection(socket, new BufferedInputStream(socket.getInputStream()), socket.getOutputStream());
        }

        /** The next number, or -1 at the end of the stream between two answers. */
        long integer() throws IOException {
            int first = in.read();
            if (first < 0) {
                return -1;
            }
            StringBuilder line = new StringBuilder();
            for (int b = first; b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new IOException("ended after \"" + line + "\"");
                }
                line.append((char) b);
            }
            if (first != ':') {
                throw new IOException("answered \"" + line + "\"");
            }
            return Long.parseLong(line.substring(1).trim());
        }

        @Override
        public void close() throws IOException {
            try {
                socket.close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    /** What a client does until it is over. */
    private interface Client {
        void run(String key) throws IOException;
    }

    /** Connections that come, ask for three things at once, and go. */
    RedisLoad comeAndGo(Address address, int clients) {
        for (int i = 0; i < clients; i++) {
            start("short:" + threads.size(), key -> {
                long count = 0;
                while (!over) {
                    try (Connection connection = Connection.to(address)) {
                        connection.out.write(("INCR " + key + "\r\n").repeat(3).getBytes(StandardCharsets.US_ASCII));
                        for (int j = 0; j < 3; j++) {
                            expect(++count, connection.integer());
                        }
                    }
                    shortConnections.incrementAndGet();
                }
            });
        }
        return this;
    }

    /** Connections that stay as long as they may, with batches of commands one after the other. */
    RedisLoad stay(Address address, int clients) {
        for (int i = 0; i < clients; i++) {
            start("long:" + threads.size(), key -> {
                byte[] commands = ("INCR " + key + "\r\n").repeat(BATCH).getBytes(StandardCharsets.US_ASCII);
                long count = 0;
                while (!over) {
                    try (Connection connection = Connection.to(address)) {
                        count = batches(connection, commands, count);
                    }
                    moves.incrementAndGet();
                }
            });
        }
        return this;
    }

    private long batches(Connection connection, byte[] commands, long before) throws IOException {
        long count = before;
        while (!over) {
            try {
                connection.out.write(commands);
            } catch (IOException closed) {
                // What was answered before can still be read.
            }
            for (int i = 0; i < BATCH; i++) {
                long answer = connection.integer();
                if (answer < 0 && i == 0) {
                    return count;
                }
                expect(++count, answer);
            }
            longCommands.addAndGet(BATCH);
        }
        return count;
    }

    private static void expect(long expected, long answer) throws IOException {
        if (answer != expected) {
            throw new IOException("answered " + answer + " (expected: " + expected + ")");
        }
    }

    private void start(String key, Client client) {
        Thread thread = new Thread(() -> {
            try {
                client.run(key);
            } catch (IOException | RuntimeException e) {
                failures.add(key + ": " + e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
    }

    /** What went wrong so far; a client ends with its first failure. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    long shortConnections() {
        return shortConnections.get();
    }

    long longCommands() {
        return longCommands.get();
    }

    String report() {
        return shortConnections + " short connections, " + longCommands + " commands on long ones that moved " + moves
                + " times";
    }

    /** Waits until all clients have done what they were at. */
    RedisLoad end() throws InterruptedException {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
        return this;
    }

    @Override
    public void close() {
        over = true;
    }
}
