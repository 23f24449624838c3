package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bounds, secrets, malformed bytes. */
final class RedisSnifferLimitsTest {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();
    private final FakeEnvironment environment = new FakeEnvironment();

    private SnifferTester tester(Map<String, ?> config) {
        return new SnifferTester(environment.sniffers(PROTOCOL, config));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void client(SnifferTester tester, String text) {
        tester.feed(Direction.TO_UPSTREAM, bytes(text), 1_000);
    }

    private static void server(SnifferTester tester, String text) {
        tester.feed(Direction.TO_CLIENT, bytes(text), 2_000);
    }

    private static List<String> names(SnifferTester tester) {
        return tester.recorded().all().stream()
                .map(exchange -> exchange.operation().name())
                .toList();
    }

    @Test
    void countsWhatIsBeyondTheBoundAndPairsAgainOnceDrained() {
        SnifferTester tester = tester(Map.of("max_pending", 16));

        client(
                tester,
                "*1\r\n$4\r\nPING\r\n".repeat(20) + "*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n"
                        + "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(3));
        server(tester, "+PONG\r\n".repeat(20) + "+OK\r\n" + "$-1\r\n".repeat(2));
        assertThat(tester.idle()).isFalse();
        server(tester, "$-1\r\n");

        assertThat(tester.idle()).isTrue();
        assertThat(environment.count("weir_redis_lossy")).isEqualTo(7);
        assertThat(names(tester)).hasSize(17).endsWith("PING", "SELECT");
        client(tester, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
        server(tester, "$1\r\nv\r\n");
        Exchange last = tester.recorded().all().get(17);
        assertThat(last.operation().name()).isEqualTo("GET");
        assertThat(last.namespace).isEqualTo("5");
        assertThat(last.hit).isEqualTo(1);
        assertThat(tester.outcome()).isEmpty();
    }

    @Test
    void keepsTransactionsStraightWhileLossy() {
        SnifferTester tester = tester(Map.of("max_pending", 16));

        client(
                tester,
                "*1\r\n$4\r\nPING\r\n".repeat(15) + "*1\r\n$5\r\nMULTI\r\n" + "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(4)
                        + "*1\r\n$4\r\nEXEC\r\n*1\r\n$4\r\nPING\r\n");
        server(
                tester,
                "+PONG\r\n".repeat(15) + "+OK\r\n" + "+QUEUED\r\n".repeat(4)
                        + "*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n+PONG\r\n");

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.idle()).isTrue();
        assertThat(environment.count("weir_redis_lossy")).isEqualTo(5);
        assertThat(names(tester)).hasSize(17).endsWith("MULTI", "EXEC");
    }

    @Test
    void givesUpRatherThanGrowForEver() {
        SnifferTester tester = tester(Map.of("max_pending", 16));

        for (int i = 0; i < 100_000; i++) {
            client(tester, "*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n*1\r\n$4\r\nPING\r\n");
        }
        for (int i = 0; i < 100_000 && tester.running(); i++) {
            server(tester, "+OK\r\n+PONG\r\n");
        }

        // What was open before it gave up has still been paired.
        assertThat(tester.outcome()).isEqualTo("gave_up:pending");
        assertThat(tester.recorded().all()).hasSizeBetween(1_000, 4_096);
        assertThat(tester.recorded().all()).allMatch(exchange -> exchange.status == Exchange.Status.OK);
    }

    @Test
    void seesAMillionPipelinedCommandsInBoundedMemory() {
        SnifferTester tester = tester(Map.of());
        String burst = "*1\r\n$4\r\nPING\r\n".repeat(1_000);

        for (int i = 0; i < 1_000; i++) {
            client(tester, burst);
        }
        for (int i = 0; i < 1_000; i++) {
            server(tester, "+PONG\r\n".repeat(1_000));
        }

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.idle()).isTrue();
        assertThat(tester.recorded().all()).hasSize(16_384);
        assertThat(environment.count("weir_redis_lossy")).isEqualTo(1_000_000 - 16_384);
    }

    @Test
    void showsNoSecretAnywhere() {
        SnifferTester tester = tester(Map.of("keys", true, "hot_keys", Map.of("sampling", 1.0)));
        String secret = "hunter2";
        String[] commands = {
            "AUTH hunter2",
            "AUTH ann hunter2",
            "HELLO 3 AUTH ann hunter2 SETNAME c",
            "ACL SETUSER bob on >hunter2 ~*",
            "CONFIG SET requirepass hunter2",
            "CONFIG SET masterauth hunter2 maxmemory 0",
            "MIGRATE h 1 k 0 10 AUTH hunter2",
            "MIGRATE h 1 k 0 10 AUTH2 ann hunter2",
            "MIGRATE h 1 EMPTY 0 10 AUTH2 ann hunter2 KEYS a b",
            "MIGRATE h 1 EMPTY 0 10 AUTH hunter2",
            "SENTINEL SET m auth-pass hunter2",
            "REPLICAOF h hunter2",
            "hunter2 x",
            "CONFIG hunter2",
            "EVAL hunter2 0"
        };
        for (String command : commands) {
            String[] parts = command.split(" ", -1);
            StringBuilder array = new StringBuilder("*" + parts.length + "\r\n");
            for (String part : parts) {
                String sent = part.equals("EMPTY") ? "" : part;
                array.append('$')
                        .append(sent.length())
                        .append("\r\n")
                        .append(sent)
                        .append("\r\n");
            }
            client(tester, array.toString());
            server(tester, command.startsWith("HELLO") ? "%0\r\n" : "+OK\r\n");
            client(tester, command.replace("EMPTY", "\"\"") + "\r\n");
            server(tester, "-WRONGPASS hunter2 is wrong\r\n");
        }
        tester.close(3_000);

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().all()).hasSizeGreaterThanOrEqualTo(2 * commands.length - 2);
        assertThat(tester.recorded().lines()).noneMatch(line -> line.contains(secret));
        assertThat(environment.hotKeys().lines()).noneMatch(line -> line.contains(secret));
        assertThat(environment.hotKeys().lines()).anyMatch(line -> line.startsWith("0 k "));
        assertThat(tester.recorded().all()).anyMatch(exchange -> "a".equals(exchange.target));
    }

