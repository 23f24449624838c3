package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.RecordingExchanges;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The filter {@code access} on Redis' wire: what must not get through, however it is written. */
final class RedisAccessTest {
    private static final String NO = "-NOPERM this command is not allowed here\r\n";

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private static NetworkFilter access(Map<String, ?>... rules) {
        FakeEnvironment environment = new FakeEnvironment();
        environment.add(new RedisProtocol());
        ConfigErrors errors = new ConfigErrors();
        ConfigNode config = ConfigNode.of(Map.of("protocol", "redis", "rules", List.of(rules)), errors);
        PerLoop<NetworkFilter> configured = new AccessFactory().configure(config, environment);
        errors.throwIfAny("test");
        return configured.onLoop(environment).create(new FakeConnection());
    }

    private static String array(String... words) {
        StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    private static String command(String text) {
        return array(text.split(" ", -1));
    }

    private static Map<String, ?> deny(String... commands) {
        return Map.of("action", "deny", "commands", List.of(commands));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*1\r\n$8\r\nFLUSHALL\r\n",
                "*1\r\n$8\r\nflushAll\r\n",
                "*2\r\n$8\r\nFLUSHALL\r\n$5\r\nASYNC\r\n",
                "*01\r\n$08\r\nFLUSHALL\r\n",
                "FLUSHALL\r\n",
                "flushall\n",
                "  flushall  async\r\n",
                "\"FLUSHALL\"\r\n",
                "'flushall'\r\n",
                "\"\\x46LUSHALL\"\r\n",
                "\r\n\r\nFLUSHALL\r\n",
                "*0\r\n*1\r\n$8\r\nFLUSHALL\r\n",
                "*-1\r\n*1\r\n$8\r\nFLUSHALL\r\n",
                "\u0016\u0003\u0001\nFLUSHALL\r\n",
                "\tFLUSHALL\r\n",
                "\u0000FLUSHALL\r\nFLUSHALL\r\n",
            })
    void isNotEvadedByAnotherSpelling(String bytes) {
        for (int cut = 0; cut < bytes.length(); cut++) {
            try (FilterTester tester = FilterTester.of(access(deny("FLUSHALL")))) {
                tester.client(bytes.substring(0, cut));
                if (tester.closeReason() == null) {
                    tester.client(bytes.substring(cut));
                }

                // Either it is refused, or nobody could tell, and the connection is closed.
                boolean refused = tester.toClient().contains(NO);
                assertThat(refused || tester.closeReason() == CloseReason.FILTER)
                        .as("cut at " + cut)
                        .isTrue();
                assertThat(tester.toUpstream().replace("\\x46", "F").toUpperCase(java.util.Locale.ROOT))
                        .doesNotContain("FLUSHALL\r\n")
                        .doesNotContain("FLUSHALL\"");
            }
        }
    }

    @Test
    void isNotEvadedInALongPipelineInAnyPieces() {
        StringBuilder requests = new StringBuilder();
        StringBuilder allowed = new StringBuilder();
        Random random = new Random(3);
        int denied = 0;
        for (int i = 0; i < 2_000; i++) {
            String text = switch (random.nextInt(4)) {
                case 0 -> command("CONFIG SET x " + i);
                case 1 -> "config  sEt x " + i + "\r\n";
                case 2 -> command("GET k" + i);
                default -> command("CONFIG GET x");
            };
            boolean set = text.toLowerCase(java.util.Locale.ROOT).contains("set");
            denied += set ? 1 : 0;
            requests.append(text);
            allowed.append(set ? "" : text);
        }
        try (FilterTester tester = FilterTester.of(access(deny("CONFIG SET")))) {
            StringBuilder got = new StringBuilder();
            for (int at = 0; at < requests.length(); ) {
                int end = Math.min(requests.length(), at + 1 + random.nextInt(300));
                tester.client(requests.substring(at, end));
                got.append(tester.toUpstream());
                at = end;
            }
            tester.upstream("+OK\r\n".repeat(2_000 - denied));

            assertThat(got).asString().isEqualTo(allowed.toString());
            String answers = tester.toClient();
            assertThat(answers.split(NO, -1)).hasSize(denied + 1);
            assertThat(answers.replace(NO, "")).isEqualTo("+OK\r\n".repeat(2_000 - denied));
        }
    }

