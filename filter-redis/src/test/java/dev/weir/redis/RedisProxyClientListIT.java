package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** CLIENT LIST, INFO and KILL of a proxy with three loops. */
final class RedisProxyClientListIT {
    private TestServer shard;
    private Proxy proxy;
    private final List<RawClient> clients = new ArrayList<>();

    static List<String> servers() {
        return TestServer.available();
    }

    @BeforeEach
    void start() throws Exception {
        shard = TestServer.start("embedded");
        proxy = Proxy.builder()
                .meters(new SimpleMeterRegistry())
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        3,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "cache",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "redis_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + shard.port()))))));
    }

    @AfterEach
    void stop() throws Exception {
        for (RawClient client : clients) {
            client.close();
        }
        proxy.close();
        shard.close();
    }

    private RawClient connect() throws Exception {
        RawClient client = new RawClient(proxy.address("cache").port());
        clients.add(client);
        return client;
    }

    /** Connected, and known to its loop. */
    private RawClient named(String name) throws Exception {
        RawClient client = connect();
        assertThat(client.call("CLIENT", "SETNAME", name)).isEqualTo("+OK\r\n");
        return client;
    }

    private static List<String> lines(String answer) {
        return answer.lines().skip(1).filter(line -> !line.isEmpty()).toList();
    }

    private static String field(String line, String name) {
        return Arrays.stream(line.split(" ", -1))
                .filter(field -> field.startsWith(name + "="))
                .map(field -> field.substring(name.length() + 1))
                .collect(Collectors.joining("|"));
    }

