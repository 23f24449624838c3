package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The load that memtier_benchmark makes, one SET to ten GETs in pipelines of many connections, half of them in RESP3; but each answer is
 * looked at. Some values are so large that they are streamed.
 */
final class RedisProxyMixedLoadIT {
    private static final int THREADS = 4;
    private static final int CONNECTIONS = 12;
    private static final int ROUNDS = 25;
    private static final int SHARED = 200;

    static Stream<Arguments> all() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        return TestServer.available().stream().map(name -> Arguments.of(name, seed));
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyAnswerIsThatOfItsCommand(String name, long seed) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of())) {
            List<Future<?>> work = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                long first = (long) thread * CONNECTIONS;
                work.add(executor.submit(() -> {
                    load(bed, first, seed);
                    return null;
                }));
            }
            for (Future<?> one : work) {
                one.get(240, TimeUnit.SECONDS);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    private static void load(ShardedBed bed, long first, long seed) throws Exception {
        List<Load> loads = new ArrayList<>();
        try {
            for (long i = first; i < first + CONNECTIONS; i++) {
                loads.add(new Load(bed.connect(), i, seed));
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (Load load : loads) {
                    load.send();
                }
                for (Load load : loads) {
                    load.verify();
                }
            }
        } finally {
            for (Load load : loads) {
                load.client.close();
            }
        }
    }

    /** One connection: keys of its own, whose values it knows, and keys that all write, whose values begin with their names. */
    private static final class Load {
        private static final String NIL2 = "$-1\r\n";
        private static final String NIL3 = "_\r\n";

        final RawClient client;
        private final long number;
        private final long seed;
        private final Random random;
        private final boolean resp3;
        private final Map<String, String> own = new HashMap<>();
        /** What the answers have to be; those that begin with {@code shared:} are the key. */
        private final List<String> expected = new ArrayList<>();

        private int writes;

        Load(RawClient client, long number, long seed) throws Exception {
            this.client = client;
            this.number = number;
            this.seed = seed;
            this.random = new Random(seed + number);
            this.resp3 = number % 2 == 1;
            assertThat(client.call("HELLO", resp3 ? "3" : "2")).startsWith(resp3 ? "%7" : "*14");
        }

        void send() throws Exception {
            StringBuilder bytes = new StringBuilder();
            for (int left = 1 + random.nextInt(40); left > 0; left--) {
                boolean mine = random.nextBoolean();
                String key = mine ? number + ":" + random.nextInt(50) : "shared:" + random.nextInt(SHARED);
                if (random.nextInt(11) == 0) {
                    String value = key + "|" + ++writes + "|" + "x".repeat(size());
                    bytes.append(RawClient.encode("SET", key, value));
                    expected.add("+OK\r\n");
                    if (mine) {
                        own.put(key, value);
                    }
                } else {
                    bytes.append(RawClient.encode("GET", key));
                    expected.add(mine ? bulk(own.get(key)) : key);
                }
            }
            client.write(bytes.toString());
        }

        private int size() {
            return random.nextInt(30) == 0 ? 66_000 + random.nextInt(60_000) : random.nextInt(2_000);
        }

        private String bulk(@Nullable String value) {
            if (value == null) {
                return nil();
            }
            return "$" + value.length() + "\r\n" + value + "\r\n";
        }

        private String nil() {
            return resp3 ? NIL3 : NIL2;
        }

        void verify() throws Exception {
            for (String one : expected) {
                String answer = client.read();
                if (!one.startsWith("shared:")) {
                    assertThat(answer).as("seed %s", seed).isEqualTo(one);
                } else if (!answer.equals(nil())) {
                    assertThat(answer).as("seed %s", seed).containsPattern("^\\$[0-9]+\r\n" + one + "\\|[0-9]+\\|");
                }
            }
            expected.clear();
        }
    }
}
