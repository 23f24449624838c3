package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Routes whose keys have other names at the shards: clients never see these. */
final class RedisProxyRenamesIT {
    static List<String> servers() {
        return TestServer.available();
    }

    /** Two servers: sessions without their prefix on one, beside others by a name of their application; the rest on the other. */
    private static final class Bed implements AutoCloseable {
        final TestServer sessions;
        final TestServer rest;
        final Proxy proxy;

        Bed(String name) throws Exception {
            sessions = TestServer.start(name);
            rest = TestServer.start(name);
            proxy = Proxy.builder()
                    .meters(new SimpleMeterRegistry())
                    .start(ProxyConfig.of(Map.of(
                            "listeners",
                            List.of(Map.of(
                                    "name",
                                    "cache",
                                    "address",
                                    "127.0.0.1:0",
                                    "filters",
                                    List.of(Map.of(
                                            "type",
                                            "redis_proxy",
                                            "routes",
                                            List.of(
                                                    Map.of("prefix", "s:", "cluster", "a", "remove_prefix", true),
                                                    Map.of("prefix", "app:", "cluster", "a", "key_format", "x/%KEY%/y"),
                                                    Map.of("cluster", "b")))))),
                            "clusters",
                            List.of(cluster("a", sessions), cluster("b", rest)))));
        }

        private static Map<String, ?> cluster(String name, TestServer server) {
            return Map.of("name", name, "endpoints", List.of("127.0.0.1:" + server.port()));
        }

        RawClient connect() throws Exception {
            return new RawClient(proxy.address("cache").port());
        }

        @Override
        public void close() throws IOException {
            proxy.close();
            sessions.close();
            rest.close();
        }
    }

    private static Set<String> words(String answer) {
        return new TreeSet<>(Arrays.stream(answer.split("\r\n", -1))
                .filter(line -> !line.isEmpty() && "*$:~%".indexOf(line.charAt(0)) < 0)
                .toList());
    }

    @ParameterizedTest
    @MethodSource("servers")
    void keysAreStoredByOtherNames(String name) throws Exception {
        try (Bed bed = new Bed(name);
                RawClient client = bed.connect()) {
            assertThat(client.call("MSET", "s:1", "a", "app:1", "b", "k", "c")).isEqualTo("+OK\r\n");
            assertThat(client.call("MGET", "k", "app:1", "s:1", "s:"))
                    .isEqualTo("*4\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n$-1\r\n");
            assertThat(client.call("SET", "s:", "empty")).isEqualTo("+OK\r\n");
            assertThat(TestCluster.call(bed.sessions, "GET", "1")).isEqualTo("a");
            assertThat(TestCluster.call(bed.sessions, "GET", "")).isEqualTo("empty");
            assertThat(TestCluster.call(bed.sessions, "GET", "x/app:1/y")).isEqualTo("b");
            assertThat(TestCluster.call(bed.rest, "GET", "k")).isEqualTo("c");
            // What lies there by a name that leads elsewhere is nobody's.
            TestCluster.call(bed.rest, "SET", "s:hidden", "1");
            TestCluster.call(bed.sessions, "SET", "x/other/y", "1");
            assertThat(words(client.call("KEYS", "*")))
                    .containsExactlyInAnyOrder("s:", "s:1", "app:1", "k", "s:x/other/y");
            assertThat(words(client.call("KEYS", "s:?"))).containsExactly("s:1");
            assertThat(words(client.call("KEYS", "app:*"))).containsExactly("app:1");
            TreeSet<String> scanned = new TreeSet<>();
            String cursor = "0";
            do {
                String[] lines =
                        client.call("SCAN", cursor, "MATCH", "*1", "COUNT", "2").split("\r\n", -1);
                cursor = lines[2];
                scanned.addAll(words(String.join("\r\n", Arrays.copyOfRange(lines, 3, lines.length))));
            } while (!cursor.equals("0"));
            assertThat(scanned).containsExactly("app:1", "s:1");
            for (int i = 0; i < 30; i++) {
                assertThat(client.call("RANDOMKEY"))
                        .containsAnyOf("$-1\r\n", "s:\r\n", "s:1", "app:1", "\r\nk\r\n", "s:x/other/y");
            }
            assertThat(client.call("RENAME", "s:1", "s:2")).isEqualTo("+OK\r\n");
            assertThat(client.call("COPY", "s:2", "app:2")).isEqualTo(":1\r\n");
            assertThat(client.call("SUNION", "s:2", "k"))
                    .isEqualTo("-CROSSSLOT Keys in request don't hash to the same shard: 's:2' and 'k'\r\n");
            assertThat(client.call("SUNION", "k", "app:1"))
                    .isEqualTo("-CROSSSLOT Keys in request don't hash to the same shard: 'k' and 'app:1'\r\n");
            assertThat(client.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "app:2"))
                    .isEqualTo("$1\r\na\r\n");
            assertThat(client.call("DEL", "s:2", "app:1", "app:2", "k", "s:")).isEqualTo(":5\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void answersNameKeysAsClientsDo(String name) throws Exception {
        for (boolean resp3 : List.of(false, true)) {
            try (Bed bed = new Bed(name);
                    RawClient client = bed.connect();
                    RawClient other = bed.connect()) {
                if (resp3) {
                    client.call("HELLO", "3");
                }
                client.call("RPUSH", "s:l", "1", "2", "3");
                client.call("ZADD", "app:z", "1", "m");
                assertThat(client.call("BLPOP", "s:none", "s:l", "1")).isEqualTo("*2\r\n$3\r\ns:l\r\n$1\r\n1\r\n");
                assertThat(client.call("BZPOPMIN", "app:z", "1")).startsWith("*3\r\n$5\r\napp:z\r\n$1\r\nm\r\n");
                client.call("XADD", "s:x", "1-1", "f", "v");
                client.call("XADD", "app:x", "2-1", "g", "w");
                String read = client.call("XREAD", "STREAMS", "s:x", "app:x", "0", "0");
                String one = "*1\r\n*2\r\n$3\r\n1-1\r\n" + RawClient.encode("f", "v");
                String two = "*1\r\n*2\r\n$3\r\n2-1\r\n" + RawClient.encode("g", "w");
                String pair = resp3 ? "" : "*2\r\n";
                assertThat(read)
                        .isEqualTo((resp3 ? "%2\r\n" : "*2\r\n") + pair + "$3\r\ns:x\r\n" + one + pair
                                + "$5\r\napp:x\r\n" + two);
                assertThat(client.call("XREAD", "STREAMS", "s:x", "9-9")).isIn("*-1\r\n", "_\r\n");
                client.send("BRPOP", "s:wait", "0");
                TestCluster.await(bed.sessions, "INFO clients", "blocked_clients:1\r");
                assertThat(other.call("LPUSH", "s:wait", "late")).isEqualTo(":1\r\n");
                assertThat(client.read()).isEqualTo("*2\r\n$6\r\ns:wait\r\n$4\r\nlate\r\n");
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call("SET", "s:t", "1")).isEqualTo("+QUEUED\r\n");
                assertThat(client.call("GET", "app:t")).isEqualTo("+QUEUED\r\n");
                assertThat(client.call("EXEC")).isIn("*2\r\n+OK\r\n$-1\r\n", "*2\r\n+OK\r\n_\r\n");
                assertThat(TestCluster.call(bed.sessions, "GET", "t")).isEqualTo("1");
                client.call("MULTI");
                assertThat(client.call("BLPOP", "s:l", "1")).startsWith("-ERR BLPOP is not supported within");
                assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
                String large = "y".repeat(200_000);
                assertThat(client.call("SET", "s:large", large)).isEqualTo("+OK\r\n");
                assertThat(client.call("GET", "s:large")).isEqualTo("$200000\r\n" + large + "\r\n");
            }
        }
    }

