package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.ConfigTranslator.Translation;
import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code nutcracker.yml}, field by field. What twemproxy 0.5 takes and refuses was found out by {@code nutcracker -t}. */
final class NutcrackerTranslatorTest {
    private static final String NUMBERS = " (expected: a whole number in digits, ";

    /** A pool that is right, with some fields changed; a null takes one away. */
    private static Map<String, Object> pool(@Nullable Object... changes) {
        Map<String, Object> pool = new LinkedHashMap<>();
        pool.put("listen", "127.0.0.1:22121");
        pool.put("redis", "true");
        pool.put("servers", List.of("127.0.0.1:6379:1"));
        for (int i = 0; i < changes.length; i += 2) {
            String key = String.valueOf(changes[i]);
            Object value = changes[i + 1];
            if (value == null) {
                pool.remove(key);
            } else {
                pool.put(key, value);
            }
        }
        return pool;
    }

    private static final class Result {
        final ConfigErrors errors = new ConfigErrors();
        final Translation translation;

        Result(Map<String, ?> file) {
            ConfigTranslator translator = ServiceLoader.load(ConfigTranslator.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .filter(one -> one.name().equals("nutcracker"))
                    .findFirst()
                    .orElseThrow();
            translation = translator.translate(new ConfigTranslator.ForeignFile() {
                @Override
                public String name() {
                    return "nutcracker.yml";
                }

                @Override
                public String text() {
                    return "";
                }

                @Override
                public ConfigNode yaml(String root) {
                    return ConfigNode.of(file, errors);
                }

                @Override
                public ConfigErrors errors() {
                    return errors;
                }
            });
        }

        List<String> problems() {
            return errors.problems().stream()
                    .map(ConfigErrors.Problem::toString)
                    .toList();
        }

        /** Of the first pool. */
        @SuppressWarnings("unchecked")
        Map<String, Object> part(String list) {
            assertThat(problems()).isEmpty();
            ConfigNode root = ConfigNode.of(translation.configuration(), new ConfigErrors());
            return (Map<String, Object>) root.list(list).get(0).plain();
        }

        Map<String, Object> listener() {
            return part("listeners");
        }

        Map<String, Object> cluster() {
            return part("clusters");
        }

        @SuppressWarnings("unchecked")
        Map<String, Object> proxy() {
            return ((List<Map<String, Object>>) listener().get("filters")).get(0);
        }
    }

    private static Result of(@Nullable Object... changes) {
        return new Result(Map.of("a", pool(changes)));
    }

    private static List<String> problems(@Nullable Object... changes) {
        return of(changes).problems();
    }

    // ---- what a pool becomes

    @Test
    void aPoolWithoutMoreHasTheDefaultsOfTwemproxy() {
        Result result = of();

        assertThat(result.listener())
                .containsEntry("name", "a")
                .containsEntry("address", "127.0.0.1:22121")
                .containsEntry("backlog", 512)
                .containsEntry("keep_alive", false)
                .doesNotContainKey("socket_mode");
        assertThat(result.proxy())
                .containsEntry("type", "redis_proxy")
                .containsEntry("cluster", "a")
                .containsEntry("timeout", "0")
                .containsEntry("cross_shard", "first_key")
                .doesNotContainKeys(
                        "hash_tag", "auth", "upstream_auth", "database", "preconnect", "any_shard", "strict");
        assertThat(result.cluster())
                .containsEntry("load_balancing", "ketama")
                .containsEntry("hash", "fnv1a_64")
                .containsEntry("endpoints", List.of("127.0.0.1:6379"))
                .containsEntry("connect_timeout", "600000ms")
                .doesNotContainKey("outlier_detection");
        assertThat(result.translation.notes()).isEmpty();
    }

    @Test
    void whatComesOutIsAConfiguration() {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("a", pool("auto_eject_hosts", "true", "redis_auth", "pw", "redis_db", "3", "preconnect", "true"));
        file.put("b", pool("listen", "/tmp/b.sock 0660", "distribution", "random", "hash_tag", "{}"));
        file.put(
                "c",
                pool(
                        "listen",
                        "::1:22122",
                        "timeout",
                        "400",
                        "distribution",
                        "modula",
                        "servers",
                        List.of("/tmp/a b.sock:1".replace(" ", ""), "::1:6379:2 x", "localhost:11211:1")));
        Result result = new Result(file);
        assertThat(result.problems()).isEmpty();

        ProxyConfig config = ProxyConfig.from(ConfigNode.of(result.translation.configuration(), result.errors));
        Proxy.check(config, NutcrackerTranslatorTest.class.getClassLoader());

        assertThat(result.problems()).isEmpty();
        assertThat(config.listeners()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:1, localhost:1",
        "::1:22121, [::1]:22121",
        "/run/n.sock, unix:/run/n.sock",
        "'/run/n.sock 0660', unix:/run/n.sock"
    })
    void listensWhereItSays(String listen, String address) {
        assertThat(of("listen", listen).listener()).containsEntry("address", address);
    }

