package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code custom_commands}, before servers that know their commands by other names. */
final class RedisProxyCustomCommandsIT {
    private static final List<Map<String, ?>> COMMANDS = List.of(
            Map.of("name", "mymod.get", "keys", Map.of("first", 1), "write", false, "arity", 2),
            Map.of("name", "MYMOD.MSET", "keys", Map.of("first", 1, "last", -1, "step", 2), "arity", -3),
            Map.of("name", "MYMOD.APPEND", "keys", Map.of()),
            Map.of("name", "MYMOD.ECHO", "keyless", "any", "write", false),
            Map.of("name", "MYMOD.SIZE", "keyless", "all", "write", false, "arity", 1),
            Map.of("name", "MYMOD.FLUSH", "keyless", "all"));

    private final List<TestServer> shards = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        for (int i = 0; i < 3; i++) {
            shards.add(TestServer.start(
                    "embedded",
                    List.of(
                            "rename-command GET mymod.get",
                            "rename-command MSET mymod.mset",
                            "rename-command APPEND mymod.append",
                            "rename-command ECHO mymod.echo",
                            "rename-command DBSIZE mymod.size",
                            "rename-command FLUSHALL mymod.flush")));
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (TestServer shard : shards) {
            shard.close();
        }
    }

    private Proxy proxy(Map<String, ?> more) {
        Map<String, Object> settings = new ConcurrentHashMap<>(Map.of("custom_commands", COMMANDS));
        settings.putAll(more);
        return ShardedBed.start(
                new SimpleMeterRegistry(),
                shards.stream().map(shard -> "127.0.0.1:" + shard.port()).toList(),
                settings,
                Map.of());
    }

    private static RawClient connect(Proxy proxy) throws Exception {
        return new RawClient(proxy.address("cache").port());
    }

    @Test
    void keysLeadToTheirShards() throws Exception {
        try (Proxy proxy = proxy(Map.of());
                RawClient client = connect(proxy)) {
            StringBuilder expected = new StringBuilder();
            StringBuilder actual = new StringBuilder();
            for (int i = 0; i < 30; i++) {
                expected.append("+OK\r\n$1\r\n").append(i % 10).append("\r\n");
                actual.append(client.call("SET", "k" + i, "" + i % 10)).append(client.call("MyMod.Get", "k" + i));
            }
            assertThat(actual).hasToString(expected.toString());
            assertThat(client.call("MYMOD.MSET", "{t}a", "1", "{t}b", "2")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.GET", "{t}b")).isEqualTo("$1\r\n2\r\n");
            assertThat(client.call("MYMOD.MSET", "k0", "1", "k1", "2", "k2", "3", "k3", "4"))
                    .startsWith("-CROSSSLOT Keys in request don't hash to the same shard: 'k0' and 'k");
            assertThat(client.call("MYMOD.GET"))
                    .isEqualTo("-ERR wrong number of arguments for 'mymod.get' command\r\n");
            assertThat(client.call("MYMOD.OTHER", "k"))
                    .startsWith("-ERR unknown command 'MYMOD.OTHER', with args beginning with: 'k'");
        }
    }

    @Test
    void whatHasNoKeysGoesToAnyOrToAllShards() throws Exception {
        try (Proxy proxy = proxy(Map.of());
                RawClient client = connect(proxy)) {
            assertThat(client.call("MYMOD.ECHO", "x")).isEqualTo("$1\r\nx\r\n");
            assertThat(client.call("MYMOD.SIZE")).isEqualTo(":0\r\n");
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.SIZE")).isEqualTo("-ERR the shards do not answer alike\r\n");
            assertThat(client.call("MYMOD.FLUSH")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.SIZE")).isEqualTo(":0\r\n");
        }
    }

    @Test
    void theyBelongToTransactionsRulesAndLargeValues() throws Exception {
        Map<String, ?> reader =
                Map.of("user", "reader", "password", "pw", "read_only", true, "key_prefixes", List.of("k"));
        Map<String, ?> denied =
                Map.of("user", "denied", "password", "pw", "commands", Map.of("deny", List.of("MYMOD.A*")));
        String value = "v".repeat(200_000);
        try (Proxy proxy = proxy(Map.of("auth", List.of(reader, denied, Map.of("password", "pw"))));
                RawClient client = connect(proxy)) {
            assertThat(client.call("AUTH", "pw")).isEqualTo("+OK\r\n");
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.APPEND", "k", value)).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("MYMOD.GET", "k")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("EXEC")).isEqualTo("*2\r\n:200000\r\n$200000\r\n" + value + "\r\n");
            assertThat(client.call("MYMOD.APPEND", "k", value)).isEqualTo(":400000\r\n");
            assertThat(client.call("AUTH", "reader", "pw")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.GET", "k")).hasSize("$400000\r\n\r\n".length() + 400_000);
            assertThat(client.call("MYMOD.GET", "other")).startsWith("-NOPERM");
            assertThat(client.call("MYMOD.SIZE")).startsWith("-NOPERM");
            assertThat(client.call("MYMOD.APPEND", "k", "x")).startsWith("-NOPERM");
            assertThat(client.call("AUTH", "denied", "pw")).isEqualTo("+OK\r\n");
            assertThat(client.call("MYMOD.APPEND", "k", "x"))
                    .isEqualTo("-NOPERM this user has no permissions to run the 'mymod.append' command\r\n");
        }
    }

    @Test
    void theTableOfAllIsNotConcerned() throws Exception {
        CommandTable table = new RedisProtocol().table();
        int size = table.all().size();

        CommandTable larger = CustomCommands.read(
                        dev.weir.core.config.ConfigNode.of(
                                Map.of("custom_commands", COMMANDS), new dev.weir.core.config.ConfigErrors()),
                        table)
                .table();

        assertThat(larger.all()).hasSize(size + COMMANDS.size());
        assertThat(larger.all().subList(0, size)).isEqualTo(table.all());
        assertThat(larger.find("mymod.size")).isSameAs(larger.at(size + 4));
        assertThat(larger.find("GET")).isSameAs(table.find("GET"));
        assertThat(table.all()).hasSize(size);
        assertThat(table.find("mymod.size")).isNull();
    }

    @Test
    void mistakesAreReported() {
        List<Map<String, ?>> commands = List.of(
                Map.of("name", "GET", "keyless", "any"),
                Map.of("name", "A.B", "keyless", "some"),
                Map.of("name", "A.C"),
                Map.of("name", "a.c", "keyless", "any", "keys", Map.of()),
                Map.of("name", "A D", "keyless", "any"),
                Map.of("name", "A.E", "keys", Map.of("first", 2, "last", 1, "steps", 1), "arity", 0));

        assertThatThrownBy(() -> proxy(Map.of("custom_commands", commands)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("custom_commands[0].name: GET (expected: a command that Weir does not know")
                .hasMessageContaining("custom_commands[1].keyless: \"some\"")
                .hasMessageContaining("custom_commands[2]: expected: either keys")
                .hasMessageContaining("custom_commands[3].name: \"A.C\" (expected: each command once)")
                .hasMessageContaining("custom_commands[3]: expected: either keys")
                .hasMessageContaining("custom_commands[4].name: \"A D\" (expected: at most 32")
                .hasMessageContaining("custom_commands[5].keys.last: 1 (expected: first or behind it")
                .hasMessageContaining("custom_commands[5].keys.steps: unknown key")
                .hasMessageContaining("custom_commands[5].arity: 0");
    }
}
