package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/** Clients of a sharded pool, and the plan that kills one of its shards and starts it again while they go on. */
final class DemoShardTraffic implements DemoGuest.Traffic {
    private static final int CLIENTS = 4;
    private static final long PAUSE_MILLIS = 10;
    /** When it is killed, and for how long, if the demo has the time. */
    private static final Duration KILL_AFTER = Duration.ofSeconds(6);

    private static final Duration AWAY = Duration.ofSeconds(5);

    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(CLIENTS + 1, task -> {
        Thread thread = new Thread(task, "demo-shards");
        thread.setDaemon(true);
        return thread;
    });
    private final DemoRedis victim;
    private final Consumer<String> news;
    private final DemoOutage outage;
    private final List<DemoShardClient> clients = new ArrayList<>();
    private final AtomicInteger missing = new AtomicInteger(CLIENTS);
    /** A key that it has. */
    private volatile String probe = "";

    private volatile long startedAt;
    private volatile boolean up;

    private DemoShardTraffic(DemoRedis victim, Consumer<String> news) {
        this.victim = victim;
        this.news = news;
        this.outage = new DemoOutage(victim.address().toString());
    }

    /**
     * Begins to send through {@code proxy}.
     *
     * @param victim which shard is to be killed
     */
    static DemoShardTraffic start(DemoRedis victim, Address proxy, Consumer<String> news) {
        DemoShardTraffic traffic = new DemoShardTraffic(victim, news);
        try {
            for (int i = 0; i < CLIENTS; i++) {
                traffic.add(new DemoShardClient(i, proxy, traffic.outage));
            }
            return traffic;
        } catch (JedisException e) {
            traffic.close();
            throw e;
        }
    }

    private void add(DemoShardClient client) {
        clients.add(client);
        client.fill();
        executor.scheduleWithFixedDelay(() -> round(client), PAUSE_MILLIS, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void round(DemoShardClient client) {
        // Weir tries to connect again after a pause of up to a second; until then clients get the same error.
        boolean away = up && client.phase() == DemoOutage.Phase.AWAY;
        if (away && client.reaches(probe) && missing.decrementAndGet() == 0) {
            outage.end();
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedAt);
            news.accept("shard " + victim.address() + " answers all clients again, " + millis + " ms after its start");
        }
        client.round();
    }

    @Override
    public void timeBegins(Duration limit) {
        // Half of the time is for what comes after.
        long quarter = limit.isZero() ? Long.MAX_VALUE : limit.toMillis() / 4;
        long kill = Math.min(KILL_AFTER.toMillis(), quarter);
        long away = Math.min(AWAY.toMillis(), quarter);
        plan(this::kill, kill);
        plan(this::meanwhile, kill + away * 3 / 5);
        plan(this::startAgain, kill + away);
    }

    private void plan(Runnable step, long millis) {
        executor.schedule(step, millis, TimeUnit.MILLISECONDS);
    }

    private void kill() {
        try (Jedis direct = new Jedis(victim.address().host(), victim.address().port())) {
            probe = Objects.requireNonNullElse(direct.randomKey(), "");
        } catch (JedisException e) {
            news.accept("shard " + victim.address() + " does not answer, and is killed: " + e.getMessage());
        }
        outage.begin();
        victim.kill();
        news.accept("shard " + victim.address() + " was killed (SIGKILL)");
    }

    private void meanwhile() {
        outage.seen().forEach(news);
    }

    private void startAgain() {
        try {
            startedAt = System.nanoTime();
            victim.startAgain();
            up = true;
            news.accept("shard " + victim.address() + " was started again");
        } catch (IOException e) {
            news.accept("shard " + victim.address() + " could not be started again: " + e.getMessage());
        }
    }

    @Override
    public List<String> summary() {
        return outage.summary();
    }

    @Override
    public void close() {
        clients.forEach(DemoShardClient::end);
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        clients.forEach(DemoShardClient::close);
    }
}