    @Test
    void aSocketHasItsMode() {
        assertThat(of("listen", "/run/n.sock 0660").listener()).containsEntry("socket_mode", "0660");
    }

    @Test
    void serversHaveAddressWeightAndName() {
        Map<String, Object> cluster = of(
                        "servers",
                        List.of(
                                "10.0.0.1:6379:1",
                                "10.0.0.2:6379:5 beta",
                                "::1:6380:1 six",
                                "/run/r.sock:2",
                                "host:11211:1"))
                .cluster();

        assertThat(cluster.get("endpoints"))
                .isEqualTo(List.of(
                        "10.0.0.1:6379",
                        Map.of("address", "10.0.0.2:6379", "weight", 5, "name", "beta"),
                        Map.of("address", "[::1]:6380", "name", "six"),
                        Map.of("address", "unix:/run/r.sock", "weight", 2),
                        "host:11211"));
    }

    @Test
    void shardsAsItSays() {
        Result result = of("hash", "one_at_a_time", "distribution", "modula", "hash_tag", "<>");

        assertThat(result.cluster()).containsEntry("load_balancing", "modula").containsEntry("hash", "one_at_a_time");
        assertThat(result.proxy()).containsEntry("hash_tag", "<>");
    }

    @Test
    void randomHasNoHashAndNoWeights() {
        Result result = of("distribution", "random", "servers", List.of("h:1:7", "h:2:1"));

        assertThat(result.cluster())
                .containsEntry("load_balancing", "random")
                .doesNotContainKey("hash")
                .containsEntry("endpoints", List.of("h:1", "h:2"));
        assertThat(result.proxy()).containsEntry("any_shard", true);
    }

    @Test
    void logsInAndSelects() {
        assertThat(of("redis_auth", "s3cret", "redis_db", "2").proxy())
                .containsEntry("auth", List.of(Map.of("password", "s3cret")))
                .containsEntry("upstream_auth", Map.of("password", "s3cret"))
                .containsEntry("database", 2);
    }

    @Test
    void serversOnUnixSocketsHaveDatabaseZeroOnly() {
        Result result = of("redis_db", "2", "servers", List.of("h:1:1", "/run/r.sock:1"));

        assertThat(result.proxy()).containsEntry("database", 2).containsEntry("unix_database", 0);
        assertThat(result.translation.notes())
                .containsExactly("a.redis_db: is database 0 for servers on Unix sockets, as in twemproxy");
        assertThat(of("redis_db", "2").proxy()).doesNotContainKey("unix_database");
    }

    @Test
    void aTimeIsForConnectionsAndForAnswers() {
        Result result = of("timeout", "400");

        assertThat(result.proxy()).containsEntry("timeout", "400ms");
        assertThat(result.cluster()).containsEntry("connect_timeout", "400ms");
        assertThat(of("timeout", "0").proxy()).containsEntry("timeout", "0");
    }

    @Test
    void connectionsAreAsItSays() {
        Result result = of("backlog", "77", "tcpkeepalive", "true", "preconnect", true);

        assertThat(result.listener()).containsEntry("backlog", 77).containsEntry("keep_alive", true);
        assertThat(result.cluster()).containsEntry("keep_alive", true);
        assertThat(result.proxy()).containsEntry("preconnect", true);
    }

    @Test
    void ejectsAfterFailuresForAFixedTime() {
        Map<String, Object> cluster = of(
                        "auto_eject_hosts", "true", "server_failure_limit", "4", "server_retry_timeout", "2000")
                .cluster();

        assertThat(cluster).containsEntry("panic_threshold", 0);
        assertThat(cluster.get("outlier_detection"))
                .isEqualTo(Map.of(
                        "consecutive_failures",
                        4,
                        "interval",
                        "200ms",
                        "base_ejection_time",
                        "2000ms",
                        "max_ejection_time",
                        "2000ms",
                        "max_ejection_percent",
                        100,
                        "success_rate_minimum_hosts",
                        0));
        assertThat(of("auto_eject_hosts", "true").cluster().toString())
                .contains("consecutive_failures=2", "base_ejection_time=30000ms");
    }

