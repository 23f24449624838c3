package dev.weir.redis;

import static dev.weir.redis.DiscoveryTester.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is believed of what Sentinels say that are late, cut off, hostile or gone. {@code SentinelIT} has real ones. */
class SentinelDiscoveryTest {
    private FakeRedis a;
    private FakeRedis b;
    private FakeRedis one;
    private FakeRedis two;

    @BeforeEach
    void start() throws IOException {
        a = new FakeRedis();
        b = new FakeRedis();
        one = new FakeRedis();
        two = new FakeRedis();
    }

    @AfterEach
    void stop() throws IOException {
        for (FakeRedis fake : List.of(a, b, one, two)) {
            fake.close();
        }
    }

    private static Map<String, Object> settings(FakeRedis... sentinels) {
        return new HashMap<>(Map.of(
                "master",
                "m1",
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

    private String master(FakeRedis server) {
        return server.address() + " master";
    }

    @Test
    void believesTheNewestOfTheFirstAnswers() {
        one.sees(a, 5);
        two.sees(b, 7);
        try (DiscoveryTester tester = follow(settings(one, two))) {
            assertThat(tester.finds(master(b))).isTrue();
            assertThat(tester.found).containsOnly(List.of(master(b)));
        }
    }

    @Test
    void aStaleSentinelMovesNothingBack() throws Exception {
        one.sees(b, 7).sentinels = List.of(two);
        two.sees(a, 5);
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.finds(master(b))).isTrue();
            assertThat(eventually(() -> two.subscribers() == 1)).isTrue();

            one.close();

            assertThat(tester.fails("only Sentinels with an older view answer (epoch 5, was 7)"))
                    .isTrue();
            assertThat(tester.found).containsOnly(List.of(master(b)));
            two.sees(a, 8);
            assertThat(tester.finds(master(a))).isTrue();
        }
    }

    @Test
    void beginsAnewWhereMostSentinelsDo() {
        one.sees(b, 7);
        two.sees(b, 7);
        try (DiscoveryTester tester = follow(settings(one, two))) {
            assertThat(tester.finds(master(b))).isTrue();

            one.sees(a, 0);
            two.sees(a, 0);

            assertThat(tester.finds(master(a))).isTrue();
        }
    }

    @Test
    void theMasterHasToSayThatItIs() {
        a.role = "slave";
        one.sees(a, 1);
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.fails(a.address() + ", the master by Sentinel " + one.address() + ": its role is slave"))
                    .isTrue();
            assertThat(tester.found).isEmpty();

            a.role = "master";

            assertThat(tester.finds(master(a))).isTrue();
        }
    }

    @Test
    void hearsOfAFailOver() throws Exception {
        one.sees(a, 1);
        Map<String, Object> settings = settings(one);
        settings.put("refresh", "1h");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(master(a))).isTrue();
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();
            one.sees(b, 2);

            one.publish("+switch-master", "other 127.0.0.1 1 127.0.0.1 2");
            one.publish("+switch-master", "m1 127.0.0.1 " + a.port() + " 127.0.0.1 " + b.port());

            assertThat(tester.finds(master(b))).isTrue();
        }
    }

    @Test
    void asksAgainWhenItHasBeenDeaf() throws Exception {
        one.sees(a, 1);
        Map<String, Object> settings = settings(one);
        settings.put("refresh", "1h");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(master(a))).isTrue();
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();
            one.sees(b, 2);

            one.hangUp();

            assertThat(tester.finds(master(b))).isTrue();
        }
    }

    @Test
    void asksAgainWhenItIsTold() {
        one.sees(a, 1);
        Map<String, Object> settings = settings(one);
        settings.put("refresh", "1h");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(master(a))).isTrue();
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();
            one.sees(b, 2);

            tester.search().again();

            assertThat(tester.finds(master(b))).isTrue();
        }
    }

    @Test
    void leavesASentinelThatHasFallenSilent() {
        one.sees(a, 1);
        Map<String, Object> settings = settings(one);
        settings.put("timeout", "50ms");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(master(a))).isTrue();
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();

            one.raw = "";

            assertThat(eventually(() -> one.subscribers() == 0)).isTrue();
            assertThat(tester.fails("Sentinel " + one.address() + ": no answer within 50 ms"))
                    .isTrue();
            one.raw = null;
            assertThat(eventually(() -> one.subscribers() == 1)).isTrue();
            assertThat(tester.found).containsOnly(List.of(master(a)));
        }
    }

    private static String replica(String port, String flags, String role, String link) {
        return "ip 127.0.0.1 port " + port + " flags " + flags + " role-reported " + role + " master-link-status "
                + link;
    }

    @Test
    void namesReplicasThatAreUpAndFollow() {
        one.sees(a, 1).replicas = List.of(
                replica("3", "slave", "slave", "ok"),
                replica("2", "slave", "slave", "ok"),
                replica("4", "s_down,slave,disconnected", "slave", "ok"),
                replica("5", "slave", "slave", "err"),
                replica("6", "slave", "master", "ok"),
                replica("70000", "slave", "slave", "ok"),
                replica("" + a.port(), "slave", "slave", "ok"));
        Map<String, Object> replicas = settings(one);
        replicas.put("role", "replicas");
        Map<String, Object> any = settings(one);
        any.put("role", "any");
        try (DiscoveryTester two = follow(replicas);
                DiscoveryTester three = follow(any)) {
            assertThat(two.finds("127.0.0.1:2 replica", "127.0.0.1:3 replica")).isTrue();
            assertThat(three.finds(master(a), "127.0.0.1:2 replica", "127.0.0.1:3 replica"))
                    .isTrue();

            a.role = "slave";

            // The last ones stay: replicas alone would be fewer than there are.
            assertThat(three.fails(a.address() + ", the master by Sentinel " + one.address() + ": its role is slave"))
                    .isTrue();
            assertThat(three.finds(master(a), "127.0.0.1:2 replica", "127.0.0.1:3 replica"))
                    .isTrue();
            assertThat(two.failures).isEmpty();
        }
    }

    @Test
    void fallsBackToTheMasterWhereConfigured() {
        one.sees(a, 1);
        Map<String, Object> strict = settings(one);
        strict.put("role", "replicas");
        Map<String, Object> falling = new HashMap<>(strict);
        falling.put("fallback_to_master", true);
        try (DiscoveryTester without = follow(strict);
                DiscoveryTester with = follow(falling)) {
            assertThat(without.fails("m1 has no healthy replica")).isTrue();
            assertThat(with.finds(master(a))).isTrue();

            one.replicas = List.of(replica("2", "slave", "slave", "ok"));

            assertThat(without.finds("127.0.0.1:2 replica")).isTrue();
            assertThat(with.finds("127.0.0.1:2 replica")).isTrue();
            assertThat(without.found).containsOnly(List.of("127.0.0.1:2 replica"));
        }
    }

    @Test
    void logsInAndTellsNoSecret() {
        one.sees(a, 1);
        Map<String, Object> settings = settings(one);
        settings.put("sentinel_password", "hunter2");
        settings.put("user", "probe");
        settings.put("password", "hunter3");
        try (DiscoveryTester tester = follow(settings)) {
            assertThat(tester.finds(master(a))).isTrue();
            assertThat(one.heard).contains(List.of("AUTH", "hunter2"));
            assertThat(a.heard).contains(List.of("AUTH", "probe", "hunter3"));

            a.raw = "-WRONGPASS it is not hunter3\r\n";
            assertThat(tester.fails(a.address() + ", the master by Sentinel " + one.address() + ": log-in: WRONGPASS"))
                    .isTrue();
            one.raw = "-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n";
            assertThat(tester.fails("Sentinel " + one.address() + ": log-in: ERR"))
                    .isTrue();

            assertThat(String.join("", tester.failures)).doesNotContain("hunter");
        }
    }

    static Stream<Arguments> faults() {
        String large = ": an answer of more than 65536 bytes";
        String other = " answers something else than a master and its epoch";
        return Stream.of(
                Arguments.of("*2147483647\r\n" + ":1\r\n".repeat(5_000), large),
                Arguments.of("$500000000\r\n" + "x".repeat(70_000), large),
                Arguments.of("*1\r\n".repeat(9), ": an answer that is nested too deeply"),
                Arguments.of("HTTP/1.1 400 Bad Request\r\n\r\n", ": not Redis"),
                Arguments.of("+" + "x".repeat(5_000), ": not Redis"),
                Arguments.of("-ERR No such\tmaster\r\n", " answers ERR No such master"),
                Arguments.of("*-1\r\n", " does not know \"m1\""),
                Arguments.of("$-1\r\n", " does not know \"m1\""),
                Arguments.of("*0\r\n", other),
                Arguments.of(":1\r\n", other),
                Arguments.of("*2\r\n*0\r\n$0\r\n\r\n", other),
                Arguments.of(FakeRedis.list(List.of("unix", "1")), other));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void saysWhatIsWrongWithAnAnswer(String says, String reason) {
        one.sees(a, 1).raw = says;
        try (DiscoveryTester tester = follow(settings(one))) {
            assertThat(tester.failure()).isEqualTo("Sentinel " + one.address() + reason);

            one.raw = null;

            assertThat(tester.finds(master(a))).isTrue();
        }
    }

    static Stream<Arguments> mistakes() {
        List<String> s = List.of("s:26379");
        return Stream.of(
                Arguments.of(Map.of("sentinels", s), "master: missing"),
                Arguments.of(
                        Map.of("master", "a b", "sentinels", s), "master: \"a b\" (expected: a name without blanks)"),
                Arguments.of(Map.of("master", "m"), "sentinels: missing"),
                Arguments.of(Map.of("master", "m", "sentinels", List.of()), "sentinels: 0 addresses (expected: 1..32)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", List.of("s")),
                        "sentinels[0]: \"s\" (expected: host:port, [v6]:port or unix:/path)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", List.of("s:0")),
                        "sentinels[0]: \"s:0\" (expected: a port of 1..65535)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "role", "replica"),
                        "role: \"replica\" (did you mean \"replicas\"?)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "fallback_to_master", true),
                        "fallback_to_master: true (expected: only with role: replicas)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "sentinel_user", "u"),
                        "sentinel_user: without sentinel_password (expected: both, or sentinel_password alone)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "user", "u"),
                        "user: without password (expected: both, or password alone)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "timeout", "2m"), "timeout: 2m (expected: 10ms..1m)"),
                Arguments.of(
                        Map.of("master", "m", "sentinels", s, "refresh", "1ms"), "refresh: 1ms (expected: 10ms..1h)"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void reportsWrongSettings(Map<String, ?> settings, String problem) {
        ConfigErrors errors = new ConfigErrors();

        new SentinelDiscovery().configure(ConfigNode.of(settings, errors));

        assertThat(errors.problems()).extracting(ConfigErrors.Problem::toString).containsExactly(problem);
    }
}