    /** What a shard would answer there has the names by which it knows its keys. */
    @ParameterizedTest
    @MethodSource("servers")
    void transactionsListNoKeys(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of("key_format", "app:%KEY%"));
                RawClient client = bed.connect()) {
            assertThat(client.call("SET", "k", "1")).isEqualTo("+OK\r\n");
            for (String[] command :
                    List.of(new String[] {"KEYS", "*"}, new String[] {"SCAN", "0"}, new String[] {"RANDOMKEY"})) {
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call(command))
                        .startsWith("-ERR " + command[0] + " is not supported within a transaction")
                        .contains("names keys");
                assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
                assertThat(client.call(command)).contains("k\r\n").doesNotContain("app:");
            }
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("DBSIZE")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("EXEC")).isEqualTo("*1\r\n:1\r\n");
        }
    }

    /** Patterns are compared here where names differ: as a server compares them. */
    @Test
    void patternsFitWhatTheyFitAtAServer() throws Exception {
        Random random = new Random(7);
        String letters = "ab*?[]^-\\c";
        try (TestServer server = TestServer.start("embedded");
                RawClient client = new RawClient(server.port())) {
            TreeSet<String> keys = new TreeSet<>();
            for (int i = 0; i < 300; i++) {
                String key = text(random, letters, 1 + random.nextInt(5));
                client.call("SET", key, "");
                keys.add(key);
            }
            for (int i = 0; i < 2_000; i++) {
                String pattern = text(random, letters, 1 + random.nextInt(7));
                Glob glob = new Glob(pattern.getBytes(StandardCharsets.ISO_8859_1));
                List<String> found = keys.stream()
                        .filter(key -> glob.matches(key.getBytes(StandardCharsets.ISO_8859_1)))
                        .toList();
                String[] lines = client.call("KEYS", pattern).split("\r\n", -1);
                TreeSet<String> expected = new TreeSet<>();
                for (int line = 2; line < lines.length; line += 2) {
                    expected.add(lines[line]);
                }
                assertThat(found).as(pattern).containsExactlyElementsOf(expected);
            }
        }
    }

    private static String text(Random random, String letters, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(letters.charAt(random.nextInt(letters.length())));
        }
        return text.toString();
    }
}
