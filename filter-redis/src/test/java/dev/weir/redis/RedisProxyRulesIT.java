package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of a {@code redis_proxy} may do, before real servers. */
final class RedisProxyRulesIT {
    private static final List<String> THREE = List.of("embedded", "embedded", "embedded");

    private static ShardedBed bed(Object... users) throws Exception {
        return ShardedBed.of(THREE, Map.of("auth", List.of(users)));
    }

    private static Map<String, Object> user(String name, Map<String, ?> rules) {
        Map<String, Object> user = new java.util.HashMap<>(Map.of("user", name, "password", "pw"));
        user.putAll(rules);
        return user;
    }

    private static RawClient as(ShardedBed bed, String user) throws Exception {
        RawClient client = bed.connect();
        assertThat(client.call("AUTH", user, "pw")).isEqualTo("+OK\r\n");
        return client;
    }

    private static String noCommand(String name) {
        return "-NOPERM this user has no permissions to run the '" + name + "' command\r\n";
    }

    private static String noKey(String key) {
        return "-NOPERM this user has no permissions to access one of the keys used as arguments: '" + key + "'\r\n";
    }

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    /** Up to the key, the texts of Redis 7.0; those of others have the same code. */
    @ParameterizedTest
    @MethodSource("servers")
    void errorsHaveTheCodesOfAServer(String name) throws Exception {
        Map<String, Object> rules = Map.of(
                "commands",
                Map.of("allow", List.of("GET", "MULTI", "EXEC", "CONFIG|GET")),
                "key_prefixes",
                List.of("s:"));
        try (ShardedBed bed = bed(user("app", rules));
                RawClient client = as(bed, "app");
                TestServer server = TestServer.start(name);
                RawClient direct = new RawClient(server.port())) {
            assertThat(direct.call(
                            "ACL", "SETUSER", "app", "on", ">pw", "~s:*", "+get", "+multi", "+exec", "+config|get"))
                    .isEqualTo("+OK\r\n");
            assertThat(direct.call("AUTH", "app", "pw")).isEqualTo("+OK\r\n");
            String[][] script = {
                {"GET", "s:1"},
                {"GET", "other"},
                {"SET", "s:1", "x"},
                {"GET"},
                {"CONFIG", "SET", "a", "b"},
                {"NOSUCH"},
                {"MULTI"},
                {"GET", "other"},
                {"EXEC"},
                {"MULTI"},
                {"DEL", "s:1"},
                {"GET", "s:1"},
                {"EXEC"}
            };
            for (String[] command : script) {
                String expected = direct.call(command);
                String actual = client.call(command);
                if (!name.equals("redis-server")) {
                    expected = expected.split("[ \r]", 2)[0];
                    actual = actual.split("[ \r]", 2)[0];
                } else if (expected.contains("one of the keys")) {
                    actual = actual.replace(": 'other'\r\n", "\r\n");
                }
                assertThat(actual).as(String.join(" ", command)).isEqualTo(expected);
            }
            assertThat(bed.meters.get("weir_redis_proxy_denied").counter().count())
                    .isEqualTo(5);
        }
    }

    @Test
    void aUserWithoutRulesMayDoEverythingAndIsWhoItSaysItIs() throws Exception {
        try (ShardedBed bed = bed(user("default", Map.of()), user("app", Map.of("read_only", true)));
                RawClient client = as(bed, "default");
                RawClient app = as(bed, "app")) {
            assertThat(client.call("ACL", "WHOAMI")).isEqualTo("$7\r\ndefault\r\n");
            assertThat(app.call("ACL", "WHOAMI")).isEqualTo("$3\r\napp\r\n");
            assertThat(client.call("FLUSHALL")).isEqualTo("+OK\r\n");
            assertThat(app.call("SET", "k", "v")).isEqualTo(noCommand("set"));
            assertThat(app.call("AUTH", "default", "pw")).isEqualTo("+OK\r\n");
            assertThat(app.call("SET", "k", "v")).isEqualTo("+OK\r\n");
            assertThat(app.call("HELLO", "2", "AUTH", "app", "pw")).startsWith("*14\r\n");
            assertThat(app.call("SET", "k", "v")).isEqualTo(noCommand("set"));
            assertThat(app.call("RESET")).isEqualTo("+RESET\r\n");
            assertThat(app.call("ACL", "WHOAMI")).startsWith("-NOAUTH");
        }
    }

