package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** {@code redis_proxy} before three real servers. */
final class RedisProxyIT {
    private static final List<String> THREE = List.of("embedded", "embedded", "embedded");

    @Test
    void spreadsKeysAndFindsThemAgain() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            for (int i = 0; i < 300; i++) {
                assertThat(client.call("SET", "k" + i, "v" + i)).isEqualTo("+OK\r\n");
            }
            for (int i = 0; i < 300; i++) {
                assertThat(client.call("get", "k" + i)).isEqualTo("$" + ("v" + i).length() + "\r\nv" + i + "\r\n");
            }
            assertThat(client.call("DBSIZE")).isEqualTo(":300\r\n");
            for (TestServer shard : bed.shards) {
                try (TestServer.Client direct = shard.connect()) {
                    assertThat((Long) direct.call("DBSIZE")).isBetween(50L, 150L);
                }
            }
        }
    }

    @Test
    void answersOfAPipelineComeInItsOrder() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            StringBuilder pipeline = new StringBuilder();
            for (int i = 0; i < 2_000; i++) {
                pipeline.append(RawClient.encode("SET", "k" + i, "v".repeat(i)));
                pipeline.append(RawClient.encode("PING", "p" + i));
                pipeline.append(RawClient.encode("STRLEN", "k" + i));
            }
            Thread writer = new Thread(() -> {
                try {
                    client.write(pipeline.toString());
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            writer.start();
            for (int i = 0; i < 2_000; i++) {
                assertThat(client.read()).isEqualTo("+OK\r\n");
                assertThat(client.read()).isEqualTo("$" + ("p" + i).length() + "\r\np" + i + "\r\n");
                assertThat(client.read()).isEqualTo(":" + i + "\r\n");
            }
            writer.join();
        }
    }

    @Test
    void splitsAndMergesWhatHasManyKeys() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            List<String> mset = new ArrayList<>(List.of("MSET"));
            List<String> mget = new ArrayList<>(List.of("MGET"));
            StringBuilder expected = new StringBuilder("*61\r\n");
            for (int i = 0; i < 60; i++) {
                mset.addAll(List.of("k" + i, "" + i % 10));
                mget.add("k" + i);
                expected.append("$1\r\n").append(i % 10).append("\r\n");
            }
            mget.add(31, "absent");
            expected.insert(expected.indexOf("\r\n") + 2 + 30 * 7, "$-1\r\n");
            assertThat(client.call(mset.toArray(new String[0]))).isEqualTo("+OK\r\n");
            assertThat(client.call(mget.toArray(new String[0]))).isEqualTo(expected.toString());
            assertThat(client.call("EXISTS", "k1", "k2", "k2", "k3", "no")).isEqualTo(":4\r\n");
            assertThat(client.call("TOUCH", "k1", "k2", "k3", "no")).isEqualTo(":3\r\n");
            assertThat(client.call("DEL", "k1", "k2", "k3", "no")).isEqualTo(":3\r\n");
            assertThat(client.call("UNLINK", "k4", "k5", "no")).isEqualTo(":2\r\n");
            assertThat(client.call("MSET", "a")).startsWith("-ERR wrong number of arguments for 'mset' command");
            assertThat(client.call("MSET", "a", "1", "b"))
                    .startsWith("-ERR wrong number of arguments for 'mset' command");
        }
    }

    @Test
    void refusesKeysOnSeveralShardsThatBelongTogether() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            Set<String> answers = new HashSet<>();
            for (int i = 0; i < 20; i++) {
                answers.add(client.call("SINTERSTORE", "to", "a" + i, "b" + i));
                assertThat(client.call("SINTERSTORE", "{x}to", "{x}a" + i, "{x}b" + i))
                        .isEqualTo(":0\r\n");
            }
            assertThat(answers)
                    .allMatch(answer -> answer.equals(":0\r\n")
                            || answer.startsWith("-CROSSSLOT Keys in request don't hash to the same shard: 'to' and '"))
                    .hasSizeGreaterThan(1);
            assertThat(client.call("BITOP", "AND", "{x}to", "{x}a")).isEqualTo(":0\r\n");
            assertThat(client.call("EVAL", "return #KEYS", "2", "{x}a", "{x}b")).isEqualTo(":2\r\n");
            assertThat(client.call("EVAL", "return 7", "0")).isEqualTo(":7\r\n");
            assertThat(client.call("EVAL", "return 7", "9", "a")).startsWith("-ERR the keys of EVAL cannot be told");
        }
    }

    @Test
    void scanFindsEveryKeyOnce() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                TestServer.Client client = new TestServer.Client(bed.port())) {
            Set<String> expected = new TreeSet<>();
            for (int i = 0; i < 500; i++) {
                client.call("SET", "k" + i, "v");
                expected.add("k" + i);
            }
            client.call("SADD", "set", "a");
            List<String> found = new ArrayList<>();
            String cursor = "0";
            do {
                List<?> answer = (List<?>) client.call("SCAN", cursor, "MATCH", "k*", "COUNT", "17");
                cursor = String.valueOf(answer.get(0));
                ((List<?>) answer.get(1)).forEach(key -> found.add(String.valueOf(key)));
            } while (!cursor.equals("0"));
            assertThat(found).hasSize(500);
            assertThat(new TreeSet<>(found)).isEqualTo(expected);
            assertThat((List<?>) client.call("KEYS", "k1?")).hasSize(10);
            assertThat(client.call("SCAN", "x").toString()).contains("ERR invalid cursor");
            assertThat(client.call("SCAN", String.valueOf(77L << 48)).toString())
                    .contains("ERR invalid cursor");
            assertThat(String.valueOf(client.call("RANDOMKEY"))).matches("k[0-9]+|set");
            assertThat(client.call("FLUSHALL")).isEqualTo("OK");
            assertThat(client.call("DBSIZE")).isEqualTo(0L);
            assertThat(client.call("RANDOMKEY")).isNull();
        }
    }

    @Test
    void databasesAreEachClientsOwn() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient one = bed.connect();
                RawClient two = bed.connect()) {
            one.send("SET", "k", "zero");
            one.send("SELECT", "3");
            one.send("SET", "k", "three");
            two.send("SELECT", "5");
            two.send("GET", "k");
            assertThat(one.read() + one.read() + one.read()).isEqualTo("+OK\r\n+OK\r\n+OK\r\n");
            assertThat(two.read() + two.read()).isEqualTo("+OK\r\n$-1\r\n");
            assertThat(one.call("GET", "k")).isEqualTo("$5\r\nthree\r\n");
            assertThat(two.call("SELECT", "0")).isEqualTo("+OK\r\n");
            assertThat(two.call("GET", "k")).isEqualTo("$4\r\nzero\r\n");
            assertThat(two.call("SELECT", "99")).isEqualTo("-ERR DB index is out of range\r\n");
            assertThat(two.call("SELECT", "x")).isEqualTo("-ERR value is not an integer or out of range\r\n");
            assertThat(two.call("GET", "k")).isEqualTo("$4\r\nzero\r\n");
        }
    }

    @Test
    void clientsOfBothVersionsAreServedAtTheSameTime() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient two = bed.connect();
                RawClient three = bed.connect()) {
            assertThat(three.call("HELLO", "3", "SETNAME", "me"))
                    .startsWith("%7\r\n$6\r\nserver\r\n")
                    .contains("$5\r\nproto\r\n:3\r\n");
            assertThat(two.call("HSET", "h", "f", "v")).isEqualTo(":1\r\n");
            assertThat(three.call("HGETALL", "h")).isEqualTo("%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
            assertThat(two.call("HGETALL", "h")).isEqualTo("*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
            assertThat(three.call("GET", "no")).isEqualTo("_\r\n");
            assertThat(two.call("GET", "no")).isEqualTo("$-1\r\n");
            assertThat(three.call("MGET", "no", "nor", "neither", "none")).isEqualTo("*4\r\n_\r\n_\r\n_\r\n_\r\n");
            assertThat(three.call("CLIENT", "GETNAME")).isEqualTo("$2\r\nme\r\n");
            assertThat(two.call("CLIENT", "GETNAME")).isEqualTo("$-1\r\n");
            assertThat(two.call("HELLO", "4")).isEqualTo("-NOPROTO unsupported protocol version\r\n");
            assertThat(three.call("HELLO", "2")).startsWith("*14\r\n");
            assertThat(three.call("HGETALL", "h")).startsWith("*2\r\n");
        }
    }

    @Test
    void answersWhatConcernsTheConnection() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
            assertThat(client.call("ECHO", "x")).isEqualTo("$1\r\nx\r\n");
            assertThat(client.call("CLIENT", "SETNAME", "a b")).startsWith("-ERR Client names cannot");
            assertThat(client.call("CLIENT", "SETINFO", "lib-name", "jedis")).isEqualTo("+OK\r\n");
            assertThat(client.call("CLIENT", "INFO")).contains("lib-name=jedis");
            assertThat(client.call("TIME")).matches("\\*2\r\n\\$10\r\n\\d{10}\r\n\\$\\d\r\n\\d{1,6}\r\n");
            assertThat(client.call("AUTH", "x")).startsWith("-ERR AUTH <password> called without");
            client.send("CLIENT", "REPLY", "SKIP");
            client.send("SET", "k", "v");
            client.send("CLIENT", "REPLY", "OFF");
            client.send("SET", "k", "w");
            client.send("CLIENT", "REPLY", "ON");
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.call("GET", "k")).isEqualTo("$1\r\nw\r\n");
            assertThat(client.call("NOSUCH", "a", "b"))
                    .isEqualTo("-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
            assertThat(client.call("MONITOR")).startsWith("-ERR MONITOR is not supported by redis_proxy: ");
            assertThat(client.call("GET")).isEqualTo("-ERR wrong number of arguments for 'get' command\r\n");
            client.write("  ping  \"a\\x41\" \r\n");
            assertThat(client.read()).isEqualTo("$2\r\naA\r\n");
            client.write("\r\n*0\r\nset k 'in line'\r\nget k\r\n");
            assertThat(client.read() + client.read()).isEqualTo("+OK\r\n$7\r\nin line\r\n");
            client.send("GET", "k");
            client.send("QUIT");
            client.send("GET", "k");
            assertThat(client.read() + client.read()).isEqualTo("$7\r\nin line\r\n+OK\r\n");
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void clientsLogIn() throws Exception {
        Map<String, ?> auth =
                Map.of("auth", List.of(Map.of("password", "secret"), Map.of("user", "ann", "password", "annes")));
        try (ShardedBed bed = ShardedBed.of(THREE, auth);
                RawClient client = bed.connect()) {
            assertThat(client.call("GET", "k")).isEqualTo("-NOAUTH Authentication required.\r\n");
            assertThat(client.call("AUTH", "wrong")).startsWith("-WRONGPASS ");
            assertThat(client.call("HELLO", "3")).startsWith("-NOAUTH ");
            assertThat(client.call("AUTH", "ann", "secret")).startsWith("-WRONGPASS ");
            assertThat(client.call("AUTH", "secret")).isEqualTo("+OK\r\n");
            assertThat(client.call("GET", "k")).isEqualTo("$-1\r\n");
            assertThat(client.call("RESET")).isEqualTo("+RESET\r\n");
            assertThat(client.call("GET", "k")).startsWith("-NOAUTH ");
            assertThat(client.call("HELLO", "3", "AUTH", "ann", "annes")).startsWith("%7\r\n");
            assertThat(client.call("GET", "k")).isEqualTo("_\r\n");
        }
    }

    @Test
    void whatIsNoCommandIsAnsweredAndEnds() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of())) {
            for (String bytes : List.of(
                    "*2147483647\r\n",
                    "*1\r\n$-5\r\n",
                    "*1\r\n:1\r\n",
                    "*x\r\n",
                    "*2\r\n$3\r\nGET\r\n$999999999999\r\n",
                    "*936748722493063171\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nw\r\n",
                    "*2\r\n$3\r\nGET\r\n$-0\r\n\r\n",
                    "*2\r\n$3\r\nGET\r\n$1\r\nkxx",
                    "*2\r\n$3\r\nGETxx$1\r\nk\r\n",
                    "*1\rx$4\r\nPING\r\n",
                    "GET / HTTP/1.1\r\n",
                    "get \"k\r\n")) {
                try (RawClient client = bed.connect()) {
                    client.send("SET", "k", "v");
                    client.write(bytes);
                    assertThat(client.read()).isEqualTo("+OK\r\n");
                    assertThat(client.read()).as(bytes).startsWith("-ERR Protocol error: ");
                    assertThat(client.ended()).isTrue();
                }
            }
        }
    }

    @Test
    void aCommandThatIsTooLongIsRefusedAndPassedOver() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of("max_request", "64KiB"));
                RawClient client = bed.connect()) {
            client.send("SET", "k", "v".repeat(100_000));
            client.send("GET", "k");
            client.send("MSET", "a", "b".repeat(40_000), "b", "b".repeat(40_000), "c", "d");
            client.send("GET", "k");
            assertThat(client.read()).isEqualTo("+OK\r\n"); // it is streamed
            assertThat(client.read()).hasSize(100_000 + 11);
            assertThat(client.read()).startsWith("-ERR request of more than 65536 bytes");
            assertThat(client.read()).hasSize(100_000 + 11);
        }
    }

    @Test
    void largeValuesAreStreamed() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of("max_request", "1MiB", "large_value", "16KiB"));
                RawClient client = bed.connect();
                RawClient other = bed.connect()) {
            String large = "0123456789abcdef".repeat(1 << 18); // 4 MiB
            StringBuilder bytes = new StringBuilder();
            bytes.append(RawClient.encode("SET", "k", "small"));
            bytes.append(RawClient.encode("APPEND", "k", large));
            bytes.append(RawClient.encode("STRLEN", "k"));
            bytes.append(RawClient.encode("RPUSH", "list", large, "x", large, "y"));
            bytes.append(RawClient.encode("LLEN", "list"));
            bytes.append(RawClient.encode("MSET", "{t}a", large.substring(0, 100_000), "b", "c"));
            bytes.append(RawClient.encode("MSET", "{t}a", large, "b", "c"));
            bytes.append(RawClient.encode("STRLEN", "{t}a"));
            bytes.append(RawClient.encode("SET", "k", large, "NOSUCH"));
            bytes.append(RawClient.encode("STRLEN", "k"));
            Thread writer = new Thread(() -> {
                try {
                    client.write(bytes.toString());
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            writer.start();
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.read()).isEqualTo(":" + (large.length() + 5) + "\r\n");
            assertThat(other.call("SET", "x", "y")).isEqualTo("+OK\r\n");
            assertThat(client.read()).isEqualTo(":" + (large.length() + 5) + "\r\n");
            assertThat(client.read() + client.read()).isEqualTo(":4\r\n:4\r\n");
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.read()).startsWith("-ERR request of more than 1048576 bytes");
            assertThat(client.read()).isEqualTo(":100000\r\n");
            assertThat(client.read()).startsWith("-ERR syntax error");
            assertThat(client.read()).isEqualTo(":" + (large.length() + 5) + "\r\n");
            assertThat(client.call("GET", "k")).isEqualTo("$" + (large.length() + 5) + "\r\nsmall" + large + "\r\n");
            writer.join();
        }
    }

    @Test
    void aLineMayHoldAnyByte() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of())) {
            for (int b = 0; b < 256; b++) {
                try (RawClient client = bed.connect()) {
                    client.write((char) b + "\n" + (char) b + "x\r\nPING\r\n");
                    client.endOutput();
                    client.readAll();
                }
            }
            try (RawClient client = bed.connect()) {
                assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
            }
        }
    }

    @Test
    void sortDoesNotLookAtOtherShards() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of());
                RawClient client = bed.connect()) {
            client.call("RPUSH", "l", "2", "1");
            assertThat(client.call("SORT", "l", "BY", "weight_*")).startsWith("-ERR BY and GET of SORT name keys");
            assertThat(client.call("SORT", "l", "GET", "data_*")).startsWith("-ERR BY and GET of SORT name keys");
            assertThat(client.call("SORT", "l", "BY", "nosort", "GET", "#")).isEqualTo("*2\r\n$1\r\n2\r\n$1\r\n1\r\n");
            assertThat(client.call("SORT", "l")).isEqualTo("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
        }
    }

    @Test
    void whatWasAnsweredIsNotCountedForEver() throws Exception {
        try (ShardedBed bed = ShardedBed.of(THREE, Map.of("client_output_limit", "256KiB"));
                RawClient client = bed.connect()) {
            List<String> mget = new ArrayList<>(List.of("MGET"));
            for (int i = 0; i < 20; i++) {
                client.call("SET", "k" + i, "v".repeat(2_000));
                mget.add("k" + i);
            }
            for (int i = 0; i < 100; i++) {
                assertThat(client.call(mget.toArray(new String[0]))).startsWith("*20\r\n$2000\r\n");
                assertThat(client.call("DBSIZE")).isEqualTo(":20\r\n");
            }
        }
    }

    @Test
    void routesLeadToClustersThatMayShareAServer() throws Exception {
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = Proxy.builder()
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
                                                        Map.of("cluster", "all"),
                                                        Map.of("prefix", "session:", "cluster", "some"),
                                                        Map.of("prefix", "session:old:", "cluster", "all")))))),
                                "clusters",
                                List.of(
                                        Map.of(
                                                "name",
                                                "all",
                                                "load_balancing",
                                                "maglev",
                                                "endpoints",
                                                List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port())),
                                        Map.of("name", "some", "endpoints", List.of("127.0.0.1:" + two.port()))))));
                RawClient client = new RawClient(proxy.address("cache").port());
                TestServer.Client direct = two.connect()) {
            for (int i = 0; i < 40; i++) {
                client.call("SET", "session:" + i, "v");
                client.call("SET", "session:old:" + i, "v");
            }
            Long there = (Long) direct.call("DBSIZE");
            assertThat((List<?>) direct.call("KEYS", "session:??")).hasSize(30);
            assertThat(there).isBetween(41L, 79L); // the longest prefix decides
            assertThat(client.call("DBSIZE")).isEqualTo(":80\r\n");
            assertThat(client.call("KEYS", "*")).startsWith("*80\r\n");
        }
    }

    @Test
    void accessMayStandBeforeIt() throws Exception {
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = Proxy.builder()
                        .start(ProxyConfig.of(Map.of(
                                "listeners",
                                List.of(Map.of(
                                        "name",
                                        "cache",
                                        "address",
                                        "127.0.0.1:0",
                                        "filters",
                                        List.of(
                                                Map.of(
                                                        "type",
                                                        "access",
                                                        "protocol",
                                                        "redis",
                                                        "rules",
                                                        List.of(Map.of(
                                                                "action",
                                                                "deny",
                                                                "commands",
                                                                List.of("CONFIG", "FLUSHALL")))),
                                                Map.of("type", "redis_proxy", "cluster", "c")))),
                                "clusters",
                                List.of(Map.of(
                                        "name",
                                        "c",
                                        "load_balancing",
                                        "maglev",
                                        "endpoints",
                                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()))))));
                RawClient client = new RawClient(proxy.address("cache").port())) {
            StringBuilder bytes = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                bytes.append(RawClient.encode("SET", "k" + i, "v"));
                bytes.append(RawClient.encode("FLUSHALL"));
                bytes.append(RawClient.encode("CONFIG", "GET", "requirepass"));
            }
            client.write(bytes.toString());
            for (int i = 0; i < 100; i++) {
                assertThat(client.read()).isEqualTo("+OK\r\n");
                assertThat(client.read() + client.read()).matches("(?s)-NOPERM .*-NOPERM .*");
            }
            assertThat(client.call("DBSIZE")).isEqualTo(":100\r\n");
            client.write(RawClient.encode("MULTI")
                    + RawClient.encode("SET", "k", "v")
                    + RawClient.encode("FLUSHALL")
                    + RawClient.encode("EXEC"));
            assertThat(client.read() + client.read()).isEqualTo("+OK\r\n+QUEUED\r\n");
            assertThat(client.read() + client.read()).matches("(?s)-NOPERM .*-EXECABORT .*");
            assertThat(client.call("GET", "k")).isEqualTo("$-1\r\n");
        }
    }
}
