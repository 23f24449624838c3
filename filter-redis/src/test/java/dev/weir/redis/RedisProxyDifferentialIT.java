package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same random commands to one plain server and through {@code redis_proxy} to three: the answers have to be the same, byte by byte. Keys
 * that have to lie together have a hash tag.
 */
final class RedisProxyDifferentialIT {
    private static final int ROUNDS = 4_000;

    static Stream<Arguments> all() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        return TestServer.available().stream()
                .flatMap(name -> Stream.of(Arguments.of(name, false, seed), Arguments.of(name, true, seed + 1)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void answersAreThoseOfOneServer(String name, boolean resp3, long seed) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of())) {
            compare(name, bed.port(), new ProxyScript(new Random(seed)), resp3, seed);
        }
    }

    /** Also where keys are called otherwise at the shards; what scripts see of them they may tell. */
    @ParameterizedTest
    @MethodSource("all")
    void namesAreThoseOfTheClients(String name, boolean resp3, long seed) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of("key_format", "app:%KEY%:{x"))) {
            compare(
                    name,
                    bed.port(),
                    new ProxyScript(new Random(seed), form -> !form.contains("KEYS[") && !form.startsWith("DUMP")),
                    resp3,
                    seed);
        }
    }

    /** And where the shards are a Redis Cluster, which has one database. */
    @ParameterizedTest
    @MethodSource("all")
    void aClusterAnswersAsOneServer(String name, boolean resp3, long seed) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), Map.of())) {
            TestCluster.connect(proxy).close();
            compare(
                    name,
                    proxy.address("cache").port(),
                    new ProxyScript(new Random(seed), form -> !form.startsWith("SELECT 1")),
                    resp3,
                    seed);
        }
    }

    private static void compare(String name, int port, ProxyScript script, boolean resp3, long seed) throws Exception {
        TreeSet<String> used = new TreeSet<>();
        try (TestServer plain = TestServer.start(name);
                RawClient one = new RawClient(plain.port());
                RawClient two = new RawClient(port)) {
            if (resp3) {
                assertThat(one.call("HELLO", "3")).startsWith("%");
                assertThat(two.call("HELLO", "3")).startsWith("%");
            }
            for (int done = 0; done < ROUNDS; ) {
                List<String[]> batch = new ArrayList<>();
                for (int i = 0; i < 1 + done % 40; i++) {
                    batch.add(script.next());
                }
                StringBuilder bytes = new StringBuilder();
                batch.forEach(command -> bytes.append(RawClient.encode(command)));
                one.write(bytes.toString());
                two.write(bytes.toString());
                for (String[] command : batch) {
                    String expected = one.read();
                    String found = two.read();
                    used.add(command[0]);
                    assertThat(script.comparable(command, found))
                            .as("seed %s, %s", seed, String.join(" ", command))
                            .isEqualTo(script.comparable(command, expected));
                }
                done += batch.size();
            }
        }
        assertThat(used).hasSizeGreaterThan(120);
    }
}
