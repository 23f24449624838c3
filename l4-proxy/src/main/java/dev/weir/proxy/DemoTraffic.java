package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.SortingParams;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.ZRangeParams;

/**
 * A small shop's traffic: pages that read and write, batches in pipelines, bookings in transactions, workers that wait
 * for jobs, events, a report that is too slow, and an application with bugs. Each with a user and a name of its own.
 */
final class DemoTraffic implements DemoGuest.Traffic {
    private static final int SEED = 20_261_121;
    private static final int PRODUCTS = 3_000;
    private static final String PASSWORD = "demo";
    private static final String SLOW_SCRIPT = "local s = 0 for i = 1, tonumber(ARGV[1]) do s = s + i % 7 end return s";

    private final Address proxy;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(8, task -> {
        Thread thread = new Thread(task, "demo-traffic");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Jedis> clients = new ArrayList<>();
    private volatile boolean closed;

    private DemoTraffic(Address proxy) {
        this.proxy = proxy;
    }

    /** Fills {@code redis} (past the proxy), and begins to send through {@code proxy}. */
    static DemoTraffic start(Address redis, Address proxy) {
        prepare(redis);
        DemoTraffic traffic = new DemoTraffic(proxy);
        try {
            for (int i = 0; i < 3; i++) {
                traffic.each(2, traffic.client("web", "shop-frontend", 0), new Pages(SEED + i)::serve);
            }
            Random random = new Random(SEED);
            traffic.each(25, traffic.client("batch", "importer", 1), jedis -> importBatch(jedis, random));
            traffic.each(10, traffic.client("web", "checkout", 0), jedis -> book(jedis, new Random(random.nextLong())));
            traffic.each(5, traffic.client("events", "tracker", 2), jedis -> track(jedis, System.nanoTime()));
            traffic.each(40, traffic.client("worker", "job-producer", 0), jedis -> jedis.rpush("jobs", "resize"));
            traffic.each(700, traffic.client("report", "nightly-report", 0), DemoTraffic::report);
            traffic.each(150, traffic.client("web", "legacy", 0), DemoTraffic::mistakes);
            traffic.forEver(traffic.client("worker", "job-worker", 0), jedis -> jedis.blpop(1, "jobs"));
            traffic.forEver(
                    traffic.client("events", "notifier", 2), jedis -> jedis.subscribe(new JedisPubSub() {}, "sold"));
            return traffic;
        } catch (RuntimeException e) {
            traffic.close();
            throw e;
        }
    }

    private static void prepare(Address redis) {
        try (Jedis jedis = new Jedis(redis.host(), redis.port())) {
            for (String user : List.of("web", "batch", "events", "worker", "report")) {
                jedis.aclSetUser(user, "on", ">" + PASSWORD, "~*", "&*", "+@all");
            }
            Pipeline pipeline = jedis.pipelined();
            for (int i = 0; i < PRODUCTS; i++) {
                pipeline.hset("product:" + i, Map.of("name", "Product " + i, "price", Integer.toString(i % 97)));
            }
            pipeline.set("config", "dark");
            pipeline.sync();
        }
    }

    private Jedis client(String user, String name, int db) {
        Jedis jedis = new Jedis(proxy.host(), proxy.port());
        clients.add(jedis);
        jedis.auth(user, PASSWORD);
        jedis.clientSetname(name);
        if (db != 0) {
            jedis.select(db);
        }
        return jedis;
    }

    private void each(long millis, Jedis jedis, Consumer<Jedis> task) {
        executor.scheduleWithFixedDelay(() -> attempt(jedis, task), millis, millis, TimeUnit.MILLISECONDS);
    }

    private void forEver(Jedis jedis, Consumer<Jedis> task) {
        Thread thread = new Thread(
                () -> {
                    while (!closed && attempt(jedis, task)) {
                        // blocks in the task
                    }
                },
                "demo-waiting");
        thread.setDaemon(true);
        thread.start();
    }

    /** False if the connection is of no use any more. */
    private static boolean attempt(Jedis jedis, Consumer<Jedis> task) {
        try {
            task.accept(jedis);
            return true;
        } catch (JedisDataException e) {
            return true; // an error answer: the table shows it
        } catch (JedisException e) {
            return false; // the connection ended
        }
    }

    /** What the pages of the shop do: mostly reads, some of things that are not there. */
    private static final class Pages {
        private final Random random;

        Pages(int seed) {
            random = new Random(seed);
        }

        void serve(Jedis jedis) {
            int product = (int) Math.min(PRODUCTS * 1.2, Math.abs(random.nextGaussian()) * PRODUCTS / 4);
            jedis.hgetAll("product:" + product);
            jedis.get("session:" + random.nextInt(600));
            switch (random.nextInt(8)) {
                case 0 ->
                    jedis.set(
                            "session:" + random.nextInt(400),
                            "cart",
                            SetParams.setParams().ex(60));
                case 1 -> jedis.incr("views:" + product % 50);
                case 2 -> jedis.mget("views:1", "views:2", "views:3", "views:4");
                case 3 ->
                    jedis.zrange("ranking", ZRangeParams.zrangeParams(0, 9).rev());
                case 4 -> jedis.hset("cart:" + random.nextInt(200), "product:" + product, "1");
                case 5 -> jedis.exists("cart:" + random.nextInt(400));
                case 6 -> jedis.expire("cart:" + random.nextInt(200), 300);
                default -> jedis.zincrby("ranking", 1, "product:" + product);
            }
        }
    }

    private static void importBatch(Jedis jedis, Random random) {
        Pipeline pipeline = jedis.pipelined();
        int size = 10 + random.nextInt(60);
        for (int i = 0; i < size; i++) {
            pipeline.set("stock:" + random.nextInt(5_000), Integer.toString(random.nextInt(100)));
            pipeline.sadd("categories", "c" + random.nextInt(40));
        }
        pipeline.get("stock:" + random.nextInt(6_000));
        pipeline.sync();
    }

    private static void book(Jedis jedis, Random random) {
        jedis.watch("revenue");
        Transaction transaction = jedis.multi();
        Response<Long> total = transaction.incrBy("revenue", 1 + random.nextInt(90));
        transaction.lpush("orders", "order");
        transaction.ltrim("orders", 0, 999);
        if (random.nextInt(10) == 0) {
            transaction.discard();
            return;
        }
        transaction.exec();
        jedis.publish("sold", String.valueOf(total.get()));
    }

    private static void track(Jedis jedis, long nanos) {
        jedis.xadd("events", XAddParams.xAddParams().maxLen(5_000).approximateTrimming(), Map.of("type", "click"));
        jedis.zadd("active", nanos / 1e9, "user:" + nanos % 500);
        if (nanos % 20 == 0) {
            jedis.xrange("events", (StreamEntryID) null, null, 50);
            jedis.zremrangeByScore("active", 0, nanos / 1e9 - 60);
        }
    }

    /** What should not be done on a server that others use. */
    private static void report(Jedis jedis) {
        jedis.keys("product:*");
        jedis.eval(SLOW_SCRIPT, List.of(), List.of("400000"));
        jedis.select(1);
        jedis.sort("categories", new SortingParams().alpha());
        jedis.smembers("categories");
        jedis.select(0);
    }

    private static void mistakes(Jedis jedis) {
        attempt(jedis, j -> j.lpush("config", "light"));
        attempt(jedis, j -> j.incr("config"));
        attempt(jedis, j -> j.evalsha("0000000000000000000000000000000000000000"));
        attempt(jedis, j -> j.get("old:" + System.nanoTime() % 1_000));
    }

    @Override
    public void close() {
        closed = true;
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Jedis client : clients) {
            try {
                client.disconnect();
            } catch (JedisException e) {
                // It is gone already.
            }
        }
    }
}
