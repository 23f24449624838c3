package dev.weir.core.testkit;

import dev.weir.core.filter.WireClock;

/** A clock that stands still until told otherwise. Begins at one second; its epoch is 2026-01-01. */
public final class FakeClock implements WireClock {
    private static final long EPOCH_MICROS = 1_767_225_600_000_000L;

    private long nanos = 1_000_000_000L;

    /** Makes a clock. */
    public FakeClock() {}

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public long epochMicros(long nanoTime) {
        return EPOCH_MICROS + nanoTime / 1000;
    }

    /** Sets the time. */
    public void set(long nanoTime) {
        nanos = nanoTime;
    }

    /** Lets time pass. */
    public void advance(long byNanos) {
        nanos += byNanos;
    }
}
