package dev.weir.core.net;

import dev.weir.core.cluster.Limit;
import dev.weir.core.config.LimitsConfig;
import dev.weir.core.ratelimit.BucketShape;
import dev.weir.core.ratelimit.Rate;
import dev.weir.core.ratelimit.TokenBucket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What one generation of a cluster lets in ({@code circuit_breakers}). From any thread; exact, without locks. */
final class ClusterLimits {
    private final LimitsConfig config;
    private final ClusterUsage usage;
    private final ClusterMetrics metrics;
    /** How often a host may be connected to; null for no limit. */
    private final @Nullable BucketShape rate;

    ClusterLimits(LimitsConfig config, ClusterMetrics metrics) {
        this.config = config;
        this.usage = metrics.usage();
        this.metrics = metrics;
        this.rate = config.hostRate() == 0
                ? null
                : new BucketShape(new Rate(config.hostRate(), TimeUnit.SECONDS.toNanos(1)), config.hostBurst());
    }

    /** Takes a place; false if all are taken, which is counted. Who got one gives it back, once. */
    boolean acquire(Limit limit) {
        if (!take(usage.of(limit), most(limit))) {
            metrics.overflow(limit);
            return false;
        }
        if (limit == Limit.RETRIES) {
            metrics.retried();
        }
        return true;
    }

    void release(Limit limit) {
        usage.of(limit).decrementAndGet();
    }

    /** The most there may be at this moment; 0 for no limit. */
    int most(Limit limit) {
        return switch (limit) {
            case CONNECTIONS -> config.connections();
            case PENDING -> config.pending();
            case REQUESTS -> config.requests();
            case RETRIES -> retries();
            case HOST_CONNECTIONS -> config.hostConnections();
            case CONNECTION_RATE -> config.hostRate();
        };
    }

    /** Whether there is such a limit at all. */
    boolean bounds(Limit limit) {
        return limit == Limit.RETRIES ? config.budget() != null || config.retries() > 0 : most(limit) > 0;
    }

    /** A budget of none is no place, not no limit. */
    private int retries() {
        LimitsConfig.RetryBudget budget = config.budget();
        if (budget == null) {
            return config.retries();
        }
        long share = ((long) usage.requests.get() + usage.pending.get()) * budget.percent() / 100;
        int most = (int) Math.max(budget.minimum(), Math.min(share, Integer.MAX_VALUE));
        return most == 0 ? -1 : most;
    }

    private static boolean take(AtomicInteger open, int most) {
        if (most == 0) {
            open.incrementAndGet();
            return true;
        }
        int now = open.get();
        while (now < most) {
            if (open.compareAndSet(now, now + 1)) {
                return true;
            }
            now = open.get();
        }
        return false;
    }

    // ---- connections

    /** Whether the cluster has all of its connections; counts who is refused. */
    boolean full() {
        boolean full = config.connections() > 0 && usage.connections.get() >= config.connections();
        if (full) {
            metrics.overflow(Limit.CONNECTIONS);
        }
        return full;
    }

    /** Whether hosts are bounded at all. */
    boolean ofHosts() {
        return config.hostConnections() > 0 || rate != null;
    }

    /** What keeps a host from being connected to at this moment, or null. */
    @Nullable
    Limit reached(Host.Kept host) {
        if (config.hostConnections() > 0 && host.active.get() >= config.hostConnections()) {
            return Limit.HOST_CONNECTIONS;
        }
        return rate != null && !host.rate(rate).has(System.nanoTime()) ? Limit.CONNECTION_RATE : null;
    }

    /** All hosts are at a limit: that is counted. */
    void overflow(Limit limit) {
        metrics.overflow(limit);
    }

    /** Takes the places of a connection to a host. False, and counted, if there is none. */
    boolean connects(Host.Kept host) {
        if (!acquire(Limit.CONNECTIONS)) {
            return false;
        }
        if (!take(host.active, config.hostConnections())) {
            usage.connections.decrementAndGet();
            metrics.overflow(Limit.HOST_CONNECTIONS);
            return false;
        }
        if (rate != null && host.rate(rate).take(System.nanoTime(), 0) == TokenBucket.REFUSED) {
            closed(host);
            metrics.overflow(Limit.CONNECTION_RATE);
            return false;
        }
        return true;
    }

    /** Gives them back. */
    void closed(Host.Kept host) {
        host.active.decrementAndGet();
        usage.connections.decrementAndGet();
    }
}
