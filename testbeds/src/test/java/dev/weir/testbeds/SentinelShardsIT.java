package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import dev.weir.testbeds.RedisBed.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisDataException;

/** {@code redis_proxy} over shards that real Sentinels move from server to server: each key stays on its own. */
class SentinelShardsIT {
    private static final List<String> NAMES = List.of("m1", "m2", "m3");
    private static final int KEYS = 240;
    private static final Pattern KEY = Pattern.compile("key-\\d+");

    private static final Pattern ROLE_CALLS = Pattern.compile("cmdstat_role:calls=(\\d+),");

    static Stream<Arguments> kinds() {
        List<String> policies = List.of("maglev", "ketama", "ring_hash", "modula");
        List<Kind> kinds = SentinelIT.kinds();
        return Stream.iterate(0, i -> i < kinds.size(), i -> i + 1)
                .map(i -> Arguments.of(kinds.get(i), policies.get(i % policies.size())));
    }

    private static Map<String, Object> discovery(SentinelBed bed, List<String> names, String role) {
        return new HashMap<>(Map.of(
                "type",
                "sentinel",
                "masters",
                names,
                "sentinels",
                List.of("127.0.0.1:" + bed.sentinels().get(0)),
                "role",
                role));
    }

    /** A listener and a cluster of each name, with these settings of the clusters. */
    private static Proxy proxy(Map<String, Map<String, Object>> clusters) {
        List<Map<String, ?>> listeners = new ArrayList<>();
        List<Map<String, ?>> all = new ArrayList<>();
        clusters.forEach((name, settings) -> {
            listeners.add(Map.of(
                    "name",
                    name,
                    "address",
                    "127.0.0.1:0",
                    "filters",
                    List.of(Map.of("type", "redis_proxy", "cluster", name, "read_policy", "any"))));
            all.add(Setup.with(settings, "name", name));
        });
        return Proxy.builder().start(ProxyConfig.of(Map.of("event_loops", 2, "listeners", listeners, "clusters", all)));
    }

    private static List<EndpointStatus> endpoints(Proxy proxy, String cluster) {
        return proxy.clusters().stream()
                .filter(one -> one.name().equals(cluster))
                .findFirst()
                .orElseThrow()
                .endpoints();
    }

    private static int port(EndpointStatus endpoint) {
        return Integer.parseInt(endpoint.address().substring("127.0.0.1:".length()));
    }

    /** Where the master of a shard is, by the proxy; -1 if it knows none. */
    private static int master(Proxy proxy, String shard) {
        return endpoints(proxy, "c").stream()
                .filter(one -> shard.equals(one.name())
                        && "master".equals(one.metadata().get("role")))
                .mapToInt(SentinelShardsIT::port)
                .findFirst()
                .orElse(-1);
    }

    private static boolean knowsAll(Proxy proxy) throws InterruptedException {
        return Setup.eventually(() -> endpoints(proxy, "c").stream()
                .filter(one -> "master".equals(one.metadata().get("role")))
                .map(EndpointStatus::name)
                .toList()
                .equals(NAMES));
    }

    private static Jedis client(Proxy proxy, String listener) {
        return new Jedis("127.0.0.1", proxy.address(listener).port(), 60_000);
    }

    /** Writes all keys through the proxy. */
    private static void fill(Proxy proxy) {
        try (Jedis client = client(proxy, "c")) {
            for (int i = 0; i < KEYS; i++) {
                client.set("key-" + i, "of " + i);
            }
        }
    }

    /** Which shard has each key, by the servers themselves; a key that two have is an error. */
    private static Map<String, String> homes(SentinelBed bed, Map<String, Integer> masters) {
        Map<String, String> homes = new TreeMap<>();
        masters.forEach((shard, port) -> {
            Matcher keys = KEY.matcher(bed.tryAsk(port, "KEYS key-*"));
            while (keys.find()) {
                assertThat(homes.put(keys.group(), shard)).as(keys.group()).isNull();
            }
        });
        return homes;
    }

