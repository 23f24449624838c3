package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.testkit.FilterTester;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FaultTest {
    private static final String GET = "GET READ a u -\n";
    private static final String SET = "SET WRITE a u -\n";

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private static FilterBed fault(Map<String, ?>... rules) {
        return FilterBed.of(new FaultFactory(), rules);
    }

    @Test
    void answersAnErrorInsteadOfSending() {
        FilterBed bed = fault(
                Map.of("percent", 100, "error", Map.of(), "commands", "SET"),
                Map.of("percent", 100, "error", Map.of("code", "LOADING", "message", "later"), "commands", "QUERY"));
        try (FilterTester tester = bed.connection()) {
            tester.client(GET + SET + "QUERY READ a u SELECT\n");
            tester.upstream("1\n");

            assertThat(tester.toUpstream()).isEqualTo(GET);
            assertThat(tester.toClient()).isEqualTo("1\nFAULT fault injected by the proxy\nLOADING later\n");
        }
        assertThat(bed.counts("weir_fault_injected", "rule", "kind"))
                .isEqualTo(Map.of("rule_1 error", 1, "rule_2 error", 1));
    }

    @Test
    void aDelayHoldsWhatIsBehindIt() {
        FilterBed bed = fault(Map.of("percent", 100, "delay", "2s", "commands", "SET"));
        try (FilterTester tester = bed.connection()) {
            tester.client(GET + SET + GET);
            assertThat(tester.toUpstream()).isEqualTo(GET);
            tester.advance(Duration.ofMillis(1_999));
            assertThat(tester.toUpstream()).isEmpty();

            tester.advance(Duration.ofMillis(1));

            assertThat(tester.toUpstream()).isEqualTo(SET + GET);
        }
        assertThat(bed.counts("weir_fault_injected", "kind")).isEqualTo(Map.of("delay", 1));
    }

    @Test
    void anErrorMayComeLate() {
        try (FilterTester tester = fault(Map.of("percent", 100, "delay", "1s", "error", Map.of(), "commands", "SET"))
                .connection()) {
            tester.client(SET + GET);
            assertThat(tester.toClient()).isEmpty();

            tester.advance(Duration.ofSeconds(1));

            assertThat(tester.toClient()).isEqualTo("FAULT fault injected by the proxy\n");
            assertThat(tester.toUpstream()).isEqualTo(GET);
        }
    }

    @Test
    void hitsSoManyOfAHundredAndTheSameOnesForTheSameSeed() {
        String first = sent(7);

        assertThat(sent(7)).isEqualTo(first);
        assertThat(sent(8)).isNotEqualTo(first);
        // 10,000 throws at 25 %: the share is within 6 standard deviations.
        assertThat(first.chars().filter(c -> c == '.').count()).isBetween(2_500L - 260, 2_500L + 260);
    }

    private static String sent(int seed) {
        Map<String, ?> rule = Map.of("percent", 25, "error", Map.of());
        FilterBed bed =
                FilterBed.of(new FaultFactory(), Map.of("protocol", "words", "seed", seed, "rules", List.of(rule)));
        StringBuilder hits = new StringBuilder();
        try (FilterTester tester = bed.connection()) {
            for (int i = 0; i < 10_000; i++) {
                tester.client(GET);
                boolean sent = !tester.toUpstream().isEmpty();
                hits.append(sent ? 'x' : '.');
                if (sent) {
                    tester.upstream("1\n");
                }
            }
        }
        return hits.toString();
    }

    @Test
    void noneAndAllAreExact() {
        FilterBed bed =
                fault(Map.of("percent", 0, "error", Map.of()), Map.of("percent", 100, "error", Map.of("code", "ALL")));
        try (FilterTester tester = bed.connection()) {
            tester.client(GET.repeat(500));

            assertThat(tester.toClient()).isEqualTo("ALL fault injected by the proxy\n".repeat(500));
        }
    }

    @Test
    void onlySoManyDelaysGoOnAtATime() {
        FilterBed bed = FilterBed.of(
                new FaultFactory(),
                Map.of("protocol", "words", "max_active", 1, "rules", List.of(Map.of("percent", 100, "delay", "1m"))));
        try (FilterTester second = bed.connection()) {
            try (FilterTester first = bed.connection()) {
                first.client(GET);
                second.client(GET);
                assertThat(first.toUpstream()).isEmpty();
                assertThat(second.toUpstream()).isEqualTo(GET);
                assertThat(bed.counts("weir_fault_skipped")).isEqualTo(Map.of("", 1));
            }
            // The first one is closed in its delay, and leaves its place.
            second.client(SET);
            assertThat(second.toUpstream()).isEmpty();
            second.advance(Duration.ofMinutes(1));
            assertThat(second.toUpstream()).isEqualTo(SET);
            second.client(GET);
            assertThat(second.toUpstream()).isEmpty();
        }
    }

    @Test
    void delaysAndClosesConnectionsAtTheirOpening() {
        FilterBed slow =
                FilterBed.of(new FaultFactory(), Map.of("connections", List.of(Map.of("percent", 100, "delay", "1s"))));
        try (FilterTester tester = slow.connection()) {
            tester.client("any bytes");
            assertThat(tester.started()).isFalse();
            tester.advance(Duration.ofSeconds(1));
            assertThat(tester.started()).isTrue();
            assertThat(tester.toUpstream()).isEqualTo("any bytes");
        }
        FilterBed closing =
                FilterBed.of(new FaultFactory(), Map.of("connections", List.of(Map.of("percent", 100, "close", true))));
        try (FilterTester tester = closing.connection()) {
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FAULT);
        }
        FilterBed late = FilterBed.of(
                new FaultFactory(),
                Map.of("connections", List.of(Map.of("percent", 100, "close", true, "delay", "1s"))));
        try (FilterTester tester = late.connection()) {
            assertThat(tester.closeReason()).isNull();
            tester.advance(Duration.ofSeconds(1));
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FAULT);
        }
        assertThat(late.counts("weir_fault_injected", "rule", "kind")).isEqualTo(Map.of("rule_1 delay_close", 1));
    }

    @Test
    void aDelayedConnectionGoesThroughTheRulesForCommandsThen() {
        FilterBed bed = FilterBed.of(
                new FaultFactory(),
                Map.of(
                        "protocol",
                        "words",
                        "rules",
                        List.of(Map.of("percent", 100, "error", Map.of(), "commands", "SET")),
                        "connections",
                        List.of(Map.of("percent", 100, "delay", "1s"))));
        try (FilterTester tester = bed.connection()) {
            tester.client(SET + GET);
            assertThat(tester.toClient()).isEmpty();

            tester.advance(Duration.ofSeconds(1));

            assertThat(tester.toClient()).isEqualTo("FAULT fault injected by the proxy\n");
            assertThat(tester.toUpstream()).isEqualTo(GET);
        }
    }

    @Test
    void doesNothingWhileDisabledAndPassesWhatItCannotRead() {
        Map<String, ?> rule = Map.of("percent", 100, "error", Map.of());
        FilterBed off =
                FilterBed.of(new FaultFactory(), Map.of("enabled", false, "protocol", "words", "rules", List.of(rule)));
        try (FilterTester tester = off.connection()) {
            tester.client(GET);
            assertThat(tester.toUpstream()).isEqualTo(GET);
        }
        FilterBed on = fault(rule);
        try (FilterTester tester = on.connection()) {
            tester.client("no command\n" + GET);
            assertThat(tester.toUpstream()).isEqualTo("no command\n" + GET);
        }
        assertThat(on.counts("weir_gate_undecodable", "filter", "action")).isEqualTo(Map.of("fault pass", 1));
    }
}
