package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** INFO, CONFIG GET, COMMAND and PUBSUB of a proxy before three real servers. */
final class RedisProxyServerCommandsIT {
    private static final List<String> THREE = List.of("embedded", "embedded", "embedded");

    static List<String> servers() {
        return TestServer.available();
    }

    static List<String> servers7() {
        return servers().stream().filter(name -> !name.equals("embedded")).toList();
    }

    private static long field(String info, String name) {
        return info.lines()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .sum();
    }

    private static String direct(TestServer shard, String... command) throws Exception {
        try (TestServer.Client client = shard.connect()) {
            return String.valueOf(client.call(command));
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void infoIsThatOfAllShards(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                RawClient client = bed.connect();
                RawClient three = bed.connect()) {
            for (int i = 0; i < 60; i++) {
                assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+OK\r\n");
                client.call("GET", "k" + i);
                client.call("GET", "absent" + i);
            }
            assertThat(client.call("SELECT", "7") + client.call("SET", "only", "one", "EX", "1000"))
                    .isEqualTo("+OK\r\n+OK\r\n");

            String info = client.call("INFO", "everything");

            assertThat(info)
                    .startsWith("$")
                    .contains("\r\ndb0:keys=60,expires=0,")
                    .contains("\r\ndb7:keys=1,expires=1,");
            assertThat(field(info, "keyspace_hits")).isEqualTo(60);
            assertThat(field(info, "keyspace_misses")).isEqualTo(60);
            assertThat(info)
                    .contains("\r\ncmdstat_set:calls=61,")
                    .contains("\r\nredis_version:")
                    .contains("\r\n# Proxy\r\n");
            assertThat(info.split("\r\n# Keyspace\r\n", -1)).hasSize(2);
            assertThat(three.call("HELLO", "3")).startsWith("%");
            assertThat(three.call("INFO", "KEYSPACE"))
                    .startsWith("=")
                    .contains("\r\ntxt:# Keyspace\r\ndb0:keys=60,")
                    .doesNotContain("# Proxy");
            assertThat(three.call("INFO", "nosuch")).isEqualTo("=4\r\ntxt:\r\n");
        }
    }

    /** Every line of a real one is there, in its place. */
    /** INFO tells what has happened also where no metrics are collected. */
    @Test
    void theProxyCountsForItself() throws Exception {
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder(),
                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()),
                        Map.of(),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            assertThat(client.call("MONITOR")).startsWith("-ERR ");
            assertThat(client.call("DEL", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"))
                    .isEqualTo(":0\r\n");

            String info = client.call("INFO", "proxy");

            assertThat(field(info, "proxy_unsupported_commands")).isEqualTo(1);
            assertThat(field(info, "proxy_fragments")).isEqualTo(2);
            assertThat(info).contains("\r\nproxy_redirections:0\r\nproxy_retries:0\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void latencyIsThatOfAllShards(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                RawClient client = bed.connect()) {
            assertThat(client.call("CONFIG", "SET", "latency-monitor-threshold", "1"))
                    .isEqualTo("+OK\r\n");
            for (TestServer shard : bed.shards) {
                direct(shard, "EVAL", "for i = 1, 3000000 do end return 1", "0");
            }
            assertThat(client.call("LATENCY", "LATEST").split("\r\n\\$7\r\ncommand\r\n", -1))
                    .hasSize(4);
            assertThat(client.call("LATENCY", "HISTORY", "command").split("\\*2\r\n", -1))
                    .hasSizeGreaterThanOrEqualTo(4);
            assertThat(client.call("LATENCY", "RESET", "command")).isEqualTo(":3\r\n");
            assertThat(client.call("LATENCY", "LATEST")).isEqualTo("*0\r\n");
            assertThat(client.call("LATENCY", "DOCTOR")).startsWith("-ERR ");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void slowLogsComeTogetherTheLatestFirst(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                RawClient client = bed.connect();
                TestServer.Client reader = new TestServer.Client(bed.port())) {
            assertThat(client.call("CONFIG", "SET", "slowlog-log-slower-than", "0"))
                    .isEqualTo("+OK\r\n");
            for (int i = 0; i < 3; i++) {
                direct(bed.shards.get(i), "SLOWLOG", "RESET");
                direct(bed.shards.get(i), "SET", "k", String.valueOf(i));
                Thread.sleep(1_100); // entries tell whole seconds
            }
            assertThat(client.call("CONFIG", "SET", "slowlog-log-slower-than", "-1"))
                    .isEqualTo("+OK\r\n");
            List<List<?>> all = new ArrayList<>();
            for (Object entry : (List<?>) reader.call("SLOWLOG", "GET", "-1")) {
                all.add((List<?>) entry);
            }
            assertThat(all).extracting(entry -> -(Long) entry.get(1)).isSorted();
            assertThat(all)
                    .extracting(entry -> String.valueOf(entry.get(3)))
                    .containsSubsequence("[SET, k, 2]", "[SET, k, 1]", "[SET, k, 0]");
            assertThat((List<?>) reader.call("SLOWLOG", "GET", "4")).isEqualTo(all.subList(0, 4));
            assertThat((List<?>) reader.call("SLOWLOG", "GET", "0")).isEmpty();
            assertThat(((List<?>) reader.call("SLOWLOG", "GET")).size()).isEqualTo(Math.min(10, all.size()));
            assertThat(client.call("SLOWLOG", "GET", "x")).startsWith("-ERR ");
            assertThat(client.call("SCRIPT", "KILL")).contains("send it to the shard itself");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void infoHasTheFieldsOfAServerInTheirOrder(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                TestServer.Client client = new TestServer.Client(bed.port())) {
            for (int i = 0; i < 30; i++) {
                client.call("SET", "k" + i, "v");
            }

            List<String> ours = names(String.valueOf(client.call("INFO")));
            List<String> theirs = names(direct(bed.shards.get(0), "INFO"));

            assertThat(ours.subList(0, theirs.size())).isEqualTo(theirs);
            assertThat(ours.get(theirs.size() + 1)).isEqualTo("# Proxy");
        }
    }

    private static List<String> names(String info) {
        return info.lines().map(line -> line.split(":", 2)[0]).toList();
    }

    @Test
    void theProxyTellsOfItself() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient other = bed.connect();
                RawClient client = bed.connect()) {
            assertThat(other.call("PING")).isEqualTo("+PONG\r\n");
            assertThat(client.call("MONITOR")).startsWith("-ERR");

            String info = client.call("INFO", "Proxy");

            assertThat(info).contains("\r\n# Proxy\r\nproxy_name:weir\r\nproxy_version:");
            assertThat(field(info, "proxy_connected_clients")).isEqualTo(2);
            assertThat(field(info, "proxy_shards")).isEqualTo(3);
            assertThat(field(info, "proxy_unsupported_commands")).isEqualTo(1);
            assertThat(client.call("INFO", "clients", "proxy"))
                    .contains("\r\n# Clients\r\nconnected_clients:")
                    .contains("\r\n\r\n# Proxy\r\n");
            assertThat(client.call("INFO", "clients")).doesNotContain("proxy_");
            bed.shards.get(1).close();
            assertThat(client.call("INFO", "proxy")).startsWith("$");
            assertThat(client.call("INFO"))
                    .startsWith("-ERR 1 of 3 shards failed, the first with: ERR shard 127.0.0.1:");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void configShowsNoPasswords(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of());
                RawClient two = bed.connect();
                RawClient three = bed.connect();
                TestServer.Client client = new TestServer.Client(bed.port())) {
            assertThat(two.call("CONFIG", "SET", "masterauth", "hush")).isEqualTo("+OK\r\n");
            assertThat(two.call("CONFIG", "SET", "masteruser", "somebody")).isEqualTo("+OK\r\n");
            assertThat(direct(bed.shards.get(0), "CONFIG", "GET", "masterauth")).isEqualTo("[masterauth, hush]");

            assertThat(two.call("CONFIG", "GET", "MASTERAUTH"))
                    .isEqualToIgnoringCase("*2\r\n$10\r\nmasterauth\r\n$0\r\n\r\n");
            assertThat(three.call("HELLO", "3")).startsWith("%");
            assertThat(three.call("CONFIG", "GET", "masteruser")).isEqualTo("%1\r\n$10\r\nmasteruser\r\n$0\r\n\r\n");
            assertThat(two.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(two.call("CONFIG", "GET", "masterauth")).startsWith("-ERR CONFIG GET is not supported within");
            assertThat(two.call("EXEC")).startsWith("-EXECABORT");
            List<?> all = (List<?>) client.call("CONFIG", "GET", "*");
            assertThat(all.toString()).doesNotContain("hush", "somebody");
            String theirs = direct(bed.shards.get(0), "CONFIG", "GET", "*");
            assertThat(pairs(all.toString())).hasSameSizeAs(pairs(theirs));
            assertThat(two.call("CONFIG", "GET", "nosuch")).isEqualTo("*0\r\n");
        }
    }

    private static List<String> pairs(String list) {
        return Arrays.asList(list.split(", ", -1));
    }

    @ParameterizedTest
    @MethodSource("servers")
    void commandsAreThoseThatTheProxySupports(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                RawClient three = bed.connect();
                TestServer.Client client = new TestServer.Client(bed.port())) {
            List<?> all = (List<?>) client.call("COMMAND");
            List<String> names = all.stream()
                    .map(command -> String.valueOf(((List<?>) command).get(0)))
                    .toList();
            assertThat(names)
                    .contains("get", "mget", "blpop", "multi", "config", "info")
                    .doesNotContain("monitor", "wait", "cluster", "debug");
            assertThat(client.call("COMMAND", "COUNT")).isEqualTo((long) names.size());
            List<?> some = (List<?>) client.call("COMMAND", "INFO", "get", "monitor", "nosuch", "SET");
            assertThat(some).hasSize(4);
            assertThat(some.get(0)).isEqualTo(all.get(names.indexOf("get")));
            assertThat(some.get(1))
                    .as("what is not supported is as what is not there")
                    .isEqualTo(some.get(2));
            assertThat(some.get(3)).isEqualTo(all.get(names.indexOf("set")));
            assertThat(client.call("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"))
                    .isEqualTo(List.of("a", "b"));
            assertThat(three.call("HELLO", "3")).startsWith("%");
            assertThat(three.call("COMMAND", "INFO", "monitor")).isEqualTo("*1\r\n_\r\n");
            if (!name.equals("embedded")) {
                List<?> list = (List<?>) client.call("COMMAND", "LIST");
                assertThat(list.toString()).contains("get").doesNotContain("monitor", "cluster|");
                assertThat(three.call("COMMAND", "DOCS", "get", "monitor")).startsWith("%1\r\n$3\r\nget\r\n%");
                List<?> docs = (List<?>) client.call("COMMAND", "DOCS", "monitor", "get", "ping");
                assertThat(docs).hasSize(4);
                assertThat(new TreeSet<>(List.of(String.valueOf(docs.get(0)), String.valueOf(docs.get(2)))))
                        .isEqualTo(new TreeSet<>(List.of("get", "ping")));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void pubsubTellsOfAllShards(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of());
                RawClient subscriber = bed.connect();
                TestServer.Client client = new TestServer.Client(bed.port())) {
            List<String> command = new ArrayList<>(List.of("SUBSCRIBE"));
            IntStream.range(0, 20).forEach(i -> command.add("c" + i));
            subscriber.send(command.toArray(new String[0]));
            for (int i = 0; i < 20; i++) {
                assertThat(subscriber.read()).startsWith("*3\r\n$9\r\nsubscribe\r\n");
            }
            assertThat(subscriber.call("PSUBSCRIBE", "p*")).startsWith("*3\r\n$10\r\npsubscribe\r\n");

            TreeSet<String> channels = new TreeSet<>();
            ((List<?>) client.call("PUBSUB", "CHANNELS")).forEach(channel -> channels.add(String.valueOf(channel)));

            assertThat(channels).isEqualTo(new TreeSet<>(command.subList(1, 21)));
            assertThat(String.valueOf(client.call("PUBSUB", "CHANNELS", "c7"))).isEqualTo("[c7]");
            assertThat(client.call("PUBSUB", "NUMSUB", "c1", "absent", "c2"))
                    .isEqualTo(List.of("c1", 1L, "absent", 0L, "c2", 1L));
            assertThat(client.call("PUBSUB", "NUMSUB")).isEqualTo(List.of());
            assertThat(client.call("PUBSUB", "NUMPAT")).isEqualTo(1L);
            if (!name.equals("embedded")) {
                try (RawClient shards = bed.connect()) {
                    assertThat(shards.call("SSUBSCRIBE", "s1")).startsWith("*3\r\n$10\r\nssubscribe\r\n");
                    assertThat(client.call("PUBSUB", "SHARDCHANNELS")).isEqualTo(List.of("s1"));
                    assertThat(client.call("PUBSUB", "SHARDNUMSUB", "s1", "s2")).isEqualTo(List.of("s1", 1L, "s2", 0L));
                }
            }
        }
    }

    /** It asks twice, and what follows may not come in between. */
    @Test
    void aRandomKeyIsOneOfItsTime() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, new HashMap<>());
                RawClient client = bed.connect()) {
            String once = RawClient.encode("SET", "k", "v")
                    + RawClient.encode("RANDOMKEY")
                    + RawClient.encode("FLUSHALL")
                    + RawClient.encode("RANDOMKEY");
            client.write(once.repeat(100));
            for (int i = 0; i < 100; i++) {
                assertThat(client.read()).isEqualTo("+OK\r\n");
                assertThat(client.read()).isEqualTo("$1\r\nk\r\n");
                assertThat(client.read()).isEqualTo("+OK\r\n");
                assertThat(client.read()).isEqualTo("$-1\r\n");
            }
        }
    }

