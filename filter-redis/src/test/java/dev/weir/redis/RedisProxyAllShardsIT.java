package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What concerns the keys of several of three shards: all or none, each once, drawn fairly, and not more than a client may be owed. */
final class RedisProxyAllShardsIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static ShardedBed bed(String name, Map<String, ?> settings) throws Exception {
        return ShardedBed.of(List.of(name, name, name), settings);
    }

    @ParameterizedTest
    @MethodSource("servers")
    void msetnxSetsAllOrNothing(String name) throws Exception {
        try (ShardedBed bed = bed(name, Map.of());
                RawClient client = bed.connect()) {
            int refused = 0;
            for (int i = 0; i < 30; i++) {
                String answer = client.call("MSETNX", "a" + i, "1", "b" + i, "2", "c" + i, "3");
                String there = client.call("EXISTS", "a" + i, "b" + i, "c" + i);
                if (answer.equals(":1\r\n")) {
                    assertThat(there).isEqualTo(":3\r\n");
                } else {
                    assertThat(answer).startsWith("-CROSSSLOT ");
                    assertThat(there).isEqualTo(":0\r\n");
                    refused++;
                }
            }
            assertThat(refused).isPositive();
            assertThat(client.call("MSETNX", "{t}a", "1", "{t}b", "2")).isEqualTo(":1\r\n");
            assertThat(client.call("MSETNX", "{t}b", "3", "{t}c", "4")).isEqualTo(":0\r\n");
            assertThat(client.call("MGET", "{t}a", "{t}b", "{t}c")).isEqualTo("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void scanTellsEachKeyOfATypeOnce(String name) throws Exception {
        try (ShardedBed bed = bed(name, Map.of());
                TestServer.Client client = new TestServer.Client(bed.port())) {
            for (int i = 0; i < 200; i++) {
                client.call("SET", "string:" + i, "v");
                client.call("SADD", "set:" + i, "v");
                client.call("RPUSH", "list:" + i, "v");
            }
            List<String> sets =
                    IntStream.range(0, 200).mapToObj(i -> "set:" + i).toList();
            List<String> some =
                    sets.stream().filter(key -> key.startsWith("set:1")).toList();

            assertThat(scan(client, "TYPE", "set")).containsExactlyInAnyOrderElementsOf(sets);
            assertThat(scan(client, "COUNT", "1000", "TYPE", "set")).containsExactlyInAnyOrderElementsOf(sets);
            assertThat(scan(client, "MATCH", "*:1*", "COUNT", "7", "TYPE", "set"))
                    .containsExactlyInAnyOrderElementsOf(some);
            assertThat(scan(client, "TYPE", "set", "MATCH", "list:*")).isEmpty();
            assertThat(scan(client, "TYPE", "zset")).isEmpty();
            assertThat(scan(client)).hasSize(600).doesNotHaveDuplicates();
        }
    }

    private static List<String> scan(TestServer.Client client, String... options) throws Exception {
        List<String> found = new ArrayList<>();
        String cursor = "0";
        do {
            List<String> command = new ArrayList<>(List.of("SCAN", cursor));
            command.addAll(List.of(options));
            List<?> answer = (List<?>) client.call(command.toArray(new String[0]));
            cursor = String.valueOf(answer.get(0));
            ((List<?>) answer.get(1)).forEach(key -> found.add(String.valueOf(key)));
        } while (!cursor.equals("0"));
        return found;
    }

    /** Of 5,000 draws 50 are expected of ten keys among 1,010: that it is none, or 250, is less likely than 1e-20. */
    @ParameterizedTest
    @MethodSource("servers")
    void randomkeyDrawsAKeyNotAShard(String name) throws Exception {
        int draws = 5_000;
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                TestServer.Client client = new TestServer.Client(bed.port())) {
            TestCluster.call(bed.shards.get(0), "DEBUG", "POPULATE", "1000", "many");
            TestCluster.call(bed.shards.get(1), "DEBUG", "POPULATE", "10", "few");

            int few = 0;
            for (int round = 0; round < draws / 100; round++) {
                client.send(IntStream.range(0, 100)
                        .mapToObj(i -> List.of("RANDOMKEY"))
                        .toList());
                for (int i = 0; i < 100; i++) {
                    String key = String.valueOf(client.read());
                    assertThat(key).matches("(many|few):\\d+");
                    few += key.startsWith("few:") ? 1 : 0;
                }
            }

            assertThat(few).isBetween(1, 250);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whatIsPutTogetherIsNotLongerThanAClientMayBeOwed(String name) throws Exception {
        String error = "-ERR the answer is longer than client_output_limit allows\r\n";
        try (ShardedBed bed = bed(name, Map.of("client_output_limit", "256KiB"));
                RawClient client = bed.connect()) {
            List<String> few = new ArrayList<>(List.of("MGET"));
            List<String> many = new ArrayList<>(List.of("MGET"));
            List<String> together = new ArrayList<>(List.of("MGET"));
            for (int i = 0; i < 60; i++) {
                client.call("SET", "k" + i, "v".repeat(10_000));
                client.call("SET", "{t}" + i, "v".repeat(10_000));
                (i < 20 ? few : many).add("k" + i);
                together.add("{t}" + i);
            }
            for (TestServer shard : bed.shards) {
                TestCluster.call(shard, "DEBUG", "POPULATE", "2000", "p".repeat(100));
            }
            for (int i = 0; i < 20; i++) {
                assertThat(client.call(many.toArray(new String[0]))).isEqualTo(error);
                assertThat(client.call(few.toArray(new String[0]))).startsWith("*20\r\n$10000\r\n");
                assertThat(client.call("KEYS", "p*")).isEqualTo(error);
                assertThat(client.call("DBSIZE")).isEqualTo(":6120\r\n");
            }
            // What comes from one shard passes as it is.
            assertThat(client.call(together.toArray(new String[0])))
                    .startsWith("*60\r\n$10000\r\n")
                    .hasSizeGreaterThan(600_000);
        }
    }
}
