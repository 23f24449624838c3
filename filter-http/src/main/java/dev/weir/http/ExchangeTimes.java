package dev.weir.http;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How long an exchange may take: from its head to the end of its answer, and without anything moving. */
final class ExchangeTimes implements HttpLoop.Watched {
    /** Deadlines that are nearer than this are met to the millisecond, others within a quarter of a second. */
    private static final long EXACT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final HttpExchange exchange;
    private final HttpLoop home;
    private final HttpLoop.Watch watch = new HttpLoop.Watch(this);
    private long deadline;
    private long idleNanos;
    private int activity;
    private int seen = -1;
    private long idleSince;
    private @Nullable ScheduledFuture<?> alarm;

    ExchangeTimes(HttpExchange exchange, HttpLoop home) {
        this.exchange = exchange;
        this.home = home;
    }

    /**
     * From now on it is looked at.
     *
     * @param by how long the route lets it take
     * @param askedNanos how long the client wants to wait from {@code startNanos} on; 0 if it does not say
     */
    void begin(long startNanos, RouteTimeouts by, long askedNanos) {
        long route = by.requestNanos();
        long mostNanos = askedNanos > 0 && (route == 0 || askedNanos < route) ? askedNanos : route;
        idleNanos = by.idleNanos();
        if (mostNanos > 0) {
            deadline = startNanos + mostNanos;
            if (mostNanos < EXACT_NANOS) {
                long left = deadline - home.clock.nanoTime();
                alarm = home.loop.schedule(() -> check(home.clock.nanoTime()), Math.max(left, 1), TimeUnit.NANOSECONDS);
            }
        }
        home.watch(watch);
    }

    /** Something has moved. */
    void moved() {
        activity++;
    }

    /** It goes on for as long as both sides want. */
    void withoutDeadline() {
        deadline = 0;
    }

    /** Whether the time for all of it is over, though perhaps nobody has said so yet. */
    boolean isOver() {
        return deadline != 0 && home.clock.nanoTime() - deadline >= 0;
    }

    void end() {
        home.unwatch(watch);
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    @Override
    public void check(long now) {
        if (deadline != 0 && now - deadline >= 0) {
            exchange.timedOut(true);
        } else if (activity != seen) {
            seen = activity;
            idleSince = now;
        } else if (idleNanos > 0 && now - idleSince > idleNanos) {
            exchange.timedOut(false);
        }
    }
}
