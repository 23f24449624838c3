package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Shards that keep what they acknowledge ({@code appendfsync always}) are killed and started again under load: whatever clients were told
 * has to be true. {@code -Dweir.seed} chooses what they do, {@code -Dweir.kills} how often a shard is killed.
 */
@Tag("slow")
final class RedisProxyHistoryIT {
    private static final int SHARDS = 3;
    private static final int CLIENTS = 5;
    private static final int KILLS = Integer.getInteger("weir.kills", 4);

    @TempDir
    private Path folder;

    private final ShardHistory history = new ShardHistory();
    private final HistoryClient.Progress progress = new HistoryClient.Progress();
    private final List<TestServer> shards = new ArrayList<>();
    private final List<HistoryClient> clients = new ArrayList<>();
    private volatile boolean stopped;

    static Stream<Arguments> all() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        return TestServer.available().stream()
                .flatMap(name -> Stream.of(0, 3).map(retries -> Arguments.of(name, retries, seed)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void whatClientsWereToldIsTrueWhenShardsAreKilled(String name, int retries, long seed) throws Exception {
        run(name, retries, seed, (random, work) -> {
            for (int kill = 0; kill < KILLS; kill++) {
                killAndStart(name, random.nextInt(SHARDS), work);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("all")
    void whatClientsWereToldIsTrueWhenConnectionsAreLost(String name, int retries, long seed) throws Exception {
        run(name, retries, seed, (random, work) -> {
            for (int i = 0; i < 10 * KILLS; i++) {
                long well = progress.well();
                try (TestServer.Client direct =
                        shards.get(random.nextInt(SHARDS)).connect()) {
                    direct.call("CLIENT", "KILL", "TYPE", "normal");
                }
                await(work, () -> progress.well() > well + 50);
            }
        });
    }

    /** What happens to the shards while clients work. */
    private interface Disturbance {
        void run(Random random, List<Future<?>> work) throws Exception;
    }

    private void run(String name, int retries, long seed, Disturbance disturbance) throws Exception {
        Random random = new Random(seed);
        ExecutorService executor = Executors.newFixedThreadPool(CLIENTS);
        for (int i = 0; i < SHARDS; i++) {
            shards.add(TestServer.startLasting(name, TestServer.freePort(), folder.resolve("shard" + i)));
        }
        List<String> endpoints =
                shards.stream().map(RedisProxyHistoryIT::address).toList();
        Map<String, ?> settings = Map.of("retries", retries);
        try (Proxy proxy = ShardedBed.start(new SimpleMeterRegistry(), endpoints, settings, Map.of())) {
            List<String> keys = begin(proxy.address("cache").port(), random);
            List<Future<?>> work = new ArrayList<>();
            for (HistoryClient client : clients) {
                work.add(executor.submit(() -> {
                    while (!stopped) {
                        client.round(keys);
                    }
                    return null;
                }));
            }
            disturbance.run(random, work);
            stopped = true;
            for (Future<?> one : work) {
                one.get(60, TimeUnit.SECONDS);
            }
            readAll();
        } finally {
            stopped = true;
            executor.shutdownNow();
            for (HistoryClient client : clients) {
                client.close();
            }
            for (TestServer shard : shards) {
                shard.kill();
            }
        }
        System.out.println("seed " + seed + ", " + name + ", " + retries + " retries: " + progress.well()
                + " commands went well, " + progress.failed + " failed, " + progress.lost + " connections were lost");
        assertThat(history.violations()).as("seed %s", seed).isEmpty();
    }

    private static String address(TestServer shard) {
        return "127.0.0.1:" + shard.port();
    }

    /** Makes the clients, has every key written once, and looks where it lies; returns the keys that are set. */
    private List<String> begin(int port, Random random) throws Exception {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            HistoryClient client = new HistoryClient("c" + i, port, history, progress, random.nextLong());
            clients.add(client);
            client.fill();
            keys.addAll(client.registers());
        }
        for (TestServer shard : shards) {
            try (TestServer.Client direct = shard.connect()) {
                if (direct.call("KEYS", "*") instanceof List<?> found) {
                    found.forEach(key -> progress.placed(String.valueOf(key), address(shard)));
                }
            }
        }
        assertThat(progress.well).hasSize(SHARDS);
        assertThat(progress.shards).containsKeys(keys.toArray(new String[0]));
        return keys;
    }

    /** Each step waits for what clients see, not for a time. */
    private void killAndStart(String name, int number, List<Future<?>> work) throws Exception {
        TestServer shard = shards.get(number);
        AtomicLong well = Objects.requireNonNull(progress.well.get(address(shard)));
        long before = well.get();
        await(work, () -> well.get() > before + 300);
        shard.kill();
        long failed = progress.failed.get();
        long others = progress.well() - well.get();
        await(work, () -> progress.failed.get() > failed + 100 && progress.well() - well.get() > others + 300);
        shards.set(number, TestServer.startLasting(name, shard.port(), folder.resolve("shard" + number)));
        long away = well.get();
        await(work, () -> well.get() > away + 300);
    }

    private void await(List<Future<?>> work, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!condition.getAsBoolean()) {
            for (Future<?> one : work) {
                if (one.isDone()) {
                    one.get();
                }
            }
            assertThat(history.violations()).isEmpty();
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
    }

    /** What is there at last, past the proxy. */
    private void readAll() throws Exception {
        for (TestServer shard : shards) {
            try (TestServer.Client direct = shard.connect()) {
                for (HistoryClient client : clients) {
                    for (String key : client.registers()) {
                        Object value = direct.call("GET", key);
                        if (progress.shard(key).equals(address(shard))) {
                            String text = value == null ? null : value.toString();
                            history.read("at last", key, history.oldest(key), history.newest(key), text);
                        } else {
                            assertThat(value).as(key).isNull();
                        }
                    }
                    for (String key : client.counters()) {
                        if (progress.shard(key).equals(address(shard))) {
                            history.countedAtLast(key, Long.parseLong(String.valueOf(direct.call("GET", key))));
                        }
                    }
                }
            }
        }
    }
}
