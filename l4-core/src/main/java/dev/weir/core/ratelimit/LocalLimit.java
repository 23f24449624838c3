package dev.weir.core.ratelimit;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.protocol.CommandPolicy.Decision;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;

/** One limit that Weir counts by itself. Immutable but for its buckets; shared by all event loops. */
final class LocalLimit {
    /**
     * What it does with a command, apart from its buckets.
     *
     * @param scope who shares a bucket
     * @param action what becomes of what is over the limit
     * @param maxDelayNanos how long a command may be delayed; 0 if it is not
     * @param shadow whether it only counts
     * @param tellsWhen whether clients can be told when to try again
     */
    record Rule(Scope scope, Action action, long maxDelayNanos, boolean shadow, boolean tellsWhen) {}

    final Scope scope;
    final boolean shadow;
    final Cover cover;
    private final Decision refusal;
    private final Decision.Deny error;
    private final boolean tellsWhen;
    private final long maxDelayNanos;
    private final Buckets buckets;
    private final Counter allowed;
    private final Counter delayed;
    private final Counter refused;
    private final Counter overflow;

    /** {@code error} is what clients are told; of no meaning for limits of connections. */
    LocalLimit(Rule rule, Cover cover, Buckets buckets, LimitMetrics metrics, Decision.Deny error) {
        this.scope = rule.scope;
        this.shadow = rule.shadow;
        this.tellsWhen = rule.tellsWhen;
        this.maxDelayNanos = rule.maxDelayNanos;
        this.cover = cover;
        this.buckets = buckets;
        this.error = error;
        this.refusal = rule.action == Action.CLOSE ? new Decision.Close(CloseReason.RATE_LIMITED, error) : error;
        this.allowed = metrics.counter(LimitMetrics.Result.ALLOWED);
        this.delayed = metrics.counter(shadow ? LimitMetrics.Result.SHADOW : LimitMetrics.Result.DELAYED);
        this.refused = metrics.counter(
                shadow
                        ? LimitMetrics.Result.SHADOW
                        : rule.action == Action.CLOSE ? LimitMetrics.Result.CLOSED : LimitMetrics.Result.DENIED);
        this.overflow = metrics.overflow();
    }

    /** Finds the bucket of {@code key}; to be given back with {@link #release}. For scopes that have a key. */
    BucketTable.Tracked acquire(String key, long nanos) {
        BucketTable.Tracked tracked = table().acquire(key, nanos);
        if (tracked.overflow()) {
            overflow.increment();
        }
        return tracked;
    }

    void release(BucketTable.Tracked tracked) {
        table().release(tracked);
    }

    /** The bucket of a limit per listener. */
    TokenBucket single() {
        TokenBucket single = buckets.single;
        if (single == null) {
            throw new IllegalStateException("a bucket for each " + scope.label());
        }
        return single;
    }

    private BucketTable table() {
        BucketTable table = buckets.table;
        if (table == null) {
            throw new IllegalStateException("one bucket for all");
        }
        return table;
    }

    /** What becomes of a command for which {@code bucket} has had no token. */
    Decision refusal(TokenBucket bucket, long nanos) {
        return tellsWhen && refusal == error
                ? new Decision.Deny(error.code(), error.message(), Duration.ofNanos(bucket.untilToken(nanos)))
                : refusal;
    }

    /**
     * Takes a token, and counts what comes of it.
     *
     * @return nanoseconds to wait, 0 for none, or {@link TokenBucket#REFUSED}
     */
    long take(TokenBucket bucket, long nanos) {
        long wait = bucket.take(nanos, maxDelayNanos);
        (wait == 0 ? allowed : wait > 0 ? delayed : refused).increment();
        return wait;
    }
}
