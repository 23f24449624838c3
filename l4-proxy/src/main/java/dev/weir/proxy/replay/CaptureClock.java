package dev.weir.proxy.replay;

import dev.weir.core.filter.WireClock;

/** The time of the packet that is looked at, in nanoseconds since 1970. Captures may go back a little; it does not. */
final class CaptureClock implements WireClock {
    private long now;

    void advance(long nanos) {
        now = Math.max(now, nanos);
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public long epochMicros(long nanoTime) {
        return nanoTime / 1_000;
    }
}