    @Test
    void recordsHotKeysOfTheSampleAndNothingWithoutIt() {
        SnifferTester sampled = tester(Map.of("hot_keys", Map.of()));
        client(sampled, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n");
        server(sampled, "$1\r\nv\r\n*2\r\n$-1\r\n$-1\r\n+PONG\r\n");
        assertThat(environment.hotKeys().lines()).containsExactly("0 k 20 7 1000", "0 a 28 14 1000");
        assertThat(sampled.recorded().all()).allMatch(exchange -> exchange.target == null);

        FakeEnvironment none = new FakeEnvironment();
        none.sniffers(PROTOCOL, Map.of());
        assertThat(none.hotKeys().enabled()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "*x, request_count",
        "*-x, request_count",
        "*01, request_count",
        "*99999999999, request_count",
        "'*1\r\n+4', request_type",
        "'*1\r\n$-1', request_length",
        "'*1\r\n$536870913', request_length",
        "'*1\r\n$', request_length",
        "'GET \"a', inline_quotes",
        "'*1\r\n$99999999999999999999', request_length"
    })
    void givesUpOnMalformedRequests(String request, String reason) {
        SnifferTester tester = tester(Map.of());

        client(tester, request + "\r\n");

        assertThat(tester.outcome()).isEqualTo("gave_up:" + reason);
    }

    @ParameterizedTest
    @CsvSource({
        "?, answer_type", "$x, answer_length", "$-2, answer_length", "$99999999999, answer_length", ":1x, answer_line",
        "#x, answer_line", "_x, answer_line", "*-5, answer_count", "'$1\r\nabc', answer_crlf", ";1, answer_chunk",
        "., answer_stream", "*99999999999, answer_count", "'$?\r\n$1', answer_chunk"
    })
    void givesUpOnMalformedAnswers(String answer, String reason) {
        SnifferTester tester = tester(Map.of());
        client(tester, "PING\r\n");

        server(tester, answer + "\r\n");

        assertThat(tester.outcome()).startsWith("gave_up:answer_");
        assertThat(tester.recorded().all()).allMatch(exchange -> exchange.status == Exchange.Status.NO_REPLY);
        assertThat(reason).startsWith("answer_");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "$?\r\n;4\r\nword\r\n;1\r\n!\r\n;0\r\n",
                "*?\r\n:1\r\n*?\r\n.\r\n.\r\n",
                "%?\r\n+a\r\n:1\r\n.\r\n",
                "~?\r\n.\r\n",
                "|1\r\n+k\r\n|1\r\n+a\r\n:2\r\n+v\r\n:5\r\n",
                "*2\r\n|1\r\n+k\r\n+v\r\n:5\r\n>1\r\n+message\r\n:6\r\n",
                "(123\r\n",
                ",inf\r\n",
                "=5\r\ntxt:x\r\n",
                "!5\r\nERR x\r\n",
                "$0\r\n\r\n",
                "*0\r\n",
                "%0\r\n",
                "*-1\r\n",
                "+\r\n",
                "+a\rb\r\n"
            })
    void walksEveryTypeAsOneAnswer(String answer) {
        for (int cut = 0; cut <= answer.length(); cut++) {
            SnifferTester tester = tester(Map.of());
            client(tester, "PING\r\nPING\r\n");

            server(tester, answer.substring(0, cut));
            server(tester, answer.substring(cut) + "+PONG\r\n");

            assertThat(tester.outcome()).isEmpty();
            assertThat(tester.recorded().all()).hasSize(2);
            assertThat(tester.recorded().all().get(0).responseBytes).isEqualTo(answer.length());
            assertThat(tester.idle()).isTrue();
        }
    }

