package dev.weir.core.ratelimit;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the buckets of one limit have in common. Times are kept in 1/64 ns, so that rates which do not divide a second are
 * off by less than 1/100,000.
 */
public final class BucketShape {
    /** A bucket must fill within this time: longer ones would not be counted right, nor be of use. */
    static final long MAX_FILL_NANOS = TimeUnit.DAYS.toNanos(30);

    static final int UNIT_SHIFT = 6;

    /** Time between two tokens. */
    final long interval;
    /** Time in which an empty bucket fills. */
    final long capacity;

    /** {@code burst} is how many tokens a full bucket holds, 1…{@link #maxBurst}. */
    public BucketShape(Rate rate, long burst) {
        this.interval = Math.max(1, Math.round((double) (rate.periodNanos() << UNIT_SHIFT) / rate.tokens()));
        this.capacity = interval * burst;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof BucketShape shape && interval == shape.interval && capacity == shape.capacity;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(31 * interval + capacity);
    }

    /** The most tokens that a bucket with {@code rate} may hold. */
    static long maxBurst(Rate rate) {
        double tokens = (double) MAX_FILL_NANOS / rate.periodNanos() * rate.tokens();
        return (long) Math.max(1, Math.min(tokens, 1_000_000_000));
    }
}
