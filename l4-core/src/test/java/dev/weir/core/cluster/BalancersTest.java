package dev.weir.core.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BalancersTest {
    private static final List<byte[]> KEYS = Stream.concat(
                    Stream.of(
                                    "61",
                                    "666f6f",
                                    "666f6f626172",
                                    "757365723a31303030",
                                    "6b65793a313233343536373839303132",
                                    "fffe80")
                            .map(HexFormat.of()::parseHex),
                    Stream.of("ключ".getBytes(StandardCharsets.UTF_8)))
            .toList();

    private static final List<TestEndpoint> EQUAL = List.of(
            TestEndpoint.of("127.0.0.1:6379", 1),
            TestEndpoint.of("127.0.0.1:6380", 1),
            TestEndpoint.of("127.0.0.1:6381", 1));

    private static final List<TestEndpoint> NAMED = List.of(
            TestEndpoint.of("127.0.0.1:6379", 1).named("zeta"),
            TestEndpoint.of("127.0.0.1:6380", 5).named("server-long-name"),
            TestEndpoint.of("127.0.0.1:6381", 2).named("b"));

    private static List<TestEndpoint> ports(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(port -> TestEndpoint.of("127.0.0.1:" + port, 1))
                .toList();
    }

    private static LoadBalancer.Picker picker(String policy, Map<String, Object> config, List<TestEndpoint> endpoints) {
        ConfigErrors errors = new ConfigErrors();
        LoadBalancer balancer = ServiceLoader.load(LoadBalancer.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(b -> b.name().equals(policy))
                .findFirst()
                .orElseThrow();
        LoadBalancer.Picker picker = balancer.configure(ConfigNode.of(config, errors))
                .build(
                        endpoints,
                        () -> endpoints.stream().mapToInt(e -> e.active).sum());
        assertThat(errors.problems()).isEmpty();
        return picker;
    }

    /** From a real nutcracker 0.5.0. */
    @ParameterizedTest
    @CsvSource({
        "1, ketama, fnv1a_64, 6379 6381 6380 6381 6379 6380 6380",
        "1, ketama, md5,      6381 6379 6381 6381 6381 6379 6380",
        "1, ketama, murmur,   6380 6379 6379 6380 6381 6379 6381",
        "1, ketama, crc16,    6379 6381 6380 6379 6380 6380 6380",
        "1, modula, fnv1a_64, 6380 6381 6379 6381 6381 6381 6379",
        "1, modula, md5,      6379 6380 6380 6379 6379 6380 6381",
        "2, ketama, fnv1a_64, 6380 6380 6380 6380 6380 6380 6381",
        "2, ketama, md5,      6380 6380 6380 6379 6380 6380 6380",
        "2, ketama, murmur,   6381 6380 6379 6379 6381 6380 6381",
        "2, modula, fnv1a_64, 6380 6380 6381 6381 6380 6381 6381",
    })
    void choosesTheServersOfTwemproxy(int set, String policy, String hash, String expected) {
        List<TestEndpoint> endpoints = set == 1 ? EQUAL : NAMED;
        LoadBalancer.Picker picker = picker(policy, Map.of("hash", hash), endpoints);
        KeyHash function = KeyHash.twemproxy(hash);

        List<Integer> ports = KEYS.stream()
                .map(key -> endpoints
                        .get(picker.pick(function.hash(key, key.length), 0))
                        .address()
                        .port())
                .toList();

        assertThat(ports)
                .isEqualTo(
                        Arrays.stream(expected.split(" ")).map(Integer::valueOf).toList());
    }

    @Test
    void laysOutTheContinuumOfTwemproxy() {
        Ketama.Continuum equal = new Ketama.Continuum(EQUAL);
        Ketama.Continuum named = new Ketama.Continuum(NAMED);

        assertThat(equal.size()).isEqualTo(480);
        assertThat(List.of(equal.pointAt(0), equal.pointAt(1), equal.pointAt(2), equal.pointAt(479)))
                .containsExactly(0x0132528eL, 0x016533c4L, 0x01bfc610L, 0xffa67730L);
        assertThat(List.of(equal.ownerAt(0), equal.ownerAt(1), equal.ownerAt(2), equal.ownerAt(479)))
                .containsExactly(0, 1, 1, 2);
        assertThat(named.size()).isEqualTo(480);
        assertThat(named.pointAt(0)).isEqualTo(0x0022a77fL);
        assertThat(named.ownerAt(0)).isEqualTo(1);
    }

    /** From Envoy's maglev_lb_test.cc. */
    @Test
    void laysOutTheTableOfEnvoy() {
        LoadBalancer.Picker byAddress = picker("maglev", Map.of("maglev", Map.of("table_size", 7)), ports(90, 95));
        List<TestEndpoint> named = ports(90, 95).stream()
                .map(e -> e.named(String.valueOf(e.address().port())))
                .toList();
        LoadBalancer.Picker byName = picker("maglev", Map.of("maglev", Map.of("table_size", 7)), named);

        assertThat(IntStream.range(0, 7).map(i -> 90 + byAddress.pick(i, 0)))
                .containsExactly(92, 94, 90, 91, 95, 90, 93);
        assertThat(IntStream.range(0, 7).map(i -> 90 + byName.pick(i, 0))).containsExactly(92, 95, 90, 93, 94, 91, 90);
    }

    @ParameterizedTest
    @CsvSource({"maglev", "ring_hash", "ketama", "modula", "random", "least_request", "round_robin"})
    void givesEachItsShare(String policy) {
        List<TestEndpoint> endpoints =
                List.of(TestEndpoint.of("a:1", 1), TestEndpoint.of("b:1", 2), TestEndpoint.of("c:1", 5));
        LoadBalancer.Picker picker = picker(policy, Map.of(), endpoints);
        int[] counts = new int[3];

        for (int i = 0; i < 80_000; i++) {
            byte[] key = ("key:" + i).getBytes(StandardCharsets.UTF_8);
            boolean of32Bits = policy.equals("ketama") || policy.equals("modula");
            long hash = of32Bits ? TwemproxyHashes.md5(key, 0, key.length) : XxHash64.hash(key, 0);
            counts[picker.pick(hash, 0)]++;
        }

        // least_request prefers the heavier of two that have no connections.
        double tolerance = policy.equals("least_request") ? 1 : 0.2;
        for (int i = 0; i < 3; i++) {
            double fair = 80_000.0 * endpoints.get(i).weight() / 8;
            assertThat((double) counts[i]).as("%s %d", policy, i).isCloseTo(fair, within(fair * tolerance));
        }
    }

    @ParameterizedTest
    @CsvSource({"maglev", "ring_hash", "ketama"})
    void movesFewKeysWhenOneLeaves(String policy) {
        List<TestEndpoint> all = ports(1, 20);
        LoadBalancer.Picker before = picker(policy, Map.of(), all);
        LoadBalancer.Picker after = picker(policy, Map.of(), all.subList(0, 19));
        int moved = 0;

        for (int i = 0; i < 20_000; i++) {
            byte[] key = ("key:" + i).getBytes(StandardCharsets.UTF_8);
            long hash = policy.equals("ketama") ? TwemproxyHashes.md5(key, 0, key.length) : XxHash64.hash(key, 0);
            int was = before.pick(hash, 0);
            moved += was != 19 && was != after.pick(hash, 0) ? 1 : 0;
        }

        // Envoy's ring of fewer endpoints has more nodes for each of them.
        assertThat(moved).isLessThan(policy.equals("ketama") ? 1 : 1_000);
    }

    @Test
    void prefersTheEmptierOfTwo() {
        List<TestEndpoint> endpoints = ports(1, 2);
        endpoints.get(0).active = 10;
        LoadBalancer.Picker picker = picker("least_request", Map.of(), endpoints);

        long first =
                IntStream.range(0, 4_000).filter(i -> picker.pick(0, 0) == 0).count();

        // Only where both draws are the fuller one: a quarter.
        assertThat(first).isBetween(800L, 1_200L);
    }

    @ParameterizedTest
    @CsvSource({"maglev", "ring_hash"})
    void passesOverWhoHasMoreThanItsShare(String policy) {
        List<TestEndpoint> endpoints = ports(1, 4);
        LoadBalancer.Picker free = picker(policy, Map.of(), endpoints);
        LoadBalancer.Picker bounded = picker(policy, Map.of("hash_balance_factor", 150), endpoints);
        Set<Integer> chosen = new HashSet<>();
        int owner = free.pick(42, 0);

        assertThat(bounded.pick(42, 0)).isEqualTo(owner);
        endpoints.get(owner).active = 9;
        for (int i = 0; i < 100; i++) {
            chosen.add(bounded.pick(42, 0));
        }

        assertThat(chosen).hasSize(1).doesNotContain(owner);
    }

    @Test
    void keepsWithinTheBoundWhateverTheHash() {
        List<TestEndpoint> endpoints = ports(1, 8);
        LoadBalancer.Picker bounded = picker("ring_hash", Map.of("hash_balance_factor", 125), endpoints);

        for (int i = 0; i < 800; i++) {
            endpoints.get(bounded.pick(7, 0)).active++;
        }

        assertThat(endpoints).allSatisfy(e -> assertThat(e.active).isLessThanOrEqualTo(126));
    }

    @Test
    void triesAnotherOneAfterAFailure() {
        for (String policy : List.of("maglev", "ring_hash", "ketama", "modula")) {
            LoadBalancer.Picker picker = picker(policy, Map.of(), ports(1, 5));
            Set<Integer> tried = new HashSet<>();

            for (int attempt = 0; attempt < 40; attempt++) {
                tried.add(picker.pick(123_456_789, attempt));
            }

            assertThat(tried).as(policy).hasSizeGreaterThan(1);
        }
    }

    @Test
    void reportsATableSizeThatIsNoPrime() {
        ConfigErrors errors = new ConfigErrors();

        new Maglev().configure(ConfigNode.of(Map.of("maglev", Map.of("table_size", 65_536)), errors));

        assertThat(errors.problems())
                .extracting(Object::toString)
                .containsExactly("maglev.table_size: 65536 (expected: a prime number)");
    }

    @Test
    void firstAvailableGoesOnOnlyAfterFailures() {
        LoadBalancer.Picker picker = picker("first_available", Map.of(), EQUAL);

        assertThat(IntStream.range(0, 4)
                        .map(call -> picker.pick(call, 0))
                        .boxed()
                        .toList())
                .containsOnly(0);
        assertThat(IntStream.range(0, 4)
                        .map(attempt -> picker.pick(7, attempt))
                        .boxed()
                        .toList())
                .containsExactly(0, 1, 2, 0);
    }
}
