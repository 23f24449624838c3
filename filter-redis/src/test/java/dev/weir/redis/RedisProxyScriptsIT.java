package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Scripts and functions, which all of three shards have to know. */
final class RedisProxyScriptsIT {
    private static final String LIBRARY = """
            #!lua name=lib
            redis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
            redis.register_function{function_name='got', flags={'no-writes'},
              callback=function(keys, args) return redis.call('GET', keys[1]) end}
            """;

    static List<String> servers() {
        return TestServer.available();
    }

    /** Redis 6.2 has no functions. */
    static List<String> servers7() {
        return servers().stream().filter(name -> !name.equals("embedded")).toList();
    }

    private static ShardedBed bed(String name) throws Exception {
        return ShardedBed.of(List.of(name, name, name), Map.of());
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aScriptExistsWhereAllShardsHaveIt(String name) throws Exception {
        String text = "return redis.call('INCR', KEYS[1])";
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            String sha = TestCluster.call(bed.shards.get(0), "SCRIPT", "LOAD", text);
            assertThat(sha).hasSize(40);
            assertThat(client.call("SCRIPT", "EXISTS", sha, "ffff")).isEqualTo("*2\r\n:0\r\n:0\r\n");
            TestCluster.call(bed.shards.get(2), "SCRIPT", "LOAD", text);
            assertThat(client.call("SCRIPT", "EXISTS", "ffff", sha)).isEqualTo("*2\r\n:0\r\n:0\r\n");

            assertThat(client.call("SCRIPT", "LOAD", text)).isEqualTo("$40\r\n" + sha + "\r\n");

            assertThat(client.call("SCRIPT", "EXISTS", sha, "ffff")).isEqualTo("*2\r\n:1\r\n:0\r\n");
            for (int i = 0; i < 30; i++) {
                assertThat(client.call("EVALSHA", sha, "1", "k" + i)).isEqualTo(":1\r\n");
            }
            assertThat(client.call("SCRIPT", "LOAD", "no script")).startsWith("-ERR Error compiling script");
            assertThat(client.call("SCRIPT", "FLUSH")).isEqualTo("+OK\r\n");
            assertThat(client.call("SCRIPT", "EXISTS", sha)).isEqualTo("*1\r\n:0\r\n");
            for (TestServer shard : bed.shards) {
                assertThat(TestCluster.call(shard, "SCRIPT", "EXISTS", sha)).isEqualTo("[0]");
            }
            assertThat(client.call("EVALSHA", sha, "1", "k")).startsWith("-NOSCRIPT ");
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers7")
    void functionsAreThoseOfAllShards(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect();
                TestServer.Client parsed = new TestServer.Client(bed.port())) {
            assertThat(client.call("FCALL", "put", "1", "k", "v")).isEqualTo("-ERR Function not found\r\n");

            assertThat(client.call("FUNCTION", "LOAD", LIBRARY)).isEqualTo("$3\r\nlib\r\n");

            for (TestServer shard : bed.shards) {
                assertThat(String.valueOf(parsed.call("FUNCTION", "LIST", "WITHCODE")))
                        .contains("lib", "put", "got", LIBRARY)
                        .hasSameSizeAs(TestCluster.call(shard, "FUNCTION", "LIST", "WITHCODE"));
            }
            callsOnAllShards(bed, client);
            assertThat(client.call("FUNCTION", "LOAD", LIBRARY)).isEqualTo("-ERR Library 'lib' already exists\r\n");
            assertThat(client.call("FUNCTION", "LOAD", "REPLACE", LIBRARY)).isEqualTo("$3\r\nlib\r\n");
            assertThat(client.call("FUNCTION", "DELETE", "lib")).isEqualTo("+OK\r\n");
            assertHaveNone(bed);
            // One that only one shard has already.
            TestCluster.call(bed.shards.get(1), "FUNCTION", "LOAD", LIBRARY);
            assertThat(client.call("FUNCTION", "LOAD", LIBRARY))
                    .isEqualTo("-ERR 1 of 3 shards failed, the first with: ERR Library 'lib' already exists\r\n");
            assertThat(client.call("FUNCTION", "FLUSH")).isEqualTo("+OK\r\n");
            assertHaveNone(bed);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers7")
    void functionsAreDumpedAndRestored(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            assertThat(client.call("FUNCTION", "LOAD", LIBRARY)).isEqualTo("$3\r\nlib\r\n");
            String answer = client.call("FUNCTION", "DUMP");
            String dump = answer.substring(answer.indexOf('\n') + 1, answer.length() - 2);
            assertThat(client.call("FUNCTION", "FLUSH", "SYNC")).isEqualTo("+OK\r\n");
            assertHaveNone(bed);

            assertThat(client.call("FUNCTION", "RESTORE", dump)).isEqualTo("+OK\r\n");

            callsOnAllShards(bed, client);
            assertThat(client.call("FUNCTION", "RESTORE", dump)).startsWith("-ERR Library lib already exists");
            assertThat(client.call("FUNCTION", "RESTORE", dump, "REPLACE")).isEqualTo("+OK\r\n");
            assertThat(client.call("FUNCTION", "RESTORE", "nonsense"))
                    .startsWith("-ERR DUMP payload version or checksum");
        }
    }

    private static void callsOnAllShards(ShardedBed bed, RawClient client) throws Exception {
        for (int i = 0; i < 40; i++) {
            assertThat(client.call("FCALL", "put", "1", "k" + i, "v")).isEqualTo("+OK\r\n");
            assertThat(client.call("FCALL_RO", "got", "1", "k" + i)).isEqualTo("$1\r\nv\r\n");
        }
        for (TestServer shard : bed.shards) {
            assertThat(TestCluster.call(shard, "DBSIZE"))
                    .as("keys of %s", shard.port())
                    .isNotEqualTo("0");
        }
        assertThat(client.call("DBSIZE")).isEqualTo(":40\r\n");
        assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
    }

    private static void assertHaveNone(ShardedBed bed) throws Exception {
        for (TestServer shard : bed.shards) {
            assertThat(TestCluster.call(shard, "FUNCTION", "LIST")).isEqualTo("[]");
        }
    }
}
