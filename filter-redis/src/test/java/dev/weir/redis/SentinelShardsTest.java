package dev.weir.redis;

import static dev.weir.redis.DiscoveryTester.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Several names of one cluster: what is told, and when. {@code SentinelShardsIT} has real Sentinels and servers. */
class SentinelShardsTest {
    private final List<FakeRedis> all = new ArrayList<>();
    private FakeRedis a;
    private FakeRedis b;
    private FakeRedis c;
    private FakeRedis one;
    private FakeRedis two;

    @BeforeEach
    void start() throws IOException {
        a = fake();
        b = fake();
        c = fake();
        one = fake();
        two = fake();
    }

    private FakeRedis fake() throws IOException {
        FakeRedis fake = new FakeRedis();
        all.add(fake);
        return fake;
    }

    @AfterEach
    void stop() throws IOException {
        for (FakeRedis fake : all) {
            fake.close();
        }
    }

    /** Of three names, which are not in the order of the alphabet. */
    private static Map<String, Object> settings(FakeRedis... sentinels) {
        return new HashMap<>(Map.of(
                "masters",
                List.of("z", "m", "b"),
                "sentinels",
                Arrays.stream(sentinels).map(FakeRedis::address).toList(),
                "refresh",
                "50ms",
                "timeout",
                "30s"));
    }

    private static DiscoveryTester follow(Map<String, ?> settings) {
        return new DiscoveryTester(new SentinelDiscovery(), settings);
    }

    private void seesAll(FakeRedis sentinel) {
        sentinel.sees("z", a, 1);
        sentinel.sees("m", b, 1);
        sentinel.sees("b", c, 1);
    }

    private static String shard(String name, FakeRedis server) {
        return name + " " + server.address() + " master";
    }

    private static String follower(String port) {
        return "ip 127.0.0.1 port " + port + " flags slave role-reported slave master-link-status ok";
    }

