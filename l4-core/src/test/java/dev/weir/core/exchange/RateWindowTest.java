package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RateWindowTest {
    private final TestClock clock = new TestClock();
    private final RateWindow<String> window = new RateWindow<>(clock);

    @Test
    void theFirstRateIsSinceTheStart() {
        clock.advance(Duration.ofSeconds(50));

        assertThat(window.perSecond(Map.of("a", 100L))).containsEntry("a", 2.0);
    }

    @Test
    void laterOnesAreOverTheLastTenSeconds() {
        for (int second = 1; second <= 60; second++) {
            clock.advance(Duration.ofSeconds(1));
            window.sample(Map.of("a", second < 50 ? 0L : (second - 49) * 100L));
        }

        assertThat(window.perSecond(Map.of("a", 1_100L))).containsEntry("a", 100.0);
    }

    @Test
    void aNewRowStartsAtZeroAndAShrunkOneHasNoRate() {
        clock.advance(Duration.ofSeconds(1));
        window.sample(Map.of("a", 100L));
        clock.advance(Duration.ofSeconds(11));
        window.sample(Map.of("a", 100L));
        clock.advance(Duration.ofSeconds(2));

        assertThat(window.perSecond(Map.of("a", 50L, "b", 10L)))
                .containsEntry("a", 0.0)
                .containsEntry("b", 5.0);
    }

    @Test
    void askingTwiceAtTheSameMomentGivesAFiniteRate() {
        window.perSecond(Map.of("a", 10L));

        assertThat(window.perSecond(Map.of("a", 10L)).get("a")).isFinite();
    }
}
