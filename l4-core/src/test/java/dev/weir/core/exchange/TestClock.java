package dev.weir.core.exchange;

import dev.weir.core.filter.WireClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands until it is moved. */
final class TestClock implements WireClock {
    static final Instant START = Instant.parse("2026-11-21T10:15:30.123456Z");
    private final AtomicLong nanos = new AtomicLong();

    void advance(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Override
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public long epochMicros(long nanoTime) {
        return START.getEpochSecond() * 1_000_000 + START.getNano() / 1_000 + nanoTime / 1_000;
    }
}
