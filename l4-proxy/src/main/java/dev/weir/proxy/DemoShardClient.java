package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/**
 * A client of the sharded pool: writes its own keys, alone, several at once and in transactions, and reads back whether
 * they are what it wrote. For one thread at a time.
 */
final class DemoShardClient implements AutoCloseable {
    private static final int SEED = 20_261_130;
    private static final int KEYS = 120;
    private static final int BATCH = 6;
    /** What stands for an answer where there is none. */
    private static final Object FAILED = new Object();

    private final String name;
    private final Jedis jedis;
    private final DemoOutage outage;
    private final Random random;
    /** By key: the newest value that is known to be there, and the newest that may be. */
    private final long[] known = new long[KEYS];

    private final long[] tried = new long[KEYS];
    private long sequence;
    private boolean back;
    private volatile boolean ending;

    DemoShardClient(int number, Address proxy, DemoOutage outage) {
        this.name = "basket:" + number;
        this.jedis = new Jedis(proxy.host(), proxy.port());
        this.outage = outage;
        this.random = new Random(SEED + number);
    }

    /** Gives all its keys a value. */
    void fill() {
        jedis.clientSetname("shop-" + name);
        write(0, KEYS);
    }

    /** Some commands. */
    void round() {
        int key = random.nextInt(KEYS - BATCH);
        int size = random.nextInt(4) == 0 ? BATCH : 1;
        write(key, size);
        read(key, size);
        if (random.nextInt(4) == 0) {
            order("{order:" + random.nextInt(KEYS) + "}");
        }
    }

    DemoOutage.Phase phase() {
        if (back) {
            return DemoOutage.Phase.AFTER;
        }
        return outage.begun() ? DemoOutage.Phase.AWAY : DemoOutage.Phase.BEFORE;
    }

    /** Whether it reaches the shard of {@code key} again; what it does after that is after the outage. */
    boolean reaches(String key) {
        back = call(Command.EXISTS, key) != FAILED;
        return back;
    }

    private void write(int from, int size) {
        List<String> pairs = new ArrayList<>();
        long value = ++sequence;
        for (int i = from; i < from + size; i++) {
            tried[i] = value;
            pairs.add(name + ':' + i);
            pairs.add(Long.toString(value));
        }
        Object answer = call(size == 1 ? Command.SET : Command.MSET, pairs.toArray(new String[0]));
        for (int i = from; i < from + size && answer != FAILED; i++) {
            known[i] = value;
        }
    }

    private void read(int from, int size) {
        List<String> keys = new ArrayList<>();
        for (int i = from; i < from + size; i++) {
            keys.add(name + ':' + i);
        }
        Object answer = call(size == 1 ? Command.GET : Command.MGET, keys.toArray(new String[0]));
        if (size == 1) {
            check(from, answer);
        } else if (answer instanceof List<?> values) {
            for (int i = 0; i < size; i++) {
                check(from + i, i < values.size() ? values.get(i) : FAILED);
            }
        }
    }

    private void check(int key, @Nullable Object answer) {
        if (answer instanceof byte[] bytes) {
            String text = new String(bytes, StandardCharsets.US_ASCII);
            long value = text.matches("\\d{1,18}") ? Long.parseLong(text) : -1;
            outage.checked(value >= known[key] && value <= tried[key]);
            known[key] = Math.max(known[key], value);
        } else if (answer != FAILED && !(answer instanceof JedisDataException)) {
            outage.checked(false);
        }
    }

    /** A transaction lies on one shard: its keys have the same tag. */
    private void order(String tag) {
        if (call(Command.MULTI) == FAILED) {
            return;
        }
        boolean queued = call(Command.INCR, tag + "count") != FAILED;
        queued &= call(Command.SET, tag + "last", name) != FAILED;
        call(queued ? Command.EXEC : Command.DISCARD);
    }

    private Object call(Command command, String... arguments) {
        try {
            Object answer = jedis.sendCommand(command, arguments);
            List<?> parts = answer instanceof List<?> list ? list : List.of();
            List<JedisDataException> errors = parts.stream()
                    .filter(JedisDataException.class::isInstance)
                    .map(JedisDataException.class::cast)
                    .toList();
            if (errors.isEmpty()) {
                outage.well(phase());
            } else {
                outage.failedPartly(phase(), String.valueOf(errors.get(0).getMessage()), parts.size(), errors.size());
            }
            return answer;
        } catch (JedisDataException e) {
            outage.failed(phase(), String.valueOf(e.getMessage()));
        } catch (JedisException e) {
            if (!ending) {
                outage.failed(phase(), "connection: " + e.getMessage());
            }
            jedis.disconnect(); // the next command connects
        }
        return FAILED;
    }

    /** No more is counted as failed: the demo ends. On any thread. */
    void end() {
        ending = true;
    }

    @Override
    public void close() {
        try {
            jedis.disconnect();
        } catch (JedisException e) {
            // It is gone already.
        }
    }
}
