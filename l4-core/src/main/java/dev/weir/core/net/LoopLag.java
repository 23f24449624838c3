package dev.weir.core.net;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/** Measures how late each event loop runs a task: what a byte waits there before anybody looks at it. */
final class LoopLag implements AutoCloseable {
    private static final long PERIOD_MILLIS = 500;

    private final List<ScheduledFuture<?>> probes = new ArrayList<>();
    private final AtomicLongArray worst;

    LoopLag(List<Loop> loops, MeterRegistry meters) {
        worst = new AtomicLongArray(loops.size());
        for (Loop loop : loops) {
            int i = loop.index();
            Probe probe = new Probe(i);
            probes.add(loop.loop().scheduleAtFixedRate(probe, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS));
            Gauge.builder("weir.event.loop.lag", worst, w -> w.getAndSet(i, 0) / 1e9)
                    .description("Longest delay of a task of an event loop since the last scrape")
                    .baseUnit("seconds")
                    .tag("loop", Integer.toString(i))
                    .register(meters);
        }
    }

    @Override
    public void close() {
        probes.forEach(probe -> probe.cancel(false));
    }

    private final class Probe implements Runnable {
        private final int index;
        private long due;

        Probe(int index) {
            this.index = index;
        }

        @Override
        public void run() {
            long now = System.nanoTime();
            if (due != 0) {
                worst.accumulateAndGet(index, now - due, Math::max);
            }
            due = now + TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
        }
    }
}