    /** Where the server reads an inline command in another way than it is read here. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"\\xTRIM\" s MAXLEN 0\r\n",
                "\"SETE\\x\" k 9 v\r\n",
                "'a\\b' c\r\n",
                "XTR\u000bIM s MAXLEN 0\r\n"
            })
    void closesWhereAnEscapeIsNotClear(String line) {
        try (FilterTester tester = FilterTester.of(access(deny("XTRIM")))) {
            tester.client(line);

            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void aTransactionWithARefusedCommandFailsAsAWhole() {
        try (FilterTester tester = FilterTester.of(access(deny("DEL")))) {
            tester.client(command("MULTI") + command("SET a 1") + command("DEL a") + command("EXEC"));

            assertThat(tester.toUpstream()).doesNotContain("DEL").contains("EXEC");
            String aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
            tester.upstream("+OK\r\n+QUEUED\r\n-ERR wrong number of arguments for 'get' command\r\n" + aborted);
            assertThat(tester.toClient()).isEqualTo("+OK\r\n+QUEUED\r\n" + NO + aborted);
        }
    }

    @Test
    void unknownCommandsAreOnesOfTheirOwn() {
        try (FilterTester tester = FilterTester.of(access(deny("_OTHER")))) {
            tester.client(command("NO.SUCH x") + command("GET a"));

            assertThat(tester.toUpstream()).isEqualTo(command("GET a"));
        }
        try (FilterTester tester = FilterTester.of(access(Map.of("action", "allow", "commands", "@read")))) {
            tester.client(command("NO.SUCH x") + command("GET a"));

            assertThat(tester.toUpstream()).isEqualTo(command("GET a"));
        }
    }

    @Test
    void aReaderMayDoWhatReadersNeed() {
        Map<String, ?> rule = Map.of("action", "allow", "commands", List.of("@read", "@session"));
        for (String text : List.of(
                "HELLO 3",
                "AUTH a b",
                "CLIENT SETINFO lib-name x",
                "PING",
                "SELECT 1",
                "GET a",
                "MGET a b",
                "SCAN 0",
                "XRANGE s - +",
                "MULTI",
                "EXEC",
                "QUIT",
                "RESET",
                "EVAL_RO x 0")) {
            try (FilterTester tester = FilterTester.of(access(rule))) {
                tester.client(command(text));
                assertThat(tester.toUpstream()).isEqualTo(command(text));
            }
        }
        for (String text : List.of(
                "SET a b",
                "GETDEL a",
                "EVAL x 0",
                "FCALL f 0",
                "CONFIG GET x",
                "SORT a STORE b",
                "SHUTDOWN",
                "REPLICAOF a 1",
                "DEBUG SLEEP 1",
                "PUBLISH a b",
                "XREADGROUP GROUP g c STREAMS s >",
                "MONITOR",
                "SYNC",
                "CLIENT KILL x",
                "CLIENT NO-SUCH",
                "SCRIPT LOAD x",
                "ACL SETUSER x")) {
            try (FilterTester tester = FilterTester.of(access(rule))) {
                tester.client(command(text));
                assertThat(tester.toUpstream()).as(text).isEmpty();
                assertThat(tester.toClient()).isEqualTo(NO);
            }
        }
    }

    @Test
    void aChangeOfTheDatabaseThatFailsDoesNotOpenTheOneBefore() {
        try (FilterTester tester = FilterTester.of(access(Map.of("action", "deny", "namespaces", "0")))) {
            tester.client(command("SELECT 9999") + command("GET secret"));
            assertThat(tester.toUpstream()).isEqualTo(command("SELECT 9999"));

            tester.upstream("-ERR DB index is out of range\r\n");
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.toClient()).isEqualTo("-ERR DB index is out of range\r\n" + NO);

            tester.client(command("SELECT 1") + command("GET open") + command("SELECT 0") + command("GET secret"));
            assertThat(tester.toUpstream()).isEqualTo(command("SELECT 1"));
            tester.upstream("+OK\r\n");
            assertThat(tester.toUpstream()).isEqualTo(command("GET open") + command("SELECT 0"));
            tester.upstream("$-1\r\n+OK\r\n");
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.toClient()).isEqualTo("+OK\r\n$-1\r\n+OK\r\n" + NO);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SWAPDB 0 1",
                "MOVE k 0",
                "COPY a b DB 0",
                "FLUSHALL",
                "EVAL x 0",
                "EVALSHA x 0",
                "FCALL f 0",
                "EVAL_RO x 0",
                "MIGRATE h 1 k 0 5",
                "NO.SUCH x",
                "REPLICAOF h 1",
                "DEBUG RELOAD"
            })
    void whatReachesOtherDatabasesIsInNone(String text) {
        for (Map<String, ?> rule :
                List.of(Map.of("action", "deny", "namespaces", "0"), Map.of("action", "allow", "namespaces", "1"))) {
            try (FilterTester tester = FilterTester.of(access(rule))) {
                tester.client(command("SELECT 1"));
                tester.upstream("+OK\r\n");
                tester.client(command("GET k"));
                tester.upstream("$-1\r\n");
                assertThat(tester.toUpstream()).isEqualTo(command("SELECT 1") + command("GET k"));

                tester.client(command(text));

                assertThat(tester.toUpstream()).isEmpty();
            }
        }
    }

    @Test
    void aTransactionThatChangesTheDatabaseRunsNowhereForSure() {
        try (FilterTester tester = FilterTester.of(access(Map.of("action", "deny", "namespaces", "1")))) {
            tester.client(command("MULTI") + command("SELECT 1"));
            tester.upstream("+OK\r\n+QUEUED\r\n");
            tester.client(command("GET secret") + command("EXEC"));
            assertThat(tester.toUpstream()).doesNotContain("secret");

            tester.upstream("-ERR wrong number of arguments for 'get' command\r\n");
            assertThat(tester.toUpstream()).isEqualTo(command("EXEC"));
            tester.upstream("-EXECABORT Transaction discarded because of previous errors.\r\n");
            tester.client(command("GET open"));

            assertThat(tester.toUpstream()).isEqualTo(command("GET open"));
        }
    }

    @Test
    void aDatabaseThatWasChangedWithoutAnAnswerIsNotKnown() {
        try (FilterTester tester = FilterTester.of(access(Map.of("action", "deny", "namespaces", "0")))) {
            tester.client(command("CLIENT REPLY SKIP") + command("SELECT 9999"));
            tester.client(command("GET secret"));

            assertThat(tester.toUpstream()).isEqualTo(command("CLIENT REPLY SKIP") + command("SELECT 9999"));
        }
    }

    @Test
    void judgesByTheUserWhomTheServerHasAccepted() {
        Map<String, ?> onlyAnn = Map.of("action", "allow", "users", "ann");
        try (FilterTester tester = FilterTester.of(access(onlyAnn))) {
            tester.client(command("GET a"));
            assertThat(tester.toClient()).isEqualTo(NO);

            tester.client(command("AUTH ann wrong") + command("GET a"));
            assertThat(tester.toUpstream()).isEqualTo(command("AUTH ann wrong"));
            tester.upstream("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
            assertThat(tester.toUpstream()).isEmpty();

            tester.client(command("HELLO 3 AUTH ann right") + command("GET a"));
            assertThat(tester.toUpstream()).isEqualTo(command("HELLO 3 AUTH ann right"));
            tester.upstream("%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n");
            assertThat(tester.toUpstream()).isEqualTo(command("GET a"));
            tester.upstream("_\r\n");

            tester.client(command("RESET") + command("GET a"));
            tester.upstream("+RESET\r\n");
            assertThat(tester.toUpstream()).isEqualTo(command("RESET"));
        }
    }

    @Test
    void aReplicationStreamEndsTheConnectionAsNobodyCouldSeeWhatPassesThen() {
        try (FilterTester tester = FilterTester.of(access(deny("FLUSHALL")))) {
            tester.client(command("PSYNC ? -1"));
            tester.upstream("+FULLRESYNC abc 1\r\n");
            tester.client(command("FLUSHALL"));

            assertThat(tester.toUpstream()).doesNotContain("FLUSHALL");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
    }

    private static NetworkFilter sniffer() {
        return FilterTester.sniffing(
                new FakeEnvironment().sniffers(new RedisProtocol(), Map.of()).create(new FakeConnection()));
    }

    @Test
    void aSnifferBeforeTheFilterSeesTheRefusalAsWeirsAnswerAndOneBehindItNothing() {
        RecordingExchanges exchanges = new RecordingExchanges();
        try (FilterTester tester = FilterTester.of(exchanges, sniffer(), access(deny("DEL")), sniffer())) {
            tester.client(command("GET a") + command("DEL a"));
            tester.upstream("$-1\r\n");
            assertThat(tester.toClient()).isEqualTo("$-1\r\n" + NO);
        }

        assertThat(exchanges.all())
                .extracting(e -> e.operation().name() + " " + e.status + " " + e.error + " " + e.byWeir)
                .containsExactlyInAnyOrder("GET OK null false", "GET OK null false", "DEL ERROR NOPERM true");
    }
}
