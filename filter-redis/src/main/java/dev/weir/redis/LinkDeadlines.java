package dev.weir.redis;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks after the time-outs of a link's calls with one timer, as they end in the order in which they were sent. */
final class LinkDeadlines {
    private final ProxyLoop home;
    private final ShardLink link;
    private final CallRing sent;
    private final long timeout;
    /** Of those sent, from the oldest on, how many have had their time. */
    private int expired;

    private @Nullable ScheduledFuture<?> timer;

    LinkDeadlines(ProxyLoop home, ShardLink link, CallRing sent) {
        this.home = home;
        this.link = link;
        this.sent = sent;
        this.timeout = home.settings.timeoutNanos();
    }

    /** A call was sent. */
    void sent() {
        if (timer == null && timeout > 0) {
            watch(timeout);
        }
    }

    /** The oldest call was answered. */
    void answered() {
        expired = Math.max(0, expired - 1);
    }

    void stop() {
        expired = 0;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void watch(long nanos) {
        timer = home.loop.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
    }

    private void check() {
        timer = null;
        long time = home.clock.nanoTime();
        while (expired < sent.size() && time - sent.get(expired).sent >= timeout) {
            Call call = sent.get(expired);
            boolean comes = expired == 0
                    && (link.pace().stopped() || call.responseBytes > 0 && time - link.lastRead() < timeout);
            if (comes) {
                break; // its answer is on its way
            }
            expired++;
            if (!call.done && !call.waits) {
                link.expired(call, timeout);
            }
        }
        Call oldest = sent.peek();
        if (oldest == null) {
            return;
        }
        if (timer != null) {
            timer.cancel(false); // of one that was sent meanwhile; the oldest is due before
            timer = null;
        }
        if (!oldest.waits && time - Math.max(oldest.sent, link.lastRead()) >= 2 * timeout) {
            link.silent(2 * timeout);
        }
        if (!sent.isEmpty() && timer == null) {
            long next = expired < sent.size() ? sent.get(expired).sent + timeout - time : timeout;
            watch(Math.max(next, Math.max(timeout / 8, TimeUnit.MILLISECONDS.toNanos(1))));
        }
    }
}
