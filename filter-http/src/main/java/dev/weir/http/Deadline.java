package dev.weir.http;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A point in time that is often moved: a timer that is set anew only where it must. On the loop. */
final class Deadline implements Runnable {
    private final HttpLoop home;
    private final Runnable expired;
    private boolean set;
    private long at;
    private @Nullable ScheduledFuture<?> timer;
    private long timerAt;

    Deadline(HttpLoop home, Runnable expired) {
        this.home = home;
        this.expired = expired;
    }

    boolean isSet() {
        return set;
    }

    /** From now on it is that far away. */
    void in(long nanos) {
        at = home.clock.nanoTime() + nanos;
        set = true;
        ScheduledFuture<?> running = timer;
        if (running != null && timerAt - at > 0) {
            running.cancel(false);
            timer = null;
        }
        if (timer == null) {
            start(nanos);
        }
    }

    /** There is none. A timer that runs finds that out by itself. */
    void clear() {
        set = false;
    }

    /** There will be none any more. */
    void stop() {
        set = false;
        ScheduledFuture<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
    }

    private void start(long nanos) {
        timerAt = at;
        timer = home.loop.schedule(this, nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void run() {
        timer = null;
        if (!set) {
            return;
        }
        long left = at - home.clock.nanoTime();
        if (left > 0) {
            start(left);
        } else {
            set = false;
            expired.run();
        }
    }
}
