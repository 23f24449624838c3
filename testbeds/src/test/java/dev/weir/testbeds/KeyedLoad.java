package dev.weir.testbeds;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

/**
 * Clients with one connection each, which they never make again. Each writes keys of its own without end, reads back what it has written, and asks for
 * keys of all shards at once. Errors may only be of a shard that is in a storm, and have to name it.
 */
final class KeyedLoad implements AutoCloseable {
    private final int port;
    private final Map<String, String> homes;
    private final Map<String, AtomicInteger> storms = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> written = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> failed = new ConcurrentHashMap<>();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;

    /** {@code homes} has the name of the shard of each key. All shards are calm. */
    KeyedLoad(int port, int clients, Map<String, String> homes) {
        this.port = port;
        this.homes = homes;
        homes.values().forEach(shard -> {
            storms.putIfAbsent(shard, new AtomicInteger());
            written.putIfAbsent(shard, new AtomicLong());
            failed.putIfAbsent(shard, new AtomicLong());
        });
        List<String> keys = List.copyOf(homes.keySet());
        for (int i = 0; i < clients; i++) {
            List<String> own = new ArrayList<>();
            for (int k = i; k < keys.size(); k += clients) {
                own.add(keys.get(k));
            }
            Thread thread = new Thread(() -> run(own), "load-" + i);
            thread.start();
            threads.add(thread);
        }
    }

    /** From now on commands of this shard may fail. */
    void storm(String shard) {
        int now = storms.get(shard).incrementAndGet();
        if (now % 2 == 0) {
            throw new IllegalStateException(shard + " is in a storm already");
        }
    }

    /** Commands of this shard that begin after this call may not fail. */
    void calm(String shard) {
        storms.get(shard).incrementAndGet();
    }

    /** Waits until each key of a shard has been written and read back twice, on average. */
    boolean writes(String shard) throws InterruptedException {
        long keys = homes.values().stream().filter(shard::equals).count();
        long from = written.get(shard).get();
        return Setup.eventually(() -> written.get(shard).get() >= from + 2 * keys);
    }

    /** How many commands of a shard have failed. */
    long failed(String shard) {
        return failed.get(shard).get();
    }

    /** Waits for one that does. */
    boolean fails(String shard) throws InterruptedException {
        long from = failed(shard);
        return Setup.eventually(() -> failed(shard) > from);
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    private void run(List<String> own) {
        DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                .socketTimeoutMillis(60_000)
                .connectionTimeoutMillis(60_000)
                .build();
        try (Connection connection = new Connection(new HostAndPort("127.0.0.1", port), config)) {
            for (long n = 0; !over; n++) {
                String key = own.get((int) (n % own.size()));
                write(connection, key, "v" + n);
                if (n % own.size() == 0) {
                    readAll(connection, own);
                }
            }
        } catch (JedisConnectionException e) {
            violations.add("a client would have to connect again: " + e);
        } catch (RuntimeException e) {
            violations.add("an answer that nobody expects: " + e);
        }
    }

    private void write(Connection connection, String key, String value) {
        String shard = homes.get(key);
        int begun = storms.get(shard).get();
        try {
            connection.sendCommand(new CommandArguments(Command.SET).add(key).add(value));
            connection.getOne();
            connection.sendCommand(new CommandArguments(Command.GET).add(key));
            String read = text(connection.getOne());
            if (calm(shard, begun) && !read.equals(value)) {
                violations.add(key + " of " + shard + " is " + read + " after " + value + " was written");
            }
            written.get(shard).incrementAndGet();
        } catch (JedisDataException e) {
            refused(key, shard, begun, e);
            pause();
        }
    }

    /** As many at once as a client has, on all shards. */
    private void readAll(Connection connection, List<String> own) {
        Map<String, Integer> begun = new TreeMap<>();
        storms.forEach((shard, storm) -> begun.put(shard, storm.get()));
        connection.sendCommand(new CommandArguments(Command.MGET).addObjects(own));
        List<?> values = (List<?>) connection.getOne();
        for (int i = 0; i < own.size(); i++) {
            if (values.get(i) instanceof JedisDataException e) {
                String shard = homes.get(own.get(i));
                refused(own.get(i), shard, begun.get(shard), e);
            }
        }
    }

    private boolean calm(String shard, int begun) {
        return begun % 2 == 0 && storms.get(shard).get() == begun;
    }

    private void refused(String key, String shard, int begun, JedisDataException e) {
        failed.get(shard).incrementAndGet();
        if (!String.valueOf(e.getMessage()).startsWith("ERR shard " + shard + " (127.0.0.1:")) {
            violations.add(key + " of " + shard + ": " + e.getMessage());
        } else if (calm(shard, begun)) {
            violations.add(key + " of " + shard + ", which is calm: " + e.getMessage());
        }
    }

    /** Errors come at once. */
    private static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String text(Object value) {
        return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : String.valueOf(value);
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
