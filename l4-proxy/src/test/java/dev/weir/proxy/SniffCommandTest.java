package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/** {@code weir sniff} in front of a real Redis, as a process. */
class SniffCommandTest {
    private static void traffic(Address address) {
        try (Jedis jedis = new Jedis(address.host(), address.port())) {
            jedis.set("secret-key", "v");
            jedis.get("secret-key");
            jedis.get("nothing");
        }
    }

    @Test
    void writesExchangesAndNothingElse() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess weir = WeirProcess.start(
                        "sniff",
                        "redis",
                        "--listen",
                        "127.0.0.1:0",
                        "--upstream",
                        redis.address().toString(),
                        "--json",
                        "--admin",
                        "off")) {
            traffic(weir.address("redis"));
            weir.awaitOut("\"GET\"");
            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            List<Object> commands = new ArrayList<>();
            for (String line : weir.out()) {
                Map<?, ?> exchange = (Map<?, ?>) Json.read(line);
                commands.add(exchange.get("command"));
                assertThat(exchange.get("listener")).isEqualTo("redis");
                assertThat(exchange.containsKey("target")).isFalse();
            }
            assertThat(String.join("\n", weir.out())).contains("\"attributes\":{\"hit\":true}");
            assertThat(commands).containsSubsequence("SET", "GET", "GET");
            assertThat(String.join("\n", weir.err())).doesNotContain("admin server", "not written");
        }
    }

    @Test
    void showsKeysWhereAskedTo() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess weir = WeirProcess.start(
                        "sniff",
                        "valkey",
                        "--listen",
                        "127.0.0.1:0",
                        "--upstream",
                        redis.address().toString(),
                        "--json",
                        "--keys")) {
            traffic(weir.address("redis"));

            assertThat(weir.awaitOut("\"SET\"")).contains("\"target\":\"secret-key\"");
            assertThat(new AdminClient(weir.address("admin"))
                            .send("GET", "/exchanges/top")
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void showsATableAndASummary() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess weir = WeirProcess.start(
                        "sniff",
                        "redis",
                        "--listen",
                        "127.0.0.1:0",
                        "--upstream",
                        redis.address().toString(),
                        "--admin",
                        "127.0.0.1:0")) {
            traffic(weir.address("redis"));
            String top = top(weir.address("admin"), "--once");
            weir.awaitOut("calls 3");
            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            String out = String.join("\n", weir.out());
            assertThat(out).containsPattern("connections 0  calls \\d+ \\(\\+\\d+\\)  errors 0");
            assertThat(out).containsPattern("(?m)^GET +2 +").containsPattern("(?m)^SET +1 +");
            assertThat(top).containsPattern("(?m)^GET +2 +");
        }
    }

    @Test
    void endsByItselfAfterTheTimeAskedFor() throws Exception {
        try (WeirProcess weir = WeirProcess.start(
                "sniff",
                "redis",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "127.0.0.1:1",
                "--for",
                "1s",
                "--admin",
                "off")) {
            assertThat(weir.exitCode()).isZero();
            assertThat(weir.out()).isNotEmpty();
        }
    }

    private static String top(Address admin, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("top", "--admin", admin.toString()));
        arguments.addAll(List.of(more));
        try (WeirProcess top = WeirProcess.start(arguments.toArray(new String[0]))) {
            assertThat(top.exitCode()).as("standard error %s", top.err()).isZero();
            return String.join("\n", top.out());
        }
    }

    @Test
    void saysOnceThatNobodyAnswersUpstream() throws Exception {
        Address nobody;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = new Address("127.0.0.1", closed.getLocalPort());
        }
        try (WeirProcess weir = WeirProcess.start(
                "sniff",
                "redis",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                nobody.toString(),
                "--json",
                "--admin",
                "off")) {
            Address listen = weir.address("redis");
            for (int i = 0; i < 3; i++) {
                try (Socket client = new Socket(listen.host(), listen.port())) {
                    assertThat(client.getInputStream().read()).isEqualTo(-1);
                }
            }

            weir.awaitErr("cannot connect");
            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            assertThat(weir.err())
                    .containsOnlyOnce("weir: warning: cannot connect to " + nobody + "; clients are closed");
        }
    }

    @Test
    void refusesToBeItsOwnUpstream() throws Exception {
        try (WeirProcess weir =
                WeirProcess.start("sniff", "redis", "--listen", "127.0.0.1:6380", "--upstream", "127.0.0.1:6380")) {
            assertThat(weir.exitCode()).isEqualTo(2);
            assertThat(weir.err())
                    .containsExactly("weir: --upstream: \"127.0.0.1:6380\" (expected: another address than --listen)");
        }
    }

    @Test
    void refusesProtocolsThatNobodyKnows() throws Exception {
        try (WeirProcess weir =
                WeirProcess.start("sniff", "reddis", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1")) {
            assertThat(weir.exitCode()).isEqualTo(2);
            assertThat(weir.err()).containsExactly("weir: unknown protocol \"reddis\" (did you mean \"redis\"?)");
        }
    }
}
