package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.WireScript;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RedisFramerTest {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();
    private static final String NO = "-NOPERM no\r\n";

    private static Decision denyDeletes(Command command, long nanos) {
        return command.name().equals("DEL") || command.name().equals("CONFIG SET")
                ? new Decision.Deny("NOPERM", "no")
                : Decision.ALLOW;
    }

    private static FilterTester tester(CommandPolicy policy) {
        return FilterTester.of(new CommandGate(PROTOCOL.framer(new FakeConnection(), new Inflaters()), policy, false));
    }

    private static String array(String command) {
        String[] parts = command.split(" ", -1);
        StringBuilder text = new StringBuilder("*" + parts.length + "\r\n");
        for (String part : parts) {
            text.append('$').append(part.length()).append("\r\n").append(part).append("\r\n");
        }
        return text.toString();
    }

    @Test
    void keepsEveryAnswerAtItsPlace() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("GET a")
                    + array("DEL a")
                    + array("LRANGE l 0 -1")
                    + array("CONFIG SET x y")
                    + array("CONFIG GET x"));
            tester.upstream("$1\r\na\r\n*2\r\n$1\r\n1\r\n$1");
            tester.upstream("\r\n2\r\n*0\r\n");

            assertThat(tester.toUpstream()).isEqualTo(array("GET a") + array("LRANGE l 0 -1") + array("CONFIG GET x"));
            assertThat(tester.toClient())
                    .isEqualTo("$1\r\na\r\n" + NO + "*2\r\n$1\r\n1\r\n$1\r\n2\r\n" + NO + "*0\r\n");
        }
    }

    @Test
    void deniesAcrossAnySplitOfTheBytes() {
        String requests = array("GET a") + "del b\r\n\r\n" + array("SELECT 3") + array("DEL a b c") + array("PING");
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            StringBuilder up = new StringBuilder();
            try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
                int at = 0;
                while (at < requests.length()) {
                    int end = Math.min(requests.length(), at + 1 + random.nextInt(9));
                    tester.client(requests.substring(at, end));
                    up.append(tester.toUpstream());
                    at = end;
                }
                tester.upstream("$1\r\na\r\n+OK\r\n+PONG\r\n");

                assertThat(up).asString().isEqualTo(array("GET a") + "\r\n" + array("SELECT 3") + array("PING"));
                assertThat(tester.toClient()).isEqualTo("$1\r\na\r\n" + NO + "+OK\r\n" + NO + "+PONG\r\n");
            }
        }
    }

    @Test
    void makesATransactionFailInWhichACommandWasRefused() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("MULTI") + array("SET a 1") + array("DEL a") + array("GET a") + array("EXEC"));

            assertThat(tester.toUpstream())
                    .isEqualTo(array("MULTI") + array("SET a 1") + array("GET") + array("GET a") + array("EXEC"));
            tester.upstream("+OK\r\n+QUEUED\r\n-ERR wrong number of arguments for 'get' com");
            tester.upstream("mand\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n");
            assertThat(tester.toClient())
                    .isEqualTo("+OK\r\n+QUEUED\r\n" + NO + "+QUEUED\r\n"
                            + "-EXECABORT Transaction discarded because of previous errors.\r\n");
        }
    }

    @Test
    void discardsATransactionWhoseExecWasRefused() {
        CommandPolicy policy =
                (command, nanos) -> command.name().equals("EXEC") ? new Decision.Deny("NOPERM", "no") : Decision.ALLOW;
        try (FilterTester tester = tester(policy)) {
            tester.client(array("MULTI") + array("SET a 1") + array("EXEC") + array("GET a"));
            assertThat(tester.toUpstream())
                    .isEqualTo(array("MULTI") + array("SET a 1") + array("DISCARD") + array("GET a"));

            tester.upstream("+OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n");

            assertThat(tester.toClient()).isEqualTo("+OK\r\n+QUEUED\r\n" + NO + "$-1\r\n");
        }
    }

    @Test
    void answersNothingWhereTheClientExpectsNothing() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("CLIENT REPLY OFF")
                    + array("DEL a")
                    + array("GET a")
                    + array("CLIENT REPLY ON")
                    + array("CLIENT REPLY SKIP")
                    + array("DEL a")
                    + array("GET a")
                    + array("DEL a"));
            assertThat(tester.toUpstream())
                    .isEqualTo(array("CLIENT REPLY OFF")
                            + array("GET a")
                            + array("CLIENT REPLY ON")
                            + array("CLIENT REPLY SKIP")
                            + array("PING")
                            + array("GET a"));

            tester.upstream("+OK\r\n$-1\r\n");

            assertThat(tester.toClient()).isEqualTo("+OK\r\n$-1\r\n" + NO);
        }
    }

    @Test
    void countsAllConfirmationsOfASubscriptionAsItsAnswer() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("SUBSCRIBE a b") + array("DEL x"));
            tester.upstream("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
            assertThat(tester.toClient()).isEqualTo("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");

            tester.upstream("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");

            assertThat(tester.toClient())
                    .isEqualTo(
                            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
                                    + NO);
        }
    }

    @Test
    void passesPushesAndMessagesBetweenAnswers() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("HELLO 3") + array("GET a") + array("DEL a") + array("GET b"));
            String pushes = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
            tester.upstream("%0\r\n" + pushes + "$1\r\na\r\n" + pushes + "_\r\n");

            assertThat(tester.toClient()).isEqualTo("%0\r\n" + pushes + "$1\r\na\r\n" + NO + pushes + "_\r\n");
        }
    }

    @Test
    void passesPushesBeforeTheResultsOfATransaction() {
        try (FilterTester tester = tester(RedisFramerTest::denyDeletes)) {
            tester.client(array("HELLO 3") + array("MULTI") + array("GET a") + array("EXEC") + array("DEL a"));
            String pushes = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
            String answers = "%0\r\n+OK\r\n+QUEUED\r\n" + pushes + "*1\r\n_\r\n";
            tester.upstream(answers);

            assertThat(tester.toClient()).isEqualTo(answers + NO);
        }
    }

    @Test
    void tellsPoliciesOfDatabaseUserAndKind() {
        List<String> seen = new ArrayList<>();
        CommandPolicy policy = (command, nanos) -> {
            seen.add(command.name() + " " + command.namespace() + " " + command.user() + " " + command.readOnly());
            return Decision.ALLOW;
        };
        try (FilterTester tester = tester(policy)) {
            tester.client(array("AUTH ann pw") + array("SELECT 7") + array("GET a"));
            tester.upstream("+OK\r\n+OK\r\n$-1\r\n");
            tester.client(array("SELECT 9999") + array("xinfo stream s"));
            tester.upstream("-ERR DB index is out of range\r\n-ERR no such key\r\n");
            tester.client(array("SET a b"));

            assertThat(seen)
                    .containsExactly(
                            "AUTH null default false",
                            "SELECT null null false",
                            "GET 7 null true",
                            "SELECT null ann false",
                            "XINFO STREAM 9999 null true",
                            "SET 7 ann false");
        }
    }

    @Test
    void writesErrorsOnOneLine() {
        CommandFramer framer = PROTOCOL.framer(new FakeConnection(), new Inflaters());
        ByteBuf error = framer.error(Unpooled.buffer().alloc(), null, "two\r\nlines");

        assertThat(error.toString(StandardCharsets.UTF_8)).isEqualTo("-ERR two lines\r\n");
        error.release();
    }

    /** With nothing refused the gate must be transparent for every recorded conversation, however it is cut. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100_000})
    void isTransparentForRecordedConversations(int piece) {
        for (WireScript script : RedisSnifferTest.scripts()) {
            StringBuilder client = new StringBuilder();
            StringBuilder upstream = new StringBuilder();
            StringBuilder gotUp = new StringBuilder();
            StringBuilder gotDown = new StringBuilder();
            CommandGate gate = new CommandGate(
                    PROTOCOL.framer(new FakeConnection(), new Inflaters()), (command, nanos) -> Decision.ALLOW, true);
            try (FilterTester tester = FilterTester.of(gate)) {
                for (WireScript.Burst burst : script.bursts()) {
                    String text = new String(burst.bytes(), StandardCharsets.ISO_8859_1);
                    boolean up = burst.direction() == Direction.TO_UPSTREAM;
                    (up ? client : upstream).append(text);
                    for (int at = 0; at < text.length(); at += piece) {
                        String part = text.substring(at, Math.min(text.length(), at + piece));
                        if (up) {
                            tester.client(part);
                        } else {
                            tester.upstream(part);
                        }
                    }
                    gotUp.append(tester.toUpstream());
                    gotDown.append(tester.toClient());
                }
            }
            assertThat(gotUp.toString()).as(script.name()).isEqualTo(client.toString());
            assertThat(gotDown.toString()).as(script.name()).isEqualTo(upstream.toString());
        }
    }
}
