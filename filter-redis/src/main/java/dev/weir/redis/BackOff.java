package dev.weir.redis;

import java.util.concurrent.TimeUnit;

/** After a connection has failed none is tried for a while, which grows from failure to failure. */
final class BackOff {
    private static final long FIRST = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(1);

    private long pause;
    private long until;

    /** Whether it is too early to try again. */
    boolean waits(long now) {
        return pause != 0 && now - until < 0;
    }

    /** Whether the last attempt has failed. */
    boolean isFailing() {
        return pause != 0;
    }

    void failed(long now) {
        pause = Math.min(LONGEST, Math.max(FIRST, pause * 2));
        until = now + pause;
    }

    void succeeded() {
        pause = 0;
    }
}
