package dev.weir.http;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.WireClock;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connections of one terminal {@code http} share on one event loop. On that loop only, except {@link #close}. */
final class HttpLoop {
    /** Whose output is written at the end of the loop's iteration. */
    interface Flushing {
        /** Writes it to the socket. */
        void flushNow();
    }

    /** What is looked at now and then: its time may be over. */
    interface Watched {
        /** Looks. It may be unwatched meanwhile, and others. */
        void check(long now);
    }

    /** Its place among those that are watched: a timer for each would cost more than all else. */
    static final class Watch {
        private final Watched who;
        private @Nullable Watch before;
        private @Nullable Watch after;
        private boolean in;

        Watch(Watched who) {
            this.who = who;
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(HttpLoop.class);
    private static final long SWEEP_MILLIS = 250;

    final HttpSettings settings;
    final EventLoop loop;
    final WireClock clock;
    final Exchanges exchanges;
    final ProtocolErrors protocolErrors;
    final HttpMetrics metrics;

    private final PerLoop.@Nullable PerConnection<ConnectionPolicies> policies;

    private final List<UpstreamPool> pools = new ArrayList<>();
    private final Runnable flush = this::flushAll;
    private final ScheduledFuture<?> sweeping;
    private @Nullable Watch first;
    private @Nullable Watch next;
    private List<Flushing> dirty = new ArrayList<>();
    private List<Flushing> flushing = new ArrayList<>();

    HttpLoop(HttpSettings settings, LoopEnvironment environment) {
        this.settings = settings;
        this.loop = environment.loop();
        this.clock = environment.clock();
        this.exchanges = environment.exchanges();
        this.protocolErrors = settings.protocolErrors();
        this.metrics = settings.metrics();
        HttpPolicies asked = settings.policies();
        this.policies = asked == null ? null : asked.onLoop(environment);
        this.sweeping = loop.scheduleWithFixedDelay(this::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** The configuration has ended, and all of its clients with it. From any thread. */
    void close() {
        loop.execute(() -> {
            sweeping.cancel(false);
            pools.forEach(UpstreamPool::close);
        });
    }

    /** The policies for a connection, or null if there are none. */
    @Nullable
    ConnectionPolicies policies(Connection connection) {
        return policies == null ? null : policies.create(connection);
    }

    /** Connections to a cluster. */
    UpstreamPool pool(RouteCluster to) {
        for (int i = 0; i < pools.size(); i++) {
            UpstreamPool pool = pools.get(i);
            if (pool.is(to)) {
                return pool;
            }
        }
        UpstreamPool pool = new UpstreamPool(this, to.cluster(), to.protocol(), settings.upstreamLimits());
        pools.add(pool);
        return pool;
    }

    // ---- time

    /** Looks at it a few times a second from now on. */
    void watch(Watch watch) {
        if (watch.in) {
            return;
        }
        watch.in = true;
        watch.before = null;
        watch.after = first;
        if (first != null) {
            first.before = watch;
        }
        first = watch;
    }

    /** No more. */
    void unwatch(Watch watch) {
        if (!watch.in) {
            return;
        }
        watch.in = false;
        if (next == watch) {
            next = watch.after;
        }
        if (watch.before == null) {
            first = watch.after;
        } else {
            watch.before.after = watch.after;
        }
        if (watch.after != null) {
            watch.after.before = watch.before;
        }
        watch.before = null;
        watch.after = null;
    }

    private void sweep() {
        long now = clock.nanoTime();
        next = first;
        while (next != null) {
            Watch watch = next;
            next = watch.after;
            try {
                watch.who.check(now);
            } catch (RuntimeException | Error e) {
                LOG.error("A time-out could not be looked after", e); // the others are to have theirs
            }
        }
        for (int i = 0; i < pools.size(); i++) {
            try {
                pools.get(i).sweep(now);
            } catch (RuntimeException | Error e) {
                LOG.error("Connections could not be looked after", e);
            }
        }
    }

    /** Something of ours failed, or a channel. */
    void failed(String side, Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.error("An HTTP connection failed. side={}", side, cause);
        }
    }

    // ---- flushing

    /** Its output goes out at the end of this iteration. Each may say so once until then. */
    void soon(Flushing who) {
        if (dirty.isEmpty()) {
            loop.execute(flush);
        }
        dirty.add(who);
    }

    private void flushAll() {
        List<Flushing> all = dirty;
        dirty = flushing;
        flushing = all;
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).flushNow();
            } catch (RuntimeException | Error e) {
                LOG.error("Flushing failed", e); // the others are not to wait for ever
            }
        }
        all.clear();
    }
}
