package dev.weir.core.builtin;

import dev.weir.core.filter.FilterEnvironment;
import io.micrometer.core.instrument.Counter;
import java.util.concurrent.atomic.AtomicInteger;

/** The faults of one filter that last, which are delays: counted over all event loops, so many there may be at a time. */
final class ActiveFaults {
    private final int most;
    private final AtomicInteger now = new AtomicInteger();
    private final Counter skipped;

    ActiveFaults(int most, FilterEnvironment environment) {
        this.most = most;
        this.skipped = Counter.builder("weir_fault_skipped")
                .description("Delays that were not made because max_active of them went on")
                .tag("listener", environment.listener())
                .register(environment.meters());
    }

    /** Whether one more may begin; then it has. */
    boolean enter() {
        if (now.incrementAndGet() <= most) {
            return true;
        }
        now.decrementAndGet();
        skipped.increment();
        return false;
    }

    /** One has ended. */
    void leave() {
        now.decrementAndGet();
    }
}
