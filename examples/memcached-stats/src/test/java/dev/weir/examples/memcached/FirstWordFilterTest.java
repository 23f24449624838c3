package dev.weir.examples.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FirstWordFilterTest {
    private final FakeEnvironment environment = new FakeEnvironment();
    private final ConfigErrors errors = new ConfigErrors();

    @Test
    void connectsTheUpstreamOnceTheFirstWordIsAllowed() {
        try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get", "set"))))) {
            tester.client("ge");
            assertThat(tester.started()).isFalse();

            tester.client("t foo\r\n");

            assertThat(tester.started()).isTrue();
            assertThat(tester.toUpstream()).isEqualTo("get foo\r\n");
        }
    }

    @Test
    void letsEverythingGoOnAfterTheFirstWord() {
        try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get"))))) {
            tester.client("get foo\r\n").client("flush_all\r\n");
            tester.upstream("END\r\n");

            assertThat(tester.toUpstream()).isEqualTo("get foo\r\nflush_all\r\n");
            assertThat(tester.toClient()).isEqualTo("END\r\n");
        }
    }

    @Test
    void answersAndClosesOnAnotherWord() {
        try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get"), "answer", "ERROR no\r\n")))) {
            tester.client("POST / HTTP/1.1\r\n\r\nget foo\r\n");

            assertThat(tester.toClient()).isEqualTo("ERROR no\r\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(tester.started()).isFalse();
            assertThat(environment.count("weir.first.word.refused")).isEqualTo(1);
        }
    }

    @Test
    void refusesAWordThatHasNoEnd() {
        try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get"))))) {
            tester.client("x".repeat(64));
            assertThat(tester.closeReason()).isNull();

            tester.client("x");

            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void refusesAWordThatTheEndCutsOff() {
        try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get"))))) {
            tester.client("ge").clientEnds();

            assertThat(tester.toClient()).isEqualTo("ERROR\r\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void closesAClientThatDoesNotSpeakInTime() {
        for (String said : List.of("", "ge")) {
            try (FilterTester tester = FilterTester.of(filter(Map.of("allow", List.of("get"), "timeout", "3s")))) {
                tester.client(said).advance(Duration.ofMillis(2_900));
                assertThat(tester.closeReason()).isNull();

                tester.advance(Duration.ofMillis(100));

                assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
            }
        }
    }

    @Test
    void reportsAllProblemsOfItsConfiguration() {
        filter(Map.of("allow", List.of("get", "two words"), "timeout", "soon"));

        assertThat(errors.problems())
                .extracting(Object::toString)
                .containsExactlyInAnyOrder(
                        "allow[1]: \"two words\" (expected: a word of at most 64 characters)",
                        "timeout: \"soon\" (expected: a duration such as 250ms, 5s, 1m, 1h)");
    }

    private NetworkFilter filter(Map<String, ?> config) {
        return new FirstWordFactory()
                .configure(ConfigNode.of(config, errors), environment)
                .onLoop(environment)
                .create(new FakeConnection());
    }
}
