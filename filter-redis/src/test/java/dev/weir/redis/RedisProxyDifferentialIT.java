package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

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
        ProxyScript script = new ProxyScript(new Random(seed));
        TreeSet<String> used = new TreeSet<>();
        try (TestServer plain = TestServer.start(name);
                ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                RawClient one = new RawClient(plain.port());
                RawClient two = bed.connect()) {
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
