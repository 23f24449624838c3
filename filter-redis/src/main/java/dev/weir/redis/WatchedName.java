package dev.weir.redis;

import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Sentinels watch under one name: asks them in rounds, when there is a reason and from time to time. One name's rounds wait for no other's, as
 * one whose master is silent takes long. On the loop of its watch.
 */
final class WatchedName implements SentinelRound.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedName.class);

    /** A fail-over is a burst of events: between the end of a round and the beginning of the next one. */
    private static final long GAP_MILLIS = 20;

    private final String name;
    private final SentinelWatch watch;
    private final SentinelSettings settings;
    private List<Found> endpoints = List.of();
    /** What the cluster was told of it last. */
    private List<Found> told = List.of();

    private Set<Address> sentinels = Set.of();
    private boolean running;
    private boolean wanted;
    private @Nullable Future<?> next;
    private int failures;
    private long epoch = -1;
    private long ended = System.nanoTime();

    WatchedName(String name, SentinelWatch watch) {
        this.name = name;
        this.watch = watch;
        this.settings = watch.settings();
    }

    String name() {
        return name;
    }

    /** What was found last; empty if nothing ever was. */
    List<Found> endpoints() {
        return endpoints;
    }

    /** What the cluster was told of it last; empty if nothing ever was. */
    List<Found> told() {
        return told;
    }

    /** The cluster is told this of it. */
    void told(List<Found> now) {
        told = now;
    }

    /** The Sentinels that watch it, by those that answered last. */
    Set<Address> sentinels() {
        return sentinels;
    }

    /** There is a reason to ask before the time. */
    void news() {
        if (watch.closed() || running || wanted) {
            wanted = true;
        } else if (System.nanoTime() - ended < TimeUnit.MILLISECONDS.toNanos(GAP_MILLIS)) {
            wanted = true;
            lookIn(GAP_MILLIS);
        } else {
            look();
        }
    }

    private void lookIn(long millis) {
        if (next != null) {
            next.cancel(false);
        }
        next = watch.context().loop().schedule(this::look, millis, TimeUnit.MILLISECONDS);
    }

    void look() {
        if (watch.closed() || running) {
            return;
        }
        if (next != null) {
            next.cancel(false);
        }
        running = true;
        wanted = false;
        watch.check();
        new SentinelRound(name, settings, watch.context(), watch.sentinels(), epoch, this).start();
    }

    @Override
    public @Nullable String found(SentinelView view, @Nullable String problem) {
        if (watch.closed()) {
            return null;
        }
        if (problem != null && settings.role() == SentinelSettings.Role.ANY) {
            return problem; // Replicas alone would take the master out.
        }
        List<Found> found = new ArrayList<>();
        boolean master = settings.role() != SentinelSettings.Role.REPLICAS
                || settings.fallback() && view.replicas().isEmpty();
        if (master && problem == null) {
            found.add(endpoint(view.master(), "master"));
        }
        if (settings.role() != SentinelSettings.Role.MASTER) {
            view.replicas().forEach(replica -> found.add(endpoint(replica, "replica")));
        }
        String conflict = found.isEmpty() ? null : tell(view, found);
        if (conflict != null || master) {
            return conflict != null ? conflict : problem;
        }
        return found.isEmpty() ? name + " has no healthy replica" : null;
    }

    private @Nullable String tell(SentinelView view, List<Found> found) {
        if (view.epoch() != epoch) {
            LOG.info(
                    "cluster {}: {} is {} by Sentinel {}, epoch {}",
                    watch.context().cluster(),
                    name,
                    view.master(),
                    view.sentinel(),
                    view.epoch());
        }
        epoch = view.epoch();
        endpoints = found;
        return watch.found(this);
    }

    private Found endpoint(Address address, String role) {
        return new Found(address, settings.sharded() ? name : null, 1, Map.of("role", role, "shard", name));
    }

    @Override
    public void ended(List<SentinelView> views, @Nullable String problem) {
        if (watch.closed()) {
            return;
        }
        running = false;
        ended = System.nanoTime();
        if (!views.isEmpty()) {
            Set<Address> named = new LinkedHashSet<>();
            views.forEach(view -> named.add(view.sentinel()));
            views.forEach(view -> named.addAll(view.sentinels()));
            sentinels = named;
            wanted |= watch.learn();
        }
        failures = problem == null ? 0 : failures + 1;
        if (problem != null) {
            watch.failed(name, problem);
        }
        long delay = settings.pace().pauseMillis(failures, ThreadLocalRandom.current());
        lookIn(wanted ? GAP_MILLIS : delay);
    }

    void close() {
        if (next != null) {
            next.cancel(false);
        }
    }
}
