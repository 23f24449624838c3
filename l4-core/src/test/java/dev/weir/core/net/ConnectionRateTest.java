package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a token bucket as it is described everywhere: tokens that drip in, up to a full bucket. */
class ConnectionRateTest {
    private static final long INTERVAL = 1_000;

    @ParameterizedTest
    @ValueSource(longs = {1, -5_000, Long.MAX_VALUE - 20_000, Long.MIN_VALUE})
    void letsThroughWhatABucketHas(long start) {
        Random random = new Random(1);
        for (int burst : new int[] {1, 2, 5}) {
            ConnectionRate rate = new ConnectionRate();
            long tokens = burst * INTERVAL;
            long now = start;
            for (int i = 0; i < 10_000; i++) {
                long pause = random.nextInt(4) == 0 ? random.nextInt(10_000) : random.nextInt(500);
                now += pause;
                tokens = Math.min(burst * INTERVAL, tokens + pause);
                boolean expected = tokens >= INTERVAL;

                assertThat(rate.has(now, INTERVAL, burst)).isEqualTo(expected);
                assertThat(rate.take(now, INTERVAL, burst)).isEqualTo(expected);
                tokens -= expected ? INTERVAL : 0;
            }
        }
    }
}
