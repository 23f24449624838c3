package dev.weir.testbeds;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Clients that write without end, and come again when they lose their connection. Each write asks in the same transaction which server it is
 * that does it, and in which role.
 */
final class MasterLoad implements AutoCloseable {
    /** A time in which all writes have to land on one server, and connections that begin in it may not fail. */
    private static final class Calm {
        final int port;

        Calm(int port) {
            this.port = port;
        }
    }

    private static final String STAYING = "load-0";

    private final int proxyPort;
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private volatile @Nullable Calm calm;
    private volatile boolean over;

    MasterLoad(int proxyPort, int clients) {
        this.proxyPort = proxyPort;
        for (int i = 0; i < clients; i++) {
            String name = "load-" + i;
            Thread thread = new Thread(() -> run(name), name);
            thread.start();
            threads.add(thread);
        }
    }

    void calm(int port) {
        calm = new Calm(port);
    }

    void storm() {
        calm = null;
    }

    long written() {
        return written.get();
    }

    long failed() {
        return failed.get();
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    /** Waits for so many more writes. */
    boolean writes(int count) throws InterruptedException {
        long from = written.get();
        return Setup.eventually(() -> written.get() >= from + count);
    }

    private void run(String name) {
        DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                .clientName(name)
                .socketTimeoutMillis(30_000)
                .connectionTimeoutMillis(30_000)
                .build();
        while (!over) {
            Calm begun = calm;
            try (Connection connection = new Connection(new HostAndPort("127.0.0.1", proxyPort), config)) {
                // One stays as long as it may, the others come and go.
                for (int n = 0; !over && (n < 50 || name.equals(STAYING)); n++) {
                    write(connection, name);
                }
            } catch (JedisException e) {
                failed.incrementAndGet();
                if (begun != null && begun == calm) {
                    violations.add(
                            name + ": " + e + " in a connection that began when " + begun.port + " was in force");
                }
            }
        }
    }

    private void write(Connection connection, String name) {
        Calm begun = calm;
        String value = Long.toString(written.get());
        connection.sendCommand(Command.MULTI);
        connection.sendCommand(new CommandArguments(Command.SET).add(name).add(value));
        connection.sendCommand(Command.ROLE);
        connection.sendCommand(new CommandArguments(Command.CONFIG).add("GET").add("port"));
        connection.sendCommand(Command.EXEC);
        List<Object> answers = connection.getMany(5);
        if (answers.get(4) instanceof JedisException refused) {
            throw refused;
        }
        List<?> results = (List<?>) answers.get(4);
        String role = text(((List<?>) results.get(1)).get(0));
        Object port = results.get(2);
        String by = port instanceof List<?> list ? text(list.get(list.size() - 1)) : String.valueOf(port);
        if (!role.equals("master")) {
            violations.add(name + ": written by " + by + ", a " + role);
        }
        if (begun != null && begun == calm && !by.equals(Integer.toString(begun.port))) {
            violations.add(name + ": written by " + by + " when " + begun.port + " was in force");
        }
        written.incrementAndGet();
    }

    private static String text(Object value) {
        return value instanceof byte[] bytes
                ? new String(bytes, java.nio.charset.StandardCharsets.UTF_8)
                : String.valueOf(value);
    }

    @Override
    public void close() {
        over = true;
        try {
            for (Thread thread : threads) {
                thread.join(60_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
