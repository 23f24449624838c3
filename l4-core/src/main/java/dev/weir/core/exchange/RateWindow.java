package dev.weir.core.exchange;

import dev.weir.core.filter.WireClock;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * Turns counters into rates: keeps samples of the last ten seconds, taken when somebody asks or a timer says so,
 * and compares with the oldest of them. The first answer is a rate since the start.
 *
 * @param <K> what is counted
 */
final class RateWindow<K> {
    private static final long WINDOW_NANOS = 10_000_000_000L;
    private static final long STEP_NANOS = 1_000_000_000L;
    private static final long LEAST_NANOS = 100_000_000L;

    private record Sample<K>(long nanos, Map<K, Long> totals) {}

    private final WireClock clock;
    private final ArrayDeque<Sample<K>> samples = new ArrayDeque<>();

    RateWindow(WireClock clock) {
        this.clock = clock;
        samples.add(new Sample<>(clock.nanoTime(), Map.of()));
    }

    /** Remembers {@code totals} unless a sample was taken in the last second. */
    synchronized void sample(Map<K, Long> totals) {
        add(clock.nanoTime(), totals);
    }

    /** The growth of each counter per second. */
    synchronized Map<K, Double> perSecond(Map<K, Long> totals) {
        long now = clock.nanoTime();
        Sample<K> base = samples.getFirst();
        double seconds = Math.max(LEAST_NANOS, now - base.nanos) / 1e9;
        Map<K, Double> rates = new HashMap<>();
        totals.forEach((key, total) -> {
            long before = base.totals.getOrDefault(key, 0L);
            // A row of the top table may have shrunk.
            rates.put(key, Math.max(0, total - before) / seconds);
        });
        add(now, totals);
        return rates;
    }

    private void add(long now, Map<K, Long> totals) {
        if (now - samples.getLast().nanos >= STEP_NANOS) {
            samples.add(new Sample<>(now, Map.copyOf(totals)));
        }
        while (samples.size() > 1 && now - samples.getFirst().nanos > WINDOW_NANOS) {
            samples.removeFirst();
        }
    }
}
