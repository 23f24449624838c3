package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BucketsTest {
    @Test
    void aBoundBelongsToItsBucket() {
        double[] bounds = CommandStats.buckets();

        for (int i = 0; i < bounds.length; i++) {
            long nanos = Math.round(bounds[i] * 1e9);
            assertThat(Buckets.of(nanos)).isEqualTo(i);
            assertThat(Buckets.of(nanos - 1)).isEqualTo(i);
            assertThat(Buckets.of(nanos + 1)).isEqualTo(i + 1);
        }
    }

    @Test
    void everyDurationHasABucket() {
        assertThat(Buckets.of(0)).isZero();
        assertThat(Buckets.of(1)).isZero();
        assertThat(Buckets.of(Long.MAX_VALUE)).isEqualTo(Buckets.COUNT - 1);
    }

    @Test
    void boundsStartAtFiftyMicrosecondsAndContainThoseOfOpenTelemetry() {
        assertThat(CommandStats.buckets()[0]).isEqualTo(0.00005);
        assertThat(CommandStats.buckets()).contains(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10);
        assertThat(CommandStats.buckets()).isSorted();
    }
}
