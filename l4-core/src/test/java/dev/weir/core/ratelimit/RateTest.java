package dev.weir.core.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateTest {
    @ParameterizedTest
    @CsvSource({
        "100/s, 100, 1000000000",
        "30/m, 30, 60000000000",
        "5000 / h, 5000, 3600000000000",
        "1/d, 1, 86400000000000"
    })
    void readsTokensAndPeriod(String text, long tokens, long nanos) {
        assertThat(Rate.parse(text)).isEqualTo(new Rate(tokens, nanos));
    }

    @ParameterizedTest
    @ValueSource(strings = {"100", "0/s", "-1/s", "1.5/s", "100/ms", "100000001/s", "s", "", "999999999999/s"})
    void saysWhatItExpects(String text) {
        assertThatThrownBy(() -> Rate.parse(text))
                .hasMessage("\"" + text + "\" (expected: a rate such as 100/s, 30/m, 5000/h, 1/d; at most 100000000)");
    }

    @Test
    void aBucketFillsWithinThirtyDays() {
        assertThat(BucketShape.maxBurst(Rate.parse("1/d"))).isEqualTo(30);
        assertThat(BucketShape.maxBurst(Rate.parse("1/s"))).isEqualTo(30 * 86_400);
        assertThat(BucketShape.maxBurst(Rate.parse("100000000/s"))).isEqualTo(1_000_000_000);
    }
}
