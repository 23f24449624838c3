package dev.weir.core.ratelimit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A token bucket that any number of threads take from without a lock, by the generic cell rate algorithm (ITU-T I.371): all
 * there is of it is the time at which it will be full. Of a bucket that was full at time 0 no more than
 * {@code burst + rate × t} tokens are taken until any time t, whatever the threads do.
 */
public final class TokenBucket {
    /** No token now, nor within the time that may be waited. */
    public static final long REFUSED = -1;

    private static final VarHandle FULL_AT;

    static {
        try {
            FULL_AT = MethodHandles.lookup().findVarHandle(TokenBucket.class, "fullAt", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final BucketShape shape;
    /** In units of the shape; compared by differences only, as the clock's origin is arbitrary. */
    private volatile long fullAt;

    /** Begins full. {@code nanos} is the time of the wire clock, here and everywhere. */
    public TokenBucket(BucketShape shape, long nanos) {
        this.shape = shape;
        this.fullAt = nanos << BucketShape.UNIT_SHIFT;
    }

    /**
     * Takes a token.
     *
     * @param maxWait how long the caller would wait for one, in nanoseconds; 0 for not at all
     * @return how many nanoseconds to wait before using it, mostly 0; or {@link #REFUSED}, and nothing was taken
     */
    public long take(long nanos, long maxWait) {
        long now = nanos << BucketShape.UNIT_SHIFT;
        while (true) {
            long seen = fullAt;
            long missing = Math.max(0, seen - now);
            long wait = missing + shape.interval - shape.capacity;
            if (wait > 0 && (wait >>> BucketShape.UNIT_SHIFT) >= maxWait) {
                return REFUSED;
            }
            if (FULL_AT.compareAndSet(this, seen, now + missing + shape.interval)) {
                // Rounded up: a token is never there too early.
                return wait <= 0 ? 0 : (wait >>> BucketShape.UNIT_SHIFT) + 1;
            }
        }
    }

    /** Nanoseconds until there is a token, if nobody else takes it; 0 if there is one. */
    long untilToken(long nanos) {
        long missing = Math.max(0, fullAt - (nanos << BucketShape.UNIT_SHIFT));
        long wait = missing + shape.interval - shape.capacity;
        return wait <= 0 ? 0 : (wait - 1 >>> BucketShape.UNIT_SHIFT) + 1;
    }

    /** Whether there is a token at this moment. */
    public boolean has(long nanos) {
        return Math.max(0, fullAt - (nanos << BucketShape.UNIT_SHIFT)) + shape.interval <= shape.capacity;
    }

    /** Whether its settings are these. */
    public boolean has(BucketShape settings) {
        return shape.equals(settings);
    }

    /** Gives a token back that was taken and not used. */
    void giveBack() {
        FULL_AT.getAndAdd(this, -shape.interval);
    }

    /** Whether it is as good as a new one. */
    boolean full(long nanos) {
        return fullAt - (nanos << BucketShape.UNIT_SHIFT) <= 0;
    }
}
