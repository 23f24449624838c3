package dev.weir.examples.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferContract;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The conversations in {@code wire/}, under the contract of all sniffers, and what cannot be told by a conversation. */
class MemcachedSnifferTest extends SnifferContract {
    @Override
    protected PerLoop.PerConnection<Sniffer> sniffers() {
        return new FakeEnvironment().sniffers(new MemcachedProtocol(), Map.of("keys", true));
    }

    @Override
    protected List<WireScript> conversations() {
        return Stream.of(
                        "storage",
                        "retrieval",
                        "meta",
                        "errors",
                        "watch",
                        "unpaired",
                        "unasked",
                        "bad-block",
                        "bad-length",
                        "binary",
                        "tls")
                .map(name -> WireScript.load(MemcachedSnifferTest.class, name))
                .toList();
    }

    @Test
    void namesNoKeyUnlessAsked() {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MemcachedProtocol(), Map.of()));

        tester.feed(Direction.TO_UPSTREAM, bytes("get secret\r\n"), 0);
        tester.feed(Direction.TO_CLIENT, bytes("END\r\n"), 1);

        assertThat(tester.recorded().lines()).singleElement().asString().doesNotContain("secret");
    }

    @Test
    void isIdleBetweenCommandsOnly() {
        SnifferTester tester = new SnifferTester(sniffers());
        assertThat(tester.idle()).isTrue();

        tester.feed(Direction.TO_UPSTREAM, bytes("ge"), 0);
        assertThat(tester.idle()).isFalse();
        tester.feed(Direction.TO_UPSTREAM, bytes("t foo\r\n"), 0);
        assertThat(tester.idle()).isFalse();
        tester.feed(Direction.TO_CLIENT, bytes("EN"), 1);
        assertThat(tester.idle()).isFalse();
        tester.feed(Direction.TO_CLIENT, bytes("D\r\n"), 1);
        assertThat(tester.idle()).isTrue();
    }

    @Test
    void countsErrorsThatNobodyAskedFor() {
        FakeEnvironment environment = new FakeEnvironment();
        SnifferTester tester = new SnifferTester(environment.sniffers(new MemcachedProtocol(), Map.of()));

        tester.feed(Direction.TO_CLIENT, bytes("ERROR Too many open connections\r\n"), 0);

        assertThat(environment.count("weir.memcached.unsolicited")).isEqualTo(1);
        assertThat(tester.running()).isTrue();
    }

    @Test
    void givesUpOnAPipelineThatIsTooDeep() {
        SnifferTester tester = new SnifferTester(sniffers());

        for (int i = 0; i < 10_001; i++) {
            tester.feed(Direction.TO_UPSTREAM, bytes("mn\r\n"), 0);
        }

        assertThat(tester.outcome()).isEqualTo("gave_up:pipeline_too_deep");
        assertThat(tester.recorded().all()).hasSize(10_000);
        assertThat(tester.recorded().taken()).isZero();
    }

    @Test
    void saysWhatWeirAnswered() {
        SnifferTester tester = new SnifferTester(sniffers());

        tester.feed(Direction.TO_UPSTREAM, bytes("get foo\r\n"), 0);
        tester.madeByWeir(true);
        tester.feed(Direction.TO_CLIENT, bytes("SERVER_ERROR denied\r\n"), 0);

        assertThat(tester.recorded().all().get(0).byWeir).isTrue();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