    private static Map<String, Integer> masters(Proxy proxy) {
        Map<String, Integer> masters = new TreeMap<>();
        NAMES.forEach(name -> masters.put(name, master(proxy, name)));
        return masters;
    }

    private static boolean moves(Proxy proxy, String shard, int old) throws InterruptedException {
        return Setup.eventually(() -> master(proxy, shard) != old && master(proxy, shard) > 0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void keysStayOnTheirShardsThroughFailOvers(Kind kind, String policy) throws Exception {
        try (SentinelBed bed = SentinelBed.start(kind, NAMES, 1, 3);
                Proxy proxy = proxy(Map.of(
                        "c",
                        Map.of(
                                "load_balancing",
                                policy,
                                "discovery",
                                discovery(bed, NAMES, "master"),
                                "connect_timeout",
                                "1s",
                                "on_host_removal",
                                "close",
                                "health_check",
                                Map.of("type", "redis", "interval", "1s"))))) {
            assertThat(knowsAll(proxy)).isTrue();
            Map<String, Integer> first = masters(proxy);
            NAMES.forEach(name ->
                    assertThat(first).containsEntry(name, bed.servers(name).get(0)));
            fill(proxy);
            Map<String, String> homes = homes(bed, first);
            assertThat(homes).hasSize(KEYS).containsValues("m1", "m2", "m3");
            try (KeyedLoad load = new KeyedLoad(proxy.address("c").port(), 4, homes)) {
                assertThat(load.writes("m1") && load.writes("m2") && load.writes("m3"))
                        .isTrue();

                load.storm("m2");
                bed.kill(first.get("m2"));
                assertThat(load.fails("m2")).isTrue();
                assertThat(load.writes("m1") && load.writes("m3")).isTrue(); // meanwhile
                assertThat(moves(proxy, "m2", first.get("m2"))).isTrue();
                load.calm("m2");
                assertThat(load.writes("m2")).isTrue();
                assertThat(homes(bed, masters(proxy))).isEqualTo(homes);

                // A planned one: the old master lives, and would take writes for a while.
                load.storm("m3");
                assertThat(Setup.eventually(() -> bed.tryAsk(bed.sentinels().get(1), "SENTINEL FAILOVER m3")
                                .startsWith("+OK")))
                        .isTrue();
                assertThat(moves(proxy, "m3", first.get("m3"))).isTrue();
                load.calm("m3");
                assertThat(load.writes("m1") && load.writes("m2") && load.writes("m3"))
                        .isTrue();
                bed.await(first.get("m3"), "ROLE", "slave", "127.0.0.1");
                assertThat(load.writes("m3")).isTrue();

                assertThat(load.violations()).isEmpty();
                Map<String, Integer> last = masters(proxy);
                assertThat(last).containsEntry("m1", first.get("m1"));
                assertThat(last.get("m2")).isEqualTo(bed.servers("m2").get(1));
                assertThat(last.get("m3")).isEqualTo(bed.servers("m3").get(1));
                assertThat(homes(bed, last)).isEqualTo(homes);
                assertThat(load.failed("m1")).isZero();
                System.out.println(kind + ", " + policy + ": failed " + load.failed("m2") + " by a kill, "
                        + load.failed("m3") + " by a planned fail-over");
            }
        }
    }

    @Test
    void hashesOverNoneWhileAShardIsMissing() throws Exception {
        try (SentinelBed bed = SentinelBed.start(RedisBed.embedded(), NAMES, 0, 1)) {
            Map<String, Map<String, Object>> settings = Map.of(
                    "c",
                    Map.of(
                            "load_balancing",
                            "maglev",
                            "connect_timeout",
                            "1s",
                            "discovery",
                            discovery(bed, NAMES, "master")));
            Map<String, String> homes;
            try (Proxy before = proxy(settings)) {
                assertThat(knowsAll(before)).isTrue();
                fill(before);
                homes = homes(bed, masters(before));
            }
            int missing = bed.servers("m2").get(0);
            bed.kill(missing);
            int one = bed.servers("m1").get(0);
            int three = bed.servers("m3").get(0);
            bed.tryAsk(one, "CONFIG RESETSTAT");
            bed.tryAsk(three, "CONFIG RESETSTAT");

            try (Proxy proxy = proxy(settings);
                    Jedis client = client(proxy, "c")) {
                // Both have been found: their second round has begun.
                assertThat(Setup.eventually(() -> roleAsked(bed, one) > 1 && roleAsked(bed, three) > 1))
                        .isTrue();
                for (int i = 0; i < KEYS; i++) {
                    assertThat(refusal(client, "key-" + i)).isEqualTo("ERR cluster c has no shard to ask");
                }
                assertThat(endpoints(proxy, "c")).isEmpty();

                bed.restart(missing); // without its data

                assertThat(knowsAll(proxy)).isTrue();
                for (int i = 0; i < KEYS; i++) {
                    String key = "key-" + i;
                    assertThat(client.get(key)).isEqualTo(homes.get(key).equals("m2") ? null : "of " + i);
                    client.set(key, "again");
                }
                assertThat(homes(bed, masters(proxy))).isEqualTo(homes);
            }
        }
    }

    private static int roleAsked(SentinelBed bed, int port) {
        Matcher calls = ROLE_CALLS.matcher(bed.tryAsk(port, "INFO commandstats"));
        return calls.find() ? Integer.parseInt(calls.group(1)) : 0;
    }

    private static String refusal(Jedis client, String key) {
        try {
            return "answered: " + client.get(key);
        } catch (JedisDataException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void replicasAreAskedForTheKeysOfTheirShard() throws Exception {
        try (SentinelBed bed = SentinelBed.start(RedisBed.embedded(), NAMES, 2, 1);
                Proxy proxy = proxy(Map.of(
                        "c",
                        Map.of(
                                "load_balancing",
                                "modula",
                                "discovery",
                                Setup.with(discovery(bed, NAMES, "any"), "refresh", "1s")),
                        "replicas",
                        Map.of(
                                "load_balancing",
                                "modula",
                                "discovery",
                                Setup.with(discovery(bed, NAMES, "replicas"), "refresh", "1s"))))) {
            assertThat(knowsAll(proxy)).isTrue();
            assertThat(Setup.eventually(() -> endpoints(proxy, "c").size() == 9
                            && endpoints(proxy, "replicas").size() == 6))
                    .isTrue();
            for (EndpointStatus endpoint : endpoints(proxy, "c")) {
                String shard = String.valueOf(endpoint.name());
                assertThat(endpoint.metadata())
                        .containsEntry("shard", shard)
                        .containsEntry("role", bed.servers(shard).indexOf(port(endpoint)) == 0 ? "master" : "replica");
            }

            fill(proxy);

            assertThat(homes(bed, masters(proxy))).hasSize(KEYS).containsValues("m1", "m2", "m3");
            for (String name : NAMES) {
                bed.await(bed.servers(name).get(0), "WAIT 2 0", ":2");
            }
            for (String name : NAMES) {
                for (String listener : List.of("c", "replicas")) {
                    try (Jedis client = client(proxy, listener)) {
                        for (int i = 0; i < KEYS; i++) {
                            assertThat(client.get("key-" + i)).isEqualTo("of " + i);
                        }
                        assertThat(client.dbSize()).as(listener).isEqualTo(KEYS);
                    }
                }
                // And so it is when a shard has lost a replica.
                int lost = bed.servers(name).get(1);
                bed.kill(lost);
                assertThat(Setup.eventually(
                                () -> endpoints(proxy, "replicas").stream().noneMatch(one -> port(one) == lost)))
                        .isTrue();
                assertThat(Setup.eventually(() -> endpoints(proxy, "c").stream().noneMatch(one -> port(one) == lost)))
                        .isTrue();
            }
        }
    }
}