    @Test
    void neverEjectsUnlessItSays() {
        assertThat(of("auto_eject_hosts", "false", "server_failure_limit", "4").cluster())
                .doesNotContainKey("outlier_detection");
    }

    // ---- what is noted

    @Test
    void tellsWhatHasNoEffect() {
        assertThat(of("client_connections", "5", "server_connections", "3", "reuseport", "true")
                        .translation
                        .notes())
                .containsExactlyInAnyOrder(
                        "a.client_connections: has no effect, as in twemproxy, where it always becomes 0 for no limit",
                        "a.server_connections: has no effect: there is a connection per event loop and server, which keeps"
                                + " each client's commands in order",
                        "a.reuseport: an accept socket per event loop is there in any case; an address that another process"
                                + " listens on is refused");
        assertThat(of("server_connections", "1", "reuseport", "false")
                        .translation
                        .notes())
                .isEmpty();
    }

    @Test
    void tellsWhatIsTooSmallOrTooLargeHere() {
        Result result = of(
                "timeout",
                "5",
                "backlog",
                "0",
                "auto_eject_hosts",
                "true",
                "server_failure_limit",
                "0",
                "server_retry_timeout",
                "0");

        assertThat(result.translation.notes())
                .containsExactlyInAnyOrder(
                        "a.timeout: 5 ms becomes 10 ms, the least there is",
                        "a.backlog: 0 becomes 1, the least there is",
                        "a.server_failure_limit: 0 becomes 1, the least there is",
                        "a.server_retry_timeout: 0 ms becomes 10 ms, the least there is");
        assertThat(of("timeout", "4000000").translation.notes())
                .containsExactly("a.timeout: 4000000 ms becomes 3600000 ms, the most there is");
    }

    // ---- what is refused

