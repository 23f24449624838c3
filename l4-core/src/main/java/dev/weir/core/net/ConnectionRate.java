package dev.weir.core.net;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket in one number, when it would be full: the "generic cell rate algorithm" of ITU-T I.371. Without locks, from any thread.
 */
final class ConnectionRate {
    /** When the bucket is full, in nanoseconds; 0 before the first token is taken. */
    private final AtomicLong full = new AtomicLong();

    /**
     * Takes a token.
     *
     * @param interval nanoseconds in which a token comes
     * @param burst tokens of a full bucket
     * @return false if there is none
     */
    boolean take(long now, long interval, int burst) {
        while (true) {
            long before = full.get();
            long next = next(before, now) + interval;
            if (next - now > interval * burst) {
                return false;
            }
            // 0 stands for a bucket that was never used.
            if (full.compareAndSet(before, next == 0 ? 1 : next)) {
                return true;
            }
        }
    }

    /** Whether there is one. */
    boolean has(long now, long interval, int burst) {
        return next(full.get(), now) + interval - now <= interval * burst;
    }

    private static long next(long before, long now) {
        return before == 0 || before - now < 0 ? now : before;
    }
}
