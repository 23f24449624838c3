package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
    private static long[] sums(LatencyHistogram histogram) {
        long[] sums = new long[LatencyHistogram.SIZE];
        histogram.addTo(sums);
        return sums;
    }

    @Test
    void fitsIntoOneKibibyte() {
        assertThat(LatencyHistogram.SIZE * Integer.BYTES).isLessThanOrEqualTo(1_024 - 64);
    }

    @Test
    void isExactBelowThirtyTwoMicroseconds() {
        for (long micros = 0; micros < 32; micros++) {
            LatencyHistogram histogram = new LatencyHistogram();
            histogram.record(micros);

            assertThat(LatencyHistogram.quantile(sums(histogram), 0.5)).isEqualTo(micros);
        }
    }

    @Test
    void errsByAtMostFivePercent() {
        for (long micros = 32; micros < 134_000_000; micros += Math.max(1, micros / 500)) {
            LatencyHistogram histogram = new LatencyHistogram();
            histogram.record(micros);

            assertThat(LatencyHistogram.quantile(sums(histogram), 1)).isCloseTo(micros, withinPercentage(5));
        }
    }

    @Test
    void takesAnyLong() {
        LatencyHistogram histogram = new LatencyHistogram();
        histogram.record(Long.MAX_VALUE);
        histogram.record(-1);

        assertThat(LatencyHistogram.quantile(sums(histogram), 0)).isZero();
        assertThat(LatencyHistogram.quantile(sums(histogram), 1)).isCloseTo(134_000_000L, withinPercentage(5));
    }

    @Test
    void nothingRecordedIsMinusOne() {
        assertThat(LatencyHistogram.quantile(sums(new LatencyHistogram()), 0.99))
                .isEqualTo(-1);
    }

    @Test
    void quantilesAreThoseOfTheSortedValues() {
        Random random = new Random(3);
        LatencyHistogram a = new LatencyHistogram();
        LatencyHistogram b = new LatencyHistogram();
        long[] values = new long[20_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) Math.exp(random.nextGaussian() * 2 + 6);
            (i % 2 == 0 ? a : b).record(values[i]);
        }
        Arrays.sort(values);
        long[] sums = sums(a);
        b.addTo(sums);

        for (double q : new double[] {0.01, 0.5, 0.9, 0.99, 0.999}) {
            long exact = values[(int) Math.ceil(q * values.length) - 1];
            assertThat(LatencyHistogram.quantile(sums, q)).isCloseTo(exact, withinPercentage(5));
        }
    }

    @Test
    void halvesRatherThanOverflows() {
        LatencyHistogram full = new LatencyHistogram();
        full.record(100);
        full.record(1_000);
        for (int i = 0; i < 31; i++) {
            full.add(full);
        }
        full.record(100);

        long[] sums = sums(full);
        assertThat(sums[0]).isZero();
        assertThat(Arrays.stream(sums).sum()).isBetween(1L << 30, 1L << 32);
        assertThat(LatencyHistogram.quantile(sums, 0.4)).isCloseTo(100, withinPercentage(5));
        assertThat(LatencyHistogram.quantile(sums, 0.9)).isCloseTo(1_000, withinPercentage(5));
    }
}