    @Test
    void namesShardsInTheOrderOfTheConfiguration() {
        seesAll(one);
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
            assertThat(tester.found).containsOnly(List.of(shard("z", a), shard("m", b), shard("b", c)));
            assertThat(tester.failures).isEmpty();
        }
    }

    @Test
    void tellsOfNoneBeforeAllHaveBeenFound() {
        seesAll(one);
        b.role = "slave";
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.fails("m: " + b.address() + ", the master by Sentinel " + one.address()
                            + ": its role is slave (shards are used when all of them have been found)"))
                    .isTrue();
            assertThat(eventually(() -> asked(a, "ROLE") > 2 && asked(c, "ROLE") > 2))
                    .isTrue();
            assertThat(tester.found).isEmpty();

            b.role = "master";

            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
        }
    }

    private static long asked(FakeRedis server, String command) {
        return server.heard.stream().filter(one -> one.get(0).equals(command)).count();
    }

    @Test
    void aShardThatCannotBeAskedKeepsItsAddressWhileOthersMove() throws Exception {
        seesAll(one);
        FakeRedis next = fake();
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();

            one.sees("m", null, 0);
            assertThat(tester.fails("m: Sentinel " + one.address() + " does not know \"m\""))
                    .isTrue();
            one.sees("b", next, 2);

            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", next)))
                    .isTrue();
        }
    }

    @Test
    void aSilentMasterDelaysNoOtherShard() throws Exception {
        seesAll(one);
        FakeRedis silent = fake();
        FakeRedis next = fake();
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();

            silent.raw = "";
            one.sees("m", silent, 2); // its round takes 30 s
            assertThat(eventually(() -> asked(silent, "ROLE") > 0)).isTrue();
            one.sees("z", next, 2);

            assertThat(tester.finds(shard("z", next), shard("m", b), shard("b", c)))
                    .isTrue();
            assertThat(asked(silent, "ROLE")).isEqualTo(1);
        }
    }

    @Test
    void hearsOfEachShardByOneSubscription() throws Exception {
        seesAll(one);
        Map<String, Object> settings = settings(one);
        settings.put("refresh", "1h");
        FakeRedis next = fake();
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();
            // What was not heard before the subscription is asked for once more.
            assertThat(eventually(() -> asked(a, "ROLE") == 2 && asked(b, "ROLE") == 2 && asked(c, "ROLE") == 2))
                    .isTrue();
            one.sees("b", next, 2);

            one.publish("+switch-master", "b 127.0.0.1 " + c.port() + " 127.0.0.1 " + next.port());

            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", next)))
                    .isTrue();
            assertThat(asked(a, "ROLE")).isEqualTo(2);
            assertThat(one.subscribers()).isEqualTo(1);
            assertThat(asked(one, "SUBSCRIBE")).isEqualTo(1);
        }
    }

    @Test
    void asksForAllWhenItIsTold() throws Exception {
        seesAll(one);
        Map<String, Object> settings = settings(one);
        settings.put("refresh", "1h");
        FakeRedis next = fake();
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
            one.sees("z", next, 2);

            tester.search().again();

            assertThat(tester.finds(shard("z", next), shard("m", b), shard("b", c)))
                    .isTrue();
        }
    }

    /** Each group of servers may have Sentinels of its own, which know nothing of the others. */
    @Test
    void sentinelsNeedNotWatchAllNames() throws Exception {
        FakeRedis three = fake();
        one.sees("z", a, 1);
        one.sees("m", null, 0);
        one.sees("b", null, 0);
        two.sees("z", null, 0);
        two.sees("m", b, 1);
        two.sees("b", c, 1);
        two.sentinels = List.of(three); // known by the rounds of two names only
        seesAll(three);
        try (DiscoveryTester tester = follow(settings(one, two))) {
            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
            assertThat(eventually(() -> three.subscribers() == 1)).isTrue();
            long rounds = asked(one, "SENTINEL");

            assertThat(eventually(() -> asked(one, "SENTINEL") > rounds + 40)).isTrue();

            assertThat(asked(three, "SUBSCRIBE")).isEqualTo(1);
            assertThat(tester.failures).isEmpty();
        }
    }

    @Test
    void twoNamesOfOneMasterAreRefused() {
        one.sees("z", a, 1);
        one.sees("m", a, 1);
        one.sees("b", c, 1);
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(eventually(() -> tester.failures.stream()
                            .anyMatch(text -> text.endsWith("z and m have the same master, " + a.address()))))
                    .isTrue();
            assertThat(tester.found).isEmpty();

            one.sees("m", b, 2);

            assertThat(tester.finds(shard("z", a), shard("m", b), shard("b", c)))
                    .isTrue();
        }
    }

    @Test
    void replicasHaveTheNameOfTheirShard() {
        one.sees("z", a, 1, follower("3"), follower("2"));
        one.sees("m", b, 1, follower("5"));
        one.sees("b", c, 1, follower("7"), follower("6"));
        Map<String, Object> any = settings(one);
        any.put("role", "any");
        Map<String, Object> replicas = settings(one);
        replicas.put("role", "replicas");
        try (DiscoveryTester both = follow(any);
                DiscoveryTester alone = follow(replicas)) {
            assertThat(both.finds(
                            shard("z", a),
                            "z 127.0.0.1:2 replica",
                            "z 127.0.0.1:3 replica",
                            shard("m", b),
                            "m 127.0.0.1:5 replica",
                            shard("b", c),
                            "b 127.0.0.1:6 replica",
                            "b 127.0.0.1:7 replica"))
                    .isTrue();
            assertThat(alone.finds(
                            "z 127.0.0.1:2 replica",
                            "z 127.0.0.1:3 replica",
                            "m 127.0.0.1:5 replica",
                            "b 127.0.0.1:6 replica",
                            "b 127.0.0.1:7 replica"))
                    .isTrue();

            one.sees("m", b, 1);

            assertThat(alone.fails("m has no healthy replica")).isTrue();
            assertThat(alone.found.get(alone.found.size() - 1)).contains("m 127.0.0.1:5 replica");
        }
    }

    @Test
    void fallsBackToTheMasterOfAShardWithoutReplicas() {
        one.sees("z", a, 1, follower("2"));
        one.sees("m", b, 1);
        one.sees("b", c, 1, follower("6"));
        Map<String, Object> settings = settings(one);
        settings.put("role", "replicas");
        settings.put("fallback_to_master", true);
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds("z 127.0.0.1:2 replica", shard("m", b), "b 127.0.0.1:6 replica"))
                    .isTrue();
        }
    }

    /** A server that was moved without telling the Sentinels has one shard's data only, and nobody says whose. */
    @Test
    void aReplicaOfTwoShardsIsNeithers() {
        one.sees("z", a, 1, follower("2"), follower("9"));
        one.sees("m", b, 1, follower("9"), follower("5"));
        one.sees("b", c, 1, follower("6"), follower("" + a.port()));
        Map<String, Object> settings = settings(one);
        settings.put("role", "any");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(
                            shard("z", a),
                            "z 127.0.0.1:2 replica",
                            shard("m", b),
                            "m 127.0.0.1:5 replica",
                            shard("b", c),
                            "b 127.0.0.1:6 replica"))
                    .isTrue();
        }
        one.sees("m", b, 1, follower("9"));
        settings.put("role", "replicas");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(eventually(() -> tester.failures.stream()
                            .anyMatch(text -> text.endsWith("m has no server that is not another name's, too"))))
                    .isTrue();
            assertThat(tester.found).isEmpty();
        }
    }

    static Stream<Arguments> mistakes() {
        List<String> many = IntStream.range(0, 65).mapToObj(i -> "m" + i).toList();
        return Stream.of(
                Arguments.of(Map.of("masters", List.of()), "masters: 0 names (expected: 1..64)"),
                Arguments.of(Map.of("masters", many), "masters: 65 names (expected: 1..64)"),
                Arguments.of(Map.of("masters", List.of("m", "n", "m")), "masters[2]: \"m\" (expected: each name once)"),
                Arguments.of(
                        Map.of("masters", List.of("m", "a b")),
                        "masters[1]: \"a b\" (expected: a name without blanks)"),
                Arguments.of(Map.of("masters", List.of("")), "masters[0]: \"\" (expected: a name without blanks)"),
                Arguments.of(
                        Map.of("masters", List.of("m"), "master", "n"),
                        "master: beside masters (expected: one of both)"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void reportsWrongSettings(Map<String, ?> settings, String problem) {
        ConfigErrors errors = new ConfigErrors();
        Map<String, Object> whole = new HashMap<>(settings);
        whole.put("sentinels", List.of("s:26379"));

        new SentinelDiscovery().configure(ConfigNode.of(whole, errors));

        assertThat(errors.problems()).extracting(ConfigErrors.Problem::toString).containsExactly(problem);
    }
}