    @Test
    void walksDeepNestingUpToALimit() {
        SnifferTester tester = tester(Map.of());
        client(tester, "PING\r\nPING\r\n");
        server(tester, "*1\r\n".repeat(120) + ":1\r\n");
        assertThat(tester.recorded().all()).hasSize(1);

        server(tester, "*1\r\n".repeat(1_000));

        assertThat(tester.outcome()).isEqualTo("gave_up:answer_depth");
    }

    @Test
    void recognisesTlsOnEitherSideAndAnAnswerToNothing() {
        SnifferTester handshake = tester(Map.of());
        client(handshake, "\u0016\u0003\u0001\u0002");
        assertThat(handshake.outcome()).isEqualTo("encrypted");

        SnifferTester alert = tester(Map.of());
        client(alert, "PING\r\n");
        server(alert, "\u0015\u0003\u0003\u0000");
        assertThat(alert.outcome()).isEqualTo("encrypted");

        SnifferTester denied = tester(Map.of());
        server(denied, "-DENIED Redis is running in protected mode\r\n");
        assertThat(denied.outcome()).isEmpty();
        assertThat(environment.count("weir_redis_unsolicited")).isEqualTo(1);

        SnifferTester unasked = tester(Map.of());
        server(unasked, "+OK\r\n");
        assertThat(unasked.outcome()).isEqualTo("gave_up:unpaired_answer");
    }

    @Test
    void keepsTheSetOfErrorCodesBounded() {
        ErrorCodes codes = new ErrorCodes();
        for (int i = 0; i < 10_000; i++) {
            byte[] code = bytes("CODE" + i + " text");
            codes.code(code, code.length);
        }

        assertThat(codes.code(bytes("CODE9999 x"), 10)).isEqualTo(ErrorCodes.OTHER);
        assertThat(codes.code(bytes("WRONGTYPE x"), 11)).isSameAs(codes.code(bytes("WRONGTYPE"), 9));
        assertThat(codes.code(bytes("lower"), 5)).isEqualTo(ErrorCodes.OTHER);
        assertThat(codes.code(bytes("CODE1 x"), 7)).isEqualTo("CODE1");
    }

    @Test
    void reportsAllThatIsWrongInItsConfiguration() {
        ConfigErrors errors = new ConfigErrors();
        PROTOCOL.sniffer(
                ConfigNode.of(
                        Map.of("keyz", true, "max_pending", 1, "hot_keys", Map.of("sampling", 0, "size", 0, "x", 1)),
                        errors),
                environment);

        assertThat(errors.problems())
                .extracting(ConfigErrors.Problem::path)
                .contains("keyz", "max_pending", "hot_keys.sampling", "hot_keys.size", "hot_keys.x");
    }
}