    @Test
    void errorsOfTheProxyAreThoseOfServers() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, new HashMap<>());
                RawClient client = bed.connect()) {
            assertThat(client.call("SELECT", "x")).isEqualTo("-ERR value is not an integer or out of range\r\n");
            assertThat(client.call("SELECT", "-1")).isEqualTo("-ERR DB index is out of range\r\n");
            assertThat(client.call("CONFIG", "SET", "maxmemory-samples", "x"))
                    .startsWith("-ERR ")
                    .doesNotContain("shards failed");
            assertThat(client.call("SUBSCRIBE", "c")).startsWith("*3\r\n$9\r\nsubscribe\r\n");
            assertThat(client.call("OBJECT", "ENCODING", "k")).startsWith("-ERR Can't execute 'object|encoding': ");
        }
    }

    @Test
    void whatShardsRefuseIsAnError() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, new HashMap<>());
                RawClient client = bed.connect()) {
            // 6.2 knows neither.
            assertThat(client.call("PUBSUB", "SHARDCHANNELS")).startsWith("-ERR Unknown subcommand");
            assertThat(client.call("COMMAND", "LIST")).startsWith("-ERR Unknown subcommand");
            assertThat(client.call("INFO", "a", "b")).isEqualTo("-ERR syntax error\r\n");
            assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers7")
    void whatHoldsForOneConnectionIsAnsweredAsByAServer(String name) throws Exception {
        List<String> commands = new ArrayList<>(List.of("NO-EVICT"));
        if (name.startsWith("sid/")) {
            commands.add("NO-TOUCH"); // since 7.2
        }
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                RawClient direct = new RawClient(bed.shards.get(0).port());
                RawClient client = bed.connect()) {
            for (String command : commands) {
                assertThat(client.call("CLIENT", command, "on")).isEqualTo("+OK\r\n");
                for (String[] rest : new String[][] {{"OFF"}, {"On"}, {"nonsense"}, {""}, {"on", "off"}, {}}) {
                    List<String> all = new ArrayList<>(List.of("CLIENT", command));
                    all.addAll(List.of(rest));
                    String[] whole = all.toArray(new String[0]);
                    assertThat(client.call(whole)).as(all.toString()).isEqualTo(direct.call(whole));
                }
            }
        }
    }

    @Test
    void aServerWithoutHelloHasNoSecondVersion() throws Exception {
        try (TestServer old = TestServer.start("embedded", List.of("rename-command HELLO \"\""));
                RawClient direct = new RawClient(old.port());
                Proxy proxy = ShardedBed.start(
                        new SimpleMeterRegistry(), List.of("127.0.0.1:" + old.port()), Map.of(), Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            assertThat(direct.call("HELLO", "3")).startsWith("-ERR unknown command `HELLO`");
            for (int i = 0; i < 3; i++) {
                assertThat(client.call("HELLO", "3")).isEqualTo("-NOPROTO unsupported protocol version\r\n");
                assertThat(client.call("HSET", "h", "f", "v" + i)).isEqualTo(i == 0 ? ":1\r\n" : ":0\r\n");
                assertThat(client.call("HGETALL", "h")).isEqualTo("*2\r\n$1\r\nf\r\n$2\r\nv" + i + "\r\n");
            }
            assertThat(client.call("HELLO", "2")).startsWith("*14\r\n");
        }
    }
}