    @Test
    void aMemcachedPoolIsRefusedWithWhatToDo() {
        String expected =
                "a.redis: a memcached pool, as redis is not true (expected: redis: true). Weir speaks Redis only: keep"
                        + " this pool in a file of its own for twemproxy, or add redis: true if its servers are Redis";

        assertThat(problems("redis", null)).containsExactly(expected);
        assertThat(problems("redis", "false")).containsExactly(expected);
        assertThat(problems("redis", false)).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcpkeepalive", "reuseport", "preconnect", "auto_eject_hosts", "redis"})
    void onlyTrueAndFalseAreBooleans(String key) {
        for (String wrong : List.of("yes", "True", "1", "on")) {
            assertThat(problems(key, wrong))
                    .containsExactly("a." + key + ": \"" + wrong + "\" (expected: true or false)");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "timeout, 0",
        "backlog, 0",
        "client_connections, 0",
        "redis_db, 0",
        "server_connections, 1",
        "server_retry_timeout, 0",
        "server_failure_limit, 0"
    })
    void numbersHaveDigitsOnly(String key, int least) {
        for (String wrong : List.of("-1", "0x10", "4_0", "1.5", "99999999999", "x")) {
            assertThat(problems(key, wrong))
                    .containsExactly("a." + key + ": \"" + wrong + "\"" + NUMBERS + least + "..2147483647)");
        }
    }

    @Test
    void aConnectionPerServerIsTheLeast() {
        assertThat(problems("server_connections", "0"))
                .containsExactly("a.server_connections: \"0\"" + NUMBERS + "1..2147483647)");
    }

    @Test
    void namesOfHashesAndDistributionsAreExact() {
        assertThat(problems("hash", "murmer")).containsExactly("a.hash: \"murmer\" (did you mean \"murmur\"?)");
        assertThat(problems("distribution", "Ketama"))
                .containsExactly("a.distribution: \"Ketama\" (did you mean \"ketama\"?)");
    }

    @Test
    void aTagHasTwoCharacters() {
        String expected = "(expected: exactly two characters of printable ASCII in quotes, as \"{}\")";

        assertThat(problems("hash_tag", "{")).containsExactly("a.hash_tag: \"{\" " + expected);
        assertThat(problems("hash_tag", "{-}")).containsExactly("a.hash_tag: \"{-}\" " + expected);
        assertThat(problems("hash_tag", "{é")).containsExactly("a.hash_tag: \"{é\" " + expected);
        assertThat(problems("hash_tag", Map.of())).containsExactly("a.hash_tag: " + expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:6379",
                "6379",
                "127.0.0.1:0:1",
                "127.0.0.1:70000:1",
                "[::1]:6379:1",
                "h:1:1 a b",
                ":1:1"
            })
    void aServerIsAnAddressAWeightAndAName(String wrong) {
        assertThat(problems("servers", List.of(wrong)))
                .singleElement()
                .asString()
                .startsWith("a.servers[0]: \"" + wrong + "\"")
                .contains("(expected: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1x", "1000001", ""})
    void aWeightIsAtLeastOne(String weight) {
        assertThat(problems("servers", List.of("h:1:" + weight)))
                .containsExactly(
                        "a.servers[0]: \"h:1:" + weight + "\", weight \"" + weight + "\" (expected: 1..1000000)");
    }

    @Test
    void aNameOrAnAddressIsThereOnce() {
        assertThat(problems("servers", List.of("h:1:1 x", "h:2:1 x")))
                .containsExactly("a.servers[1]: \"x\" is the name of another server (expected: each name once)");
        assertThat(problems("servers", List.of("h:1:1", "h:1:2")))
                .containsExactly("a.servers[1]: \"h:1\" is the name of another server (expected: each name once)");
        assertThat(problems("servers", List.of("h:1:1 x", "h:1:2 y")))
                .singleElement()
                .asString()
                .startsWith("a.servers[1]: \"h:1\" is the address of \"x\", too (expected: each address once;");
    }

    @Test
    void aPoolHasServers() {
        String expected = "a.servers: (expected: a list with at least one server, host:port:weight [name])";

        assertThat(problems("servers", List.of())).containsExactly(expected);
        assertThat(problems("servers", "h:1:1")).containsExactly(expected);
        assertThat(problems("servers", null)).containsExactly("a.servers: missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"22121", ":22121", "127.0.0.1:0", "127.0.0.1:", "127.0.0.1:65536"})
    void listensOnHostAndPort(String wrong) {
        assertThat(problems("listen", wrong))
                .containsExactly(
                        "a.listen: \"" + wrong + "\" (expected: host:port with a port of 1..65535, or /path [mode])");
    }

    @Test
    void aModeIsOctal() {
        assertThat(problems("listen", "/n.sock 999"))
                .containsExactly("a.listen: \"/n.sock 999\", mode \"999\" (expected: octal digits, as in 0660)");
    }

    @Test
    void textsAreTexts() {
        assertThat(problems("redis_auth", "")).containsExactly("a.redis_auth: empty (expected: a text)");
        assertThat(problems("listen", List.of("x"))).containsExactly("a.listen: a list (expected: a text)");
        assertThat(problems("listen", null)).containsExactly("a.listen: missing");
    }

    @Test
    void fieldsThatTwemproxyDoesNotHaveAreRefused() {
        assertThat(problems("sentinels", List.of("h:1")))
                .singleElement()
                .asString()
                .startsWith("a.sentinels: unknown key");
        assertThat(problems("server_retry_timout", "1"))
                .containsExactly("a.server_retry_timout: unknown key (did you mean \"server_retry_timeout\"?)");
    }

    @Test
    void everythingIsToldAtOnce() {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("a", pool("timeout", "x", "hash", "y"));
        file.put("b", pool("redis", "no"));
        file.put("c", "text");

        assertThat(new Result(file).problems())
                .containsExactlyInAnyOrder(
                        "a.timeout: \"x\"" + NUMBERS + "0..2147483647)",
                        new ArrayList<>(problems("hash", "y")).get(0),
                        "b.redis: \"no\" (expected: true or false)",
                        "b.listen: \"127.0.0.1:22121\" is where \"a\" listens (expected: an address of its own)",
                        "c: (expected: a pool, which is a map with listen and servers)");
    }

    @Test
    void serversAreInTheOrderOfTheirNames() {
        List<NutcrackerServer> servers = new ArrayList<>();
        for (String text : Arrays.asList("h:1:1 server-long-name", "h:2:1 zeta", "h:3:1 b", "h:11211:1", "/s:1")) {
            servers.add(NutcrackerServer.read(ConfigNode.of(text, new ConfigErrors())));
        }

        servers.sort(NutcrackerServer.ORDER);

        assertThat(servers.stream().map(NutcrackerServer::ringName))
                .containsExactly("b", "h", "/s:", "zeta", "server-long-name");
    }
}
