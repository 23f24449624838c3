package dev.weir.testbeds;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol.Command;

/** Clients, each of which connects, asks for some time, and comes again; no request of theirs may fail. */
final class SteadyLoad implements AutoCloseable {
    /** Begins the names of its connections. */
    static final String NAME = "load-";

    private static final int REQUESTS = 40;

    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong answered = new AtomicLong();
    /** Connections that each client has begun. */
    private final AtomicLongArray begun;

    private volatile boolean over;

    SteadyLoad(int proxyPort, int clients) {
        begun = new AtomicLongArray(clients);
        for (int i = 0; i < clients; i++) {
            int client = i;
            Thread thread = new Thread(() -> run(proxyPort, client), NAME + i);
            thread.start();
            threads.add(thread);
        }
    }

    private void run(int proxyPort, int client) {
        String name = NAME + client;
        DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                .clientName(name)
                .socketTimeoutMillis(60_000)
                .connectionTimeoutMillis(60_000)
                .build();
        while (!over) {
            begun.incrementAndGet(client);
            try (Connection connection = new Connection(new HostAndPort("127.0.0.1", proxyPort), config)) {
                for (int n = 0; n < REQUESTS; n++) {
                    String said = name + " " + n;
                    connection.sendCommand(new CommandArguments(Command.ECHO).add(said));
                    String answer = new String(connection.getBinaryBulkReply(), StandardCharsets.UTF_8);
                    if (!answer.equals(said)) {
                        failures.add(said + ": " + answer);
                    }
                    answered.incrementAndGet();
                }
            } catch (RuntimeException e) {
                failures.add(name + ": " + e);
            }
        }
    }

    long answered() {
        return answered.get();
    }

    /** Waits until every connection that there is now, also one that is being made, has ended. */
    boolean turnsOver() throws InterruptedException {
        long[] now = new long[begun.length()];
        Arrays.setAll(now, begun::get);
        return Setup.eventually(() -> {
            for (int i = 0; i < now.length; i++) {
                if (begun.get(i) <= now[i]) {
                    return false;
                }
            }
            return true;
        });
    }

    List<String> failures() {
        return List.copyOf(failures);
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