    @Test
    void listsOfCommandsAllowAndDeny() throws Exception {
        Map<String, Object> commands =
                Map.of("allow", List.of("@read", "@session", "set*", "CONFIG"), "deny", List.of("CONFIG|SET", "SETEX"));
        try (ShardedBed bed = bed(user("app", Map.of("commands", commands)));
                RawClient client = as(bed, "app")) {
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK\r\n");
            assertThat(client.call("setex", "k", "10", "v")).isEqualTo(noCommand("setex"));
            assertThat(client.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
            assertThat(client.call("MGET", "k", "other")).isEqualTo("*2\r\n$1\r\nv\r\n$-1\r\n");
            assertThat(client.call("DEL", "k")).isEqualTo(noCommand("del"));
            assertThat(client.call("CONFIG", "GET", "maxmemory")).startsWith("*2\r\n");
            assertThat(client.call("CONFIG", "SET", "maxmemory", "0")).isEqualTo(noCommand("config|set"));
            assertThat(client.call("CLIENT", "SETNAME", "me")).isEqualTo("+OK\r\n");
            assertThat(client.call("SUBSCRIBE", "c")).isEqualTo(noCommand("subscribe"));
            client.write("del k\r\n");
            assertThat(client.read()).isEqualTo(noCommand("del"));
            assertThat(client.call("QUIT")).isEqualTo("+OK\r\n");
        }
    }

    @Test
    void whoMayOnlyReadWritesNothingInAnyWay() throws Exception {
        try (ShardedBed bed = bed(user("default", Map.of()), user("app", Map.of("read_only", true)));
                RawClient writer = as(bed, "default");
                RawClient client = as(bed, "app")) {
            assertThat(writer.call("SET", "k", "v")).isEqualTo("+OK\r\n");
            assertThat(writer.call("RPUSH", "l", "2", "1")).isEqualTo(":2\r\n");
            assertThat(client.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
            assertThat(client.call("DBSIZE")).isEqualTo(":2\r\n");
            assertThat(client.call("INFO", "server")).contains("redis_version:");
            assertThat(client.call("SELECT", "1") + client.call("SELECT", "0")).isEqualTo("+OK\r\n+OK\r\n");
            for (String[] command : new String[][] {
                {"DEL", "k"},
                {"MSET", "a", "1", "b", "2"},
                {"SORT", "l"},
                {"GETEX", "k"},
                {"EVAL", "return 1", "0"},
                {"EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "1", "k"},
                {"FCALL", "f", "0"},
                {"FLUSHALL"},
                {"PUBLISH", "c", "m"},
                {"BLPOP", "l", "0"},
                {"CONFIG", "SET", "maxmemory", "0"},
                {"SCRIPT", "LOAD", "return 1"},
                {"CLIENT", "KILL", "TYPE", "normal"},
            }) {
                assertThat(client.call(command))
                        .as(String.join(" ", command))
                        .startsWith("-NOPERM this user has no permissions to run the '"
                                + command[0].toLowerCase(java.util.Locale.ROOT));
            }
            // Before Redis 7 the shard does not know it; that it was asked is what matters.
            assertThat(client.call("EVAL_RO", "return 1", "0")).startsWith("-ERR unknown command");
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("SET", "k", "w")).isEqualTo(noCommand("set"));
            assertThat(client.call("GET", "k")).isEqualTo("+QUEUED\r\n");
            assertThat(client.call("EXEC"))
                    .isEqualTo("-EXECABORT Transaction discarded because of previous errors.\r\n");
            assertThat(client.call("SUBSCRIBE", "c")).isEqualTo("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
            assertThat(writer.call("GET", "k") + writer.call("LLEN", "l")).isEqualTo("$1\r\nv\r\n:2\r\n");
        }
    }

    @Test
    void keysAreThoseWithOneOfThePrefixesWhereverTheyStand() throws Exception {
        Map<String, Object> rules = Map.of("key_prefixes", List.of("s:", "{s}", "by"));
        try (ShardedBed bed = bed(user("default", Map.of()), user("app", rules));
                RawClient other = as(bed, "default");
                RawClient client = as(bed, "app")) {
            assertThat(other.call("SET", "secret", "x")).isEqualTo("+OK\r\n");
            assertThat(client.call("MSET", "s:1", "a", "s:2", "b", "s:3", "c")).isEqualTo("+OK\r\n");
            assertThat(client.call("MGET", "s:1", "s:2", "s:3")).isEqualTo("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
            assertThat(client.call("MGET", "s:1", "secret", "s:3")).isEqualTo(noKey("secret"));
            assertThat(client.call("MSET", "s:1", "a", "secret", "b")).isEqualTo(noKey("secret"));
            assertThat(client.call("GET", "s")).isEqualTo(noKey("s"));
            assertThat(client.call("GET", "")).isEqualTo(noKey(""));
            assertThat(client.call("DEL", "s:1", "S:2")).isEqualTo(noKey("S:2"));
            assertThat(client.call("COPY", "secret", "{s}x")).isEqualTo(noKey("secret"));
            assertThat(client.call("SINTERSTORE", "{s}x", "{s}y", "secret")).isEqualTo(noKey("secret"));
            assertThat(client.call("ZUNIONSTORE", "{s}x", "2", "{s}y", "secret"))
                    .isEqualTo(noKey("secret"));
            assertThat(client.call("ZUNIONSTORE", "{s}x", "9", "{s}y")).startsWith("-NOPERM");
            assertThat(client.call("BLPOP", "secret", "0")).isEqualTo(noKey("secret"));
            assertThat(client.call("WATCH", "secret")).isEqualTo(noKey("secret"));
            assertThat(client.call("MEMORY", "USAGE", "secret")).isEqualTo(noKey("secret"));
            assertThat(client.call("XREAD", "COUNT", "1", "STREAMS", "{s}", "secret", "0", "0"))
                    .isEqualTo(noKey("secret"));
            assertThat(client.call("GEORADIUS", "{s}g", "1", "1", "1", "m", "STORE", "{s}x", "STORE", "secret"))
                    .isEqualTo(noKey("secret"));
            assertThat(client.call("SORT", "{s}l", "STORE", "{s}x", "STORE", "secret"))
                    .isEqualTo(noKey("secret"));
            assertThat(client.call("SORT", "{s}l", "BY", "nosort", "GET", "#")).isEqualTo("*0\r\n");
            for (String[] options : new String[][] {{"BY", "w_*"}, {"GET", "secret*"}, {"STORE", "by", "GET", "w_*"}}) {
                String[] sort = Stream.concat(Stream.of("SORT", "by"), Stream.of(options))
                        .toArray(String[]::new);
                assertThat(client.call(sort))
                        .isEqualTo("-NOPERM this user has no permissions to access the keys that BY and GET of SORT"
                                + " make up\r\n");
            }
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("GET", "secret")).isEqualTo(noKey("secret"));
            assertThat(client.call("EXEC")).startsWith("-EXECABORT");
            assertThat(client.call("GET", "s:1")).isEqualTo("$1\r\na\r\n");
        }
    }

    @Test
    void whoHasPrefixesDoesNotReachTheRestByCommandsWithoutKeys() throws Exception {
        Map<String, Object> plain = Map.of("key_prefixes", List.of("s:"));
        Map<String, Object> named = Map.of(
                "key_prefixes",
                List.of("s:"),
                "commands",
                Map.of("allow", List.of("@read", "@write", "@session", "EVAL", "SCAN", "CONFIG|RESETSTAT")));
        try (ShardedBed bed = bed(user("plain", plain), user("named", named));
                RawClient client = as(bed, "plain");
                RawClient other = as(bed, "named")) {
            for (String[] command : new String[][] {
                {"KEYS", "s:*"},
                {"SCAN", "0"},
                {"RANDOMKEY"},
                {"DBSIZE"},
                {"FLUSHALL"},
                {"FLUSHDB"},
                {"CONFIG", "RESETSTAT"},
                {"SCRIPT", "FLUSH"},
                {"SLOWLOG", "GET"},
                {"EVAL", "return 1", "0"},
                {"EVAL", "return 1", "1", "s:1"},
                {"EVAL_RO", "return 1", "1", "s:1"}
            }) {
                assertThat(client.call(command))
                        .as(String.join(" ", command))
                        .startsWith("-NOPERM this user has no permissions to run the '"
                                + command[0].toLowerCase(java.util.Locale.ROOT));
            }
            assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
            assertThat(client.call("PUBLISH", "any", "m")).isEqualTo(":0\r\n");
            assertThat(client.call("INFO", "server")).contains("redis_version:");
            assertThat(other.call("EVAL", "return 1", "1", "s:1")).isEqualTo(":1\r\n");
            assertThat(other.call("EVAL", "return 1", "1", "other")).isEqualTo(noKey("other"));
            assertThat(other.call("CONFIG", "RESETSTAT")).isEqualTo("+OK\r\n");
            assertThat(other.call("SCRIPT", "FLUSH")).isEqualTo(noCommand("script|flush"));
            assertThat(other.call("SCAN", "0")).isEqualTo(noCommand("scan"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret", "s:1"})
    void largeValuesAreRefusedLikeOthers(String key) throws Exception {
        String value = "v".repeat(200_000);
        try (ShardedBed bed = bed(user("app", Map.of("key_prefixes", List.of("s:"))));
                RawClient client = as(bed, "app")) {
            assertThat(client.call("SET", key, value)).isEqualTo(key.equals("s:1") ? "+OK\r\n" : noKey("secret"));
            assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
            assertThat(client.call("STRLEN", "s:1")).isEqualTo(key.equals("s:1") ? ":200000\r\n" : ":0\r\n");
        }
    }

    /** The name of a group is no keyword: a key behind it would be overlooked. */
    @Test
    void streamsAreFoundBehindAGroupThatIsCalledStreams() throws Exception {
        try (ShardedBed bed = bed(user("app", Map.of("key_prefixes", List.of("STREAMS"))));
                RawClient client = as(bed, "app")) {
            assertThat(client.call(
                            "XREADGROUP",
                            "COUNT",
                            "1",
                            "GROUP",
                            "STREAMS",
                            "STREAMS1",
                            "STREAMS",
                            "STREAMS2",
                            "secret",
                            ">",
                            ">"))
                    .isEqualTo(noKey("secret"));
            assertThat(client.call("XGROUP", "CREATE", "STREAMS2", "STREAMS", "$", "MKSTREAM"))
                    .isEqualTo("+OK\r\n");
            assertThat(client.call("XREADGROUP", "COUNT", "1", "GROUP", "STREAMS", "c", "STREAMS", "STREAMS2", ">"))
                    .isEqualTo("*-1\r\n");
        }
    }

    @Test
    void mistakesInRulesAreReported() {
        Map<String, Object> rules = Map.of(
                "commands",
                Map.of("allow", List.of("GTE", "@reads"), "denny", List.of("SET")),
                "key_prefixes",
                List.of(""));

        assertThatThrownBy(() -> start(rules))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(
                        "auth[0].commands.allow[0]: \"GTE\" is no command of redis (did you mean \"GET\"?)")
                .hasMessageContaining("@reads")
                .hasMessageContaining("auth[0].commands.denny: unknown key (did you mean \"deny\"?)")
                .hasMessageContaining("auth[0].key_prefixes[0]: empty");
        assertThatThrownBy(() -> start(Map.of("commands", Map.of())))
                .hasMessageContaining("commands: empty (expected: allow, deny, or both)");
    }

    private static Proxy start(Map<String, ?> rules) {
        return ShardedBed.start(
                new SimpleMeterRegistry(),
                List.of("127.0.0.1:1"),
                Map.of("auth", List.of(user("app", rules))),
                Map.of());
    }
}
