package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that come where, or look like what, they are not expected: each at its command nevertheless. */
final class RedisSnifferPairingTest {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();
    private final SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(PROTOCOL, Map.of()));

    private void client(String text) {
        tester.feed(Direction.TO_UPSTREAM, text.getBytes(StandardCharsets.ISO_8859_1), 1_000);
    }

    private void server(String text) {
        tester.feed(Direction.TO_CLIENT, text.getBytes(StandardCharsets.ISO_8859_1), 2_000);
    }

    private List<String> seen() {
        return tester.recorded().all().stream()
                .map(e -> e.operation().name() + " " + e.status + " " + e.responseBytes)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n",
                ">2\r\n$10\r\ninvalidate\r\n_\r\n",
                ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
            })
    void keepsPushesApartFromTheResultsOfATransaction(String push) {
        client("HELLO 3\r\nSUBSCRIBE c\r\nMULTI\r\nGET k\r\nECHO xx\r\n");
        server("%0\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n");
        client("EXEC\r\n");

        server(push);
        server("*2\r\n_\r\n$2\r\nxx\r\n" + push);

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.idle()).isTrue();
        assertThat(seen())
                .containsExactly("HELLO OK 4", "SUBSCRIBE OK 30", "MULTI OK 5", "GET OK 3", "ECHO OK 8", "EXEC OK 15");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n",
                "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n",
                "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
            })
    void takesWhatAScriptAnswersForItsAnswerWhateverItLooksLike(String answer) {
        client(
                "EVAL x 0\r\nSUBSCRIBE c\r\nUNSUBSCRIBE c\r\nEVAL x 0\r\nECHO xx\r\nCLIENT REPLY SKIP\r\nSUBSCRIBE c\r\n");
        String subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
        String unsubscribed = "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n";

        server(answer + subscribed + unsubscribed + answer + "$2\r\nxx\r\n" + subscribed);

        assertThat(tester.outcome()).isEmpty();
        assertThat(seen())
                .containsExactly(
                        "EVAL OK " + answer.length(),
                        "SUBSCRIBE OK " + subscribed.length(),
                        "UNSUBSCRIBE OK " + unsubscribed.length(),
                        "EVAL OK " + answer.length(),
                        "ECHO OK 8",
                        "CLIENT REPLY NO_REPLY -1",
                        "SUBSCRIBE NO_REPLY -1");
    }

    /** The same command answers the same in a transaction as outside. */
    @ParameterizedTest
    @CsvSource({
        "MGET a b, '*2\r\n$-1\r\n$-1\r\n', 2, 0",
        "MGET a b, '*2\r\n$1\r\nx\r\n$-1\r\n', 2, 1",
        "LRANGE a 0 -1, '*0\r\n', 0, 0",
        "GET a, '$-1\r\n', 0, 0",
        "ZSCORE a m, ',1.5\r\n', 1, 1",
        "ZSCORE a m, '$3\r\n1.5\r\n', 1, 1",
        "HGETALL a, '%1\r\n$1\r\nf\r\n$1\r\nv\r\n', 1, 1",
        "GEOPOS a m n, '*2\r\n*-1\r\n*2\r\n,1\r\n,2\r\n', 2, 1",
        "SCAN 0, '*2\r\n$1\r\n0\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n', 3, -1",
        "HSCAN h 0, '*2\r\n$1\r\n0\r\n*0\r\n', 0, -1"
    })
    void saysTheSameOfAnAnswerInATransaction(String command, String answer, long rows, int hit) {
        client(command + "\r\nMULTI\r\n" + command + "\r\nECHO x\r\nEXEC\r\n");
        server(answer + "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n" + answer + "$1\r\nx\r\n");

        assertThat(tester.outcome()).isEmpty();
        List<Exchange> all = tester.recorded().all();
        assertThat(all).hasSize(5);
        for (int i = 0; i < 3; i += 2) {
            assertThat(all.get(i).rows).as("rows of " + i).isEqualTo(rows);
            assertThat(all.get(i).hit).as("hit of " + i).isEqualTo(hit);
            assertThat(all.get(i).responseBytes).isEqualTo(answer.length());
        }
    }
}
