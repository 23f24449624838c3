package dev.weir.core.filter;

import java.time.Instant;

/** Monotonic nanoseconds tied to the wall clock; tied anew each second, so that it follows NTP. */
final class SystemWireClock implements WireClock {
    static final SystemWireClock INSTANCE = new SystemWireClock();
    private static final long REANCHOR_NANOS = 1_000_000_000L;

    /** Both readings in one object, so that a reader never sees half a pair. */
    private record Anchor(long nanos, long micros) {}

    private volatile Anchor anchor = anchor();

    private static Anchor anchor() {
        Instant now = Instant.now();
        return new Anchor(System.nanoTime(), now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long epochMicros(long nanoTime) {
        Anchor a = anchor;
        if (Math.abs(nanoTime - a.nanos) > REANCHOR_NANOS) {
            a = anchor();
            anchor = a;
        }
        return a.micros + (nanoTime - a.nanos) / 1_000;
    }
}
