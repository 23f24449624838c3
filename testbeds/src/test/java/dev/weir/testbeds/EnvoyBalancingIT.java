package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.KeyHash;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** Envoy's {@code redis_proxy} and Weir, each with the same random clusters: every key belongs to the same shard. */
class EnvoyBalancingIT {
    private static final int SHARDS = 9;
    private static final int CLUSTERS = 16;
    private static final int KEYS = 1_500;
    private static final List<Integer> PRIMES = List.of(2, 7, 101, 1_009, 65_537, 100_003);

    @TempDir
    Path folder;

    private record Member(
            int number, int port, int weight, @Nullable String name) {
        String theirs() {
            String text = "        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: " + port
                    + " } } }\n          load_balancing_weight: " + weight + "\n";
            return name == null
                    ? text
                    : text + "          metadata: { filter_metadata: { envoy.lb: { hash_key: \"" + name + "\" } } }\n";
        }

        Map<String, Object> ours() {
            Map<String, Object> endpoint = new HashMap<>(Map.of("address", "127.0.0.1:" + port, "weight", weight));
            if (name != null) {
                endpoint.put("name", name);
            }
            return endpoint;
        }
    }

    /** A cluster: {@code policy} as Envoy writes it, {@code ours} as Weir does. */
    private record Shards(String name, String policy, Map<String, Object> ours, List<Member> members) {
        static Shards random(String name, List<Integer> ports, Random random) {
            List<Member> members = members(ports, random);
            return random.nextBoolean() ? ring(name, members, random) : maglev(name, members, random);
        }

        private static Shards ring(String name, List<Member> members, Random random) {
            boolean murmur = random.nextBoolean();
            int least = 1 + random.nextInt(List.of(20, 1_024, 8_000).get(random.nextInt(3)));
            int most = least + random.nextInt(List.of(1, 500, 100_000).get(random.nextInt(3)));
            String hash = murmur ? "murmur_hash_2" : "xx_hash";
            return new Shards(
                    name,
                    "lb_policy: RING_HASH\n    ring_hash_lb_config: { minimum_ring_size: " + least
                            + ", maximum_ring_size: " + most + ", hash_function: "
                            + (murmur ? "MURMUR_HASH_2" : "XX_HASH") + " }\n",
                    Map.of(
                            "load_balancing",
                            "ring_hash",
                            "ring_hash",
                            Map.of("minimum_ring_size", least, "maximum_ring_size", most, "hash_function", hash)),
                    members);
        }

        private static Shards maglev(String name, List<Member> members, Random random) {
            int size = PRIMES.get(random.nextInt(PRIMES.size()));
            return new Shards(
                    name,
                    "lb_policy: MAGLEV\n    maglev_lb_config: { table_size: " + size + " }\n",
                    Map.of("load_balancing", "maglev", "maglev", Map.of("table_size", size)),
                    members);
        }

        private static List<Member> members(List<Integer> ports, Random random) {
            List<Integer> numbers =
                    new ArrayList<>(IntStream.range(0, ports.size()).boxed().toList());
            Collections.shuffle(numbers, random);
            int heaviest = List.of(1, 4, 50).get(random.nextInt(3));
            boolean named = random.nextInt(3) == 0;
            return numbers.subList(0, 2 + random.nextInt(6)).stream()
                    .map(number -> new Member(
                            number,
                            ports.get(number),
                            1 + random.nextInt(heaviest),
                            named && random.nextInt(5) > 0 ? "shard-" + random.nextInt(100) + "-" + number : null))
                    .toList();
        }

        String listener(int port) {
            return """
                - address: { socket_address: { address: 127.0.0.1, port_value: %d } }
                  filter_chains:
                  - filters:
                    - name: envoy.filters.network.redis_proxy
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy
                        stat_prefix: %s
                        settings: { op_timeout: 60s }
                        prefix_routes: { catch_all_route: { cluster: %s } }
              """.formatted(port, name, name);
        }

        String cluster() {
            StringBuilder text =
                    new StringBuilder("  - name: " + name + "\n    type: STATIC\n    connect_timeout: 60s\n");
            text.append("    " + policy + "    load_assignment:\n      cluster_name: " + name
                    + "\n      endpoints:\n      - lb_endpoints:\n");
            members.forEach(member -> text.append(member.theirs()));
            return text.toString();
        }

        Map<String, Object> mine() {
            Map<String, Object> cluster = new HashMap<>(ours);
            cluster.put("name", name);
            cluster.put("endpoints", members.stream().map(Member::ours).toList());
            return cluster;
        }
    }

    @RepeatedTest(3)
    void everyKeyBelongsToTheShardOfEnvoy() throws Exception {
        String binary = PeerProxy.installed("envoy", PeerProxy.tool("envoy"), "/usr/local/bin/envoy");
        assumeTrue(binary != null, "no Envoy (testbeds/install-servers.sh)");
        long seed = RandomKeys.seed();
        Random random = new Random(seed);
        try (NumberedShards servers = new NumberedShards()) {
            List<Integer> ports = new ArrayList<>();
            for (int i = 0; i < SHARDS; i++) {
                ports.add(servers.add());
            }
            List<Shards> clusters = IntStream.range(0, CLUSTERS)
                    .mapToObj(i -> Shards.random("c" + i, ports, random))
                    .toList();
            try (PeerProxy envoy = envoy(binary, clusters);
                    Proxy weir = LentCluster.start(
                            clusters.stream().map(Shards::mine).toList())) {
                for (int i = 0; i < CLUSTERS; i++) {
                    Shards cluster = clusters.get(i);
                    List<byte[]> keys = RandomKeys.some(KEYS, "{}", random);

                    int[] theirs = NumberedShards.ask(envoy.ports().get(i), keys);

                    assertThat(differences(cluster, keys, theirs))
                            .as("seed %d, %s", seed, cluster)
                            .isEmpty();
                }
                assertThat(weir.clusters()).hasSize(CLUSTERS);
            }
        }
    }

    private static List<String> differences(Shards shards, List<byte[]> keys, int[] theirs) {
        Cluster cluster = LentCluster.named(shards.name);
        Map<Integer, Integer> numbers = new HashMap<>();
        shards.members.forEach(member -> numbers.put(member.port, member.number));
        List<String> wrong = new ArrayList<>();
        for (int k = 0; k < theirs.length; k++) {
            byte[] key = keys.get(k);
            long hash = KeyHash.MURMUR_HASH_2.hash(key, key.length);
            Integer ours =
                    numbers.get(LentCluster.choice(cluster, hash).address().port());
            if (ours == null || ours != theirs[k]) {
                wrong.add("key " + HexFormat.of().formatHex(key) + ": " + ours + " (expected: " + theirs[k] + ")");
            }
        }
        return wrong;
    }

    private PeerProxy envoy(String binary, List<Shards> clusters) throws Exception {
        List<String> command =
                List.of(binary, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "-c");
        return PeerProxy.start(folder, command, clusters.size(), ".yaml", ports -> {
            StringBuilder text = new StringBuilder("static_resources:\n  listeners:\n");
            for (int i = 0; i < clusters.size(); i++) {
                text.append(clusters.get(i).listener(ports.get(i)));
            }
            text.append("  clusters:\n");
            clusters.forEach(cluster -> text.append(cluster.cluster()));
            return text.toString();
        });
    }
}
