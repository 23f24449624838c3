package dev.weir.core.net;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Wakes a connection when the next of its holds may expire: one timer at a time, none after the close. */
final class HoldTimer {
    private final Runnable check;
    private @Nullable ScheduledFuture<?> timer;
    /** When it fires, on the connection's clock. */
    private long at;

    /** {@code check} looks at all holds, and starts the timer again as long as there is one. */
    HoldTimer(Runnable check) {
        this.check = check;
    }

    /** Fires in {@code nanos}, unless it does so earlier already. */
    void atLatest(EventLoop loop, long now, long nanos) {
        if (timer != null && at - now <= nanos) {
            return;
        }
        stop();
        at = now + nanos;
        timer = loop.schedule(
                () -> {
                    timer = null;
                    check.run();
                },
                nanos,
                TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
