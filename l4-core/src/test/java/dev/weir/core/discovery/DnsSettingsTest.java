package dev.weir.core.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** When to ask again. */
class DnsSettingsTest {
    /** Takes off as little, or as much, as there is to take. */
    private static RandomGenerator always(boolean most) {
        return new Random() {
            private static final long serialVersionUID = 1L;

            @Override
            public long nextLong(long bound) {
                return most ? bound - 1 : 0;
            }
        };
    }

    private static DnsSettings settings(Map<String, Object> map) {
        ConfigErrors errors = new ConfigErrors();
        DnsSettings settings = DnsSettings.read(ConfigNode.of(map, errors));
        assertThat(errors.problems()).isEmpty();
        return settings;
    }

    @Test
    void asksAgainAfterTheTtlWithinItsBounds() {
        DnsSettings settings = settings(Map.of());

        assertThat(settings.refreshMillis(0)).isEqualTo(1_000);
        assertThat(settings.refreshMillis(30)).isEqualTo(30_000);
        assertThat(settings.refreshMillis(86_400)).isEqualTo(300_000);
        assertThat(settings.refreshMillis(Integer.MAX_VALUE)).isEqualTo(300_000);
    }

    @Test
    void asksAgainAtAFixedTimeWhereConfigured() {
        DnsSettings settings = settings(Map.of("refresh", "7s"));

        assertThat(settings.refreshMillis(0)).isEqualTo(7_000);
        assertThat(settings.refreshMillis(86_400)).isEqualTo(7_000);
    }

    @Test
    void waitsTwiceAsLongAfterEachFailureUpToHalfAMinute() {
        DnsSettings settings = settings(Map.of());

        List<Long> delays = List.of(1, 2, 3, 5, 6, 1_000_000).stream()
                .map(failures -> settings.retryMillis(failures, always(false)))
                .toList();

        assertThat(delays).containsExactly(1_000L, 2_000L, 4_000L, 16_000L, 30_000L, 30_000L);
    }

    @Test
    void takesOffHalfOfTheWaitAtMostByChance() {
        DnsSettings settings = settings(Map.of());

        assertThat(settings.retryMillis(1, always(true))).isEqualTo(500);
        assertThat(settings.retryMillis(9, always(true))).isEqualTo(15_000);
    }

    @Test
    void retriesNoLaterThanTheFixedTime() {
        DnsSettings settings = settings(Map.of("refresh", "3s"));

        assertThat(settings.retryMillis(9, always(false))).isEqualTo(3_000);
    }

    @Test
    void asksPort53OfServersWithoutAPort() {
        DnsSettings settings = settings(Map.of("servers", List.of("10.0.0.2", "[2001:db8::53]", "10.0.0.3:5353")));

        assertThat(settings.servers().stream().map(DnsLookup::shown))
                .containsExactly("10.0.0.2:53", "[2001:db8::53]:53", "10.0.0.3:5353");
    }
}
