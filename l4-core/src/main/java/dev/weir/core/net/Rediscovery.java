package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Has a cluster's discovery ask again before its time, as soon as somebody wishes it, but not more often than once a second. */
final class Rediscovery {
    /** Between two of them; what is wished for meanwhile comes at its end. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ClusterThread thread;
    private final ClusterMetrics metrics;
    /** Whether it is wished for. */
    private final AtomicBoolean wished = new AtomicBoolean();

    private volatile Discovery.@Nullable Search search;
    private boolean once;
    private long last;

    Rediscovery(ClusterThread thread, ClusterMetrics metrics) {
        this.thread = thread;
        this.metrics = metrics;
    }

    /** This is what is to ask. On the clusters' thread. */
    void of(Discovery.Search running) {
        search = running;
    }

    /** Nobody is asked any more. On the clusters' thread. */
    void end() {
        search = null;
    }

    /** Wishes for it. From any thread; costs a read if it is wished for already, or if there is nobody to ask. */
    void ask() {
        if (search == null) {
            // Of a connection that outlives the configuration that it was made by.
            LiveCluster now = metrics.current();
            if (now != null && now.rediscovery() != this) {
                now.rediscovery().wish();
            }
        } else {
            wish();
        }
    }

    private void wish() {
        if (search != null && !wished.get() && wished.compareAndSet(false, true)) {
            thread.execute(this::soon);
        }
    }

    private void soon() {
        long left = once ? last + PAUSE_NANOS - System.nanoTime() : 0;
        if (left > 0) {
            thread.schedule(this::now, TimeUnit.NANOSECONDS.toMillis(left) + 1);
        } else {
            now();
        }
    }

    private void now() {
        once = true;
        last = System.nanoTime();
        wished.set(false);
        Discovery.Search running = search;
        if (running != null) {
            metrics.rediscovered();
            running.again();
        }
    }
}
