package dev.weir.http;

import dev.weir.core.filter.WireClock;
import java.util.concurrent.TimeUnit;

/**
 * How many more streams may end badly on account of a client than end well: streams that are reset before they are answered have cost their work all the same
 * (CVE-2023-44487, CVE-2025-8671).
 */
final class Http2Credit {
    private static final int MOST = 200;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final WireClock clock;
    private int left = MOST;
    private long since;

    Http2Credit(WireClock clock) {
        this.clock = clock;
        this.since = clock.nanoTime();
    }

    /** A stream ended well. */
    void earn() {
        if (left < MOST) {
            left++;
        }
    }

    /** One ended badly; false if there were too many in too short a time. The clock is read only when there is none left. */
    boolean spend() {
        if (--left >= 0) {
            return true;
        }
        long now = clock.nanoTime();
        boolean slow = now - since >= WINDOW_NANOS;
        since = now;
        left = MOST;
        return slow;
    }
}