    private static String list(RawClient client, String field, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of("CLIENT", "LIST"));
        command.addAll(List.of(more));
        return lines(client.call(command.toArray(new String[0]))).stream()
                .map(line -> field(line, field))
                .collect(Collectors.joining(" "));
    }

    private static String id(RawClient client) throws Exception {
        return client.call("CLIENT", "ID").substring(1).strip();
    }

    @Test
    void listHasTheClientsOfAllLoopsInTheOrderInWhichTheyCame() throws Exception {
        StringBuilder expected = new StringBuilder("one");
        RawClient first = named("one");
        for (int i = 0; i < 12; i++) {
            named("c" + i);
            expected.append(" c").append(i);
        }

        assertThat(list(first, "name")).isEqualTo(expected.toString());
        assertThat(list(clients.get(7), "name")).isEqualTo(expected.toString());
    }

    @Test
    void listTellsWhatClientsDo() throws Exception {
        RawClient watcher = named("watcher");
        RawClient subscriber = named("subscriber");
        subscriber.send("SUBSCRIBE", "a", "b");
        subscriber.send("PSUBSCRIBE", "p*");
        assertThat(subscriber.read() + subscriber.read() + subscriber.read()).endsWith(":3\r\n");
        RawClient transaction = named("transaction");
        String its = id(transaction);
        assertThat(transaction.call("SELECT", "3") + transaction.call("MULTI") + transaction.call("SET", "k", "v"))
                .isEqualTo("+OK\r\n+OK\r\n+QUEUED\r\n");
        RawClient third = connect();
        assertThat(third.call("HELLO", "3", "SETNAME", "third")).startsWith("%7");
        assertThat(third.call("CLIENT", "SETINFO", "LIB-NAME", "lib")).isEqualTo("+OK\r\n");
        assertThat(third.call("CLIENT", "INFO"))
                .startsWith("=")
                .contains("\r\ntxt:id=" + id(third) + " addr=127.0.0.1:")
                .contains(" laddr=127.0.0.1:" + proxy.address("cache").port() + " ")
                .contains(" lib-name=lib ");

        assertThat(list(watcher, "flags")).isEqualTo("N P x N");
        assertThat(list(watcher, "cmd")).isEqualTo("client|list psubscribe set client|id");
        assertThat(list(watcher, "multi")).isEqualTo("-1 -1 1 -1");
        assertThat(list(watcher, "db")).isEqualTo("0 0 3 0");
        assertThat(list(watcher, "sub") + list(watcher, "psub")).isEqualTo("0 2 0 00 1 0 0");
        assertThat(list(watcher, "resp")).isEqualTo("2 2 2 3");
        assertThat(list(watcher, "lib-name")).isEqualTo("   lib");
        assertThat(list(watcher, "user")).isEqualTo("default default default default");
        assertThat(list(watcher, "name", "TYPE", "pubsub")).isEqualTo("subscriber");
        assertThat(list(watcher, "name", "TYPE", "normal")).isEqualTo("watcher transaction third");
        assertThat(watcher.call("CLIENT", "LIST", "TYPE", "replica")).isEqualTo("$0\r\n\r\n");
        assertThat(list(watcher, "name", "ID", id(third), "999999", id(watcher)))
                .isEqualTo("watcher third");
        assertThat(watcher.call("CLIENT", "KILL", "ID", its)).isEqualTo(":1\r\n");
        assertThat(transaction.ended()).isTrue();
        assertThat(list(watcher, "name")).isEqualTo("watcher subscriber third");
    }

    @Test
    void killClosesWhomItNamesOnEveryLoop() throws Exception {
        RawClient killer = named("killer");
        for (int i = 0; i < 6; i++) {
            named("c" + i);
        }
        RawClient blocked = named("blocked");
        blocked.send("BLPOP", "absent", "0");

        assertThat(killer.call("CLIENT", "KILL", "TYPE", "normal")).isEqualTo(":7\r\n");
        for (RawClient client : clients.subList(1, clients.size())) {
            assertThat(client.ended()).isTrue();
        }
        assertThat(list(killer, "name")).isEqualTo("killer");
        RawClient other = named("other");
        String addr = field(other.call("CLIENT", "INFO").replace("\r\n", " "), "addr");
        assertThat(killer.call("CLIENT", "KILL", addr)).isEqualTo("+OK\r\n");
        assertThat(other.ended()).isTrue();
        assertThat(killer.call("CLIENT", "KILL", addr)).isEqualTo("-ERR No such client\r\n");
        assertThat(killer.call("CLIENT", "KILL", "USER", "default", "MAXAGE", "100000"))
                .isEqualTo(":0\r\n");
    }

    @Test
    void whoKillsItselfGetsItsAnswerFirst() throws Exception {
        RawClient killer = named("killer");
        RawClient other = named("other");

        killer.send("CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal");

        assertThat(killer.readAll()).isEqualTo(":2\r\n");
        assertThat(other.ended()).isTrue();
    }

    @Test
    void whoLeavesBeforeTheAnswerLeavesNothingBehind() throws Exception {
        RawClient stays = named("stays");
        for (int i = 0; i < 50; i++) {
            RawClient leaves = connect();
            leaves.write(RawClient.encode("CLIENT", "LIST").repeat(20));
            leaves.close();
        }
        String names = "";
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!names.equals("stays")) { // the ends arrive one after the other
            assertThat(System.nanoTime()).as(names).isLessThan(end);
            names = list(stays, "name");
        }
        assertThat(stays.call("PING")).isEqualTo("+PONG\r\n");
    }

    @ParameterizedTest
    @MethodSource("servers")
    void mistakesAreAnsweredAsByAServer(String name) throws Exception {
        String[][] script = {
            {"CLIENT", "LIST", "ID", "x"},
            {"CLIENT", "LIST", "ID"},
            {"CLIENT", "LIST", "TYPE", "x"},
            {"CLIENT", "LIST", "FOO"},
            {"CLIENT", "LIST", "TYPE"},
            {"CLIENT", "KILL", "FOO", "1"},
            {"CLIENT", "KILL", "ID", "x"},
            {"CLIENT", "KILL", "TYPE", "x"},
            {"CLIENT", "KILL", "USER", "nobody"},
            {"CLIENT", "KILL", "1.1.1.1:1"},
            {"CLIENT", "KILL", "SKIPME", "maybe"},
            {"CLIENT", "KILL", "ID", "1", "TYPE"},
            {"CLIENT", "KILL", "ID", "99999", "SKIPME", "yes"},
        };
        try (TestServer server = TestServer.start(name);
                RawClient direct = new RawClient(server.port())) {
            RawClient client = connect();
            for (String[] command : script) {
                String expected = direct.call(command);
                if (name.endsWith("redis-server")) {
                    assertThat(client.call(command))
                            .as(String.join(" ", command))
                            .isEqualTo(expected);
                } else { // words it otherwise now and then
                    assertThat(client.call(command))
                            .as(String.join(" ", command))
                            .startsWith(expected.substring(0, 4));
                }
            }
        }
    }

    /** Every field is one of a server's, in its place. */
    @Test
    void linesHaveTheFieldsOfAServer() throws Exception {
        List<String> servers = servers();
        try (TestServer server = TestServer.start(servers.get(servers.size() - 1));
                RawClient direct = new RawClient(server.port())) {
            List<String> theirs = fields(direct.call("CLIENT", "INFO"));
            List<String> ours = fields(connect().call("CLIENT", "INFO"));
            // Older servers do not have them.
            List.of("ssub", "resp", "lib-name", "lib-ver").stream()
                    .filter(field -> !theirs.contains(field))
                    .forEach(ours::remove);
            theirs.retainAll(ours);
            assertThat(ours).isEqualTo(theirs);
        }
    }

    private static List<String> fields(String answer) {
        return Arrays.stream(lines(answer).get(0).split(" ", -1))
                .map(field -> field.substring(0, field.indexOf('=')))
                .collect(Collectors.toCollection(ArrayList::new));
    }
}
