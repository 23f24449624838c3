package dev.weir.http;

import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The tries of one exchange, one after the other: as often as its route says, as far as the cluster's budget goes, and never where a request might be executed twice that must not be. */
final class Tries {
    private final HttpExchange exchange;
    private final RouteCluster to;
    private final Retries retries;
    private final long hash;
    private @Nullable Attempt attempt;
    private @Nullable Exclusions excluded;
    private @Nullable ScheduledFuture<?> pause;
    private int made;
    /** The first try does not count. */
    private boolean free;

    /** Has a place among those that are tried again. */
    private boolean retrying;

    Tries(HttpExchange exchange, RouteCluster to, long hash) {
        this.exchange = exchange;
        this.to = to;
        this.retries = exchange.route().retries();
        this.hash = hash;
    }

    /** Makes the first one, or the next. */
    void next() {
        if (made > 0) { // not before: who leaves in the pause was not asked for again
            exchange.observation.retried(made + 1);
            exchange.home.metrics.retries.increment();
        }
        Attempt next = new Attempt(exchange, to, ++made);
        attempt = next;
        next.start(hash, excluded == null ? Exclusions.NONE : excluded);
    }

    /** The one under way, or null. */
    @Nullable
    Attempt current() {
        return attempt;
    }

    /** The one that takes the request's body, or null. */
    @Nullable
    Attempt sending() {
        return attempt != null && attempt.isSending() ? attempt : null;
    }

    boolean isFirst() {
        return made <= 1;
    }

    /** Whether another one will be made after this failure. */
    boolean again(Attempt by, Failure failure) {
        if (failure == Failure.STALE) {
            free |= made == 1; // a connection that was closed meanwhile says nothing of its endpoint
        }
        return made < retries.attempts() + (free ? 1 : 0)
                && retries.onFailure(failure)
                && repeatable(by, failure.isUnprocessed())
                && again(by, failure != Failure.STALE);
    }

    /** Whether another one will be made after such an answer. */
    boolean again(Attempt by, int status) {
        return made < retries.attempts() + (free ? 1 : 0)
                && retries.onStatus(status)
                && repeatable(by, false)
                && again(by, true);
    }

    /** @param unprocessed whether the upstream has done nothing for it, for sure */
    private boolean repeatable(Attempt by, boolean unprocessed) {
        return (!exchange.asksTunnel() || by.sentNothing())
                && exchange.body.isRepeatable()
                && (unprocessed || by.sentNothing() || retries.allows(exchange.method()));
    }

    /** @param elsewhere whether another endpoint is to be asked, if there is one */
    private boolean again(Attempt by, boolean elsewhere) {
        if (!retrying && !to.cluster().acquire(Limit.RETRIES)) {
            return false;
        }
        retrying = true;
        if (elsewhere) {
            if (excluded == null) {
                excluded = Exclusions.create();
            }
            by.excludeFrom(excluded);
        }
        by.abandon();
        attempt = null;
        pause = exchange.home.loop.schedule(
                () -> {
                    pause = null;
                    next();
                },
                retries.pauseNanos(made),
                TimeUnit.NANOSECONDS);
        return true;
    }

    void timedOut(Failure failure) {
        if (attempt != null) {
            attempt.timedOut(failure);
        }
    }

    /** The exchange is over. */
    void end() {
        if (pause != null) {
            pause.cancel(false);
            pause = null;
        }
        if (retrying) {
            retrying = false;
            to.cluster().release(Limit.RETRIES);
        }
        if (attempt != null) {
            attempt.exchangeEnded();
        }
    }
}
