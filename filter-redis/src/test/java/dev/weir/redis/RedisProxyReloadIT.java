package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ProxyConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The configuration changes while clients send. */
final class RedisProxyReloadIT {
    private static final int CLIENTS = 6;
    private static final int RELOADS = 20;

    static List<String> servers() {
        return TestServer.available();
    }

    /** Half of the clients stay, the others come anew after each pipeline. */
    @ParameterizedTest
    @MethodSource("servers")
    void aReloadLosesReordersAndFailsNothing(String name) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(CLIENTS);
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of())) {
            int port = bed.port();
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger pipelines = new AtomicInteger();
            List<Future<Integer>> work = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int number = i;
                work.add(executor.submit(() -> send(port, number, number % 2 == 0, over, pipelines)));
            }
            for (int i = 0; i < RELOADS; i++) {
                int wanted = pipelines.get() + 3 * CLIENTS;
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (pipelines.get() < wanted && work.stream().noneMatch(Future::isDone)) {
                    assertThat(System.nanoTime()).isLessThan(end);
                    Thread.onSpinWait();
                }
                bed.proxy.apply(config(bed, i));
                assertThat(bed.port()).isEqualTo(port);
            }
            over.set(true);
            for (int i = 0; i < CLIENTS; i++) {
                int rounds = work.get(i).get(60, TimeUnit.SECONDS);
                try (RawClient client = bed.connect()) {
                    String count = String.valueOf(rounds * 20);
                    assertThat(client.call("GET", "n" + i)).isEqualTo("$" + count.length() + "\r\n" + count + "\r\n");
                }
            }
        } finally {
            executor.shutdownNow();
        }
    }

    /** Answers how many pipelines were sent. */
    private static int send(int port, int number, boolean stays, AtomicBoolean over, AtomicInteger pipelines)
            throws Exception {
        RawClient client = new RawClient(port);
        try {
            int rounds = 0;
            int count = 0;
            for (; !over.get(); rounds++) {
                StringBuilder pipeline = new StringBuilder();
                for (int i = 0; i < 20; i++) {
                    pipeline.append(RawClient.encode("INCR", "n" + number))
                            .append(RawClient.encode("MSET", number + "a" + i, "1", number + "b" + i, "2"))
                            .append(RawClient.encode("ECHO", "e" + i));
                }
                client.write(pipeline.toString());
                for (int i = 0; i < 20; i++) {
                    assertThat(client.read()).isEqualTo(":" + ++count + "\r\n");
                    assertThat(client.read()).isEqualTo("+OK\r\n");
                    assertThat(client.read()).endsWith("\r\ne" + i + "\r\n");
                }
                pipelines.incrementAndGet();
                if (!stays) {
                    client.close();
                    client = new RawClient(port);
                }
            }
            return rounds;
        } finally {
            client.close();
        }
    }

    private static ProxyConfig config(ShardedBed bed, int number) {
        Map<String, Object> terminal =
                Map.of("type", "redis_proxy", "cluster", "c", "hash_tags", true, "timeout", (number % 5 + 5) + "s");
        Map<String, Object> cluster = Map.of(
                "name",
                "c",
                "load_balancing",
                "maglev",
                "endpoints",
                bed.shards.stream().map(shard -> "127.0.0.1:" + shard.port()).toList());
        return ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                "clusters",
                List.of(cluster)));
    }
}
