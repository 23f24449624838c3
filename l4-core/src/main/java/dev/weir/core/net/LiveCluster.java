package dev.weir.core.net;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.cluster.Limit;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.cluster.Snapshot;
import dev.weir.core.config.Address;
import dev.weir.core.config.ClusterConfig;
import dev.weir.core.tls.TlsClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster whose hosts come and go. The data path reads one immutable {@link HostSet}; everything else happens on the clusters'
 * thread, but for the first set of hosts that a configuration names. Lives as long as a generation uses it.
 */
final class LiveCluster implements Cluster {
    private static final Logger LOG = LoggerFactory.getLogger(LiveCluster.class);
    /** What else changes meanwhile is built into the same set. */
    private static final long GATHER_MILLIS = 5;

    private static final long SLOW_START_MILLIS = 1_000;

    private final ClusterParts parts;
    private final ClusterConfig config;
    private final KeyHash keyHash;
    private final ClusterMetrics metrics;
    private final ClusterLimits limits;
    private final LeftHosts left;
    private final Host.Results results;
    private final Rediscovery rediscovery;
    /** Hosts of the generation before that are not known here yet; empty once this is made. */
    private final Map<Address, Host> earlier = new HashMap<>();
    /** Those that this configuration does not name any more; until it is in force. */
    private List<Host> departed = List.of();

    private final Map<Address, Host> known = new LinkedHashMap<>();
    private final AtomicBoolean rebuilding = new AtomicBoolean();
    private final List<AutoCloseable> running = new ArrayList<>();
    private volatile HostSet hosts = HostSet.EMPTY;
    private boolean first = true;
    private boolean warmingUp;
    private int users;
    private boolean started;
    private volatile boolean stopped;

    /** {@code before} is the cluster of that name in the generation before: its counters, and what it knew of its hosts, are taken on. */
    LiveCluster(ClusterParts parts, @Nullable LiveCluster before) {
        this.parts = parts;
        this.config = parts.config();
        this.metrics = parts.shared().metrics(config.name());
        this.keyHash =
                parts.balancer() == null ? KeyHash.XX_HASH : parts.balancer().keyHash();
        this.rediscovery = new Rediscovery(parts.shared().thread(), metrics);
        this.left = before == null ? new LeftHosts() : before.left;
        this.limits = new ClusterLimits(config.limits(), metrics);
        this.results = config.outliers() == null
                ? (host, outcome) -> {}
                : new OutlierDetector(this, config.outliers(), parts.shared().thread(), metrics);
        if (before != null) {
            before.snapshot().endpoints().forEach(e -> {
                if (e instanceof Host host) {
                    earlier.put(host.address(), host);
                }
            });
            if (parts.source() != null) {
                // Until it has found its own.
                merge(
                        before.snapshot().endpoints().stream()
                                .filter(Host.class::isInstance)
                                .map(e -> ((Host) e).found())
                                .toList(),
                        false);
            }
        }
        List<Found> named = config.endpoints().stream()
                .map(e -> new Found(e.address(), e.name(), e.weight(), e.metadata()))
                .toList();
        if (named.stream().anyMatch(found -> earlier.containsKey(found.address()))) {
            first = false; // some go on, so the others can wait for their checks
        }
        merge(named, false);
        earlier.values().forEach(left::add);
        departed = config.closesOnRemoval() ? List.copyOf(earlier.values()) : List.of();
        earlier.clear();
        build();
    }

    ClusterConfig config() {
        return config;
    }

    ClusterParts parts() {
        return parts;
    }

    Host.Results results() {
        return results;
    }

    Rediscovery rediscovery() {
        return rediscovery;
    }

    ClusterLimits limits() {
        return limits;
    }

    ClusterMetrics metrics() {
        return metrics;
    }

    HostSet hosts() {
        return hosts;
    }

    // ---- what the data path asks

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public String loadBalancing() {
        return config.loadBalancing();
    }

    @Override
    public boolean usesHash() {
        return parts.usesHash();
    }

    @Override
    public KeyHash keyHash() {
        return keyHash;
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt, Exclusions excluded) {
        return hosts.pick(hash, attempt, excluded);
    }

    @Override
    public @Nullable Endpoint elsewhere(Address target) {
        Host.State fine = Host.State.of(0, "", parts.shared().now());
        return target.isUnix() ? null : new Host(Found.of(target), this, new Host.Kept(), fine);
    }

    @Override
    public @Nullable Endpoint pickToConnect(long hash, int attempt, Exclusions excluded) {
        return limits.full() ? null : hosts.pick(hash, attempt, excluded, limits.ofHosts() ? limits : null);
    }

    @Override
    public boolean acquire(Limit limit) {
        return limits.acquire(limit);
    }

    @Override
    public void release(Limit limit) {
        limits.release(limit);
    }

    @Override
    public @Nullable TlsClient tls() {
        UpstreamTls secure = parts.secure();
        return secure == null ? null : secure.client();
    }

    @Override
    public Snapshot snapshot() {
        return hosts.snapshot();
    }

    @Override
    public boolean wantsOutcomes() {
        return config.outliers() != null || parts.source() != null;
    }

    @Override
    public int connectTimeoutMillis() {
        return (int) config.connectTimeout().toMillis();
    }

    // ---- its life

    /** One more generation has it. */
    synchronized void retain() {
        users++;
    }

    /** A generation that had it has ended; the last one stops it. */
    void release() {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
            stopped = true;
            metrics.end(this);
            if (!started) {
                parts.close();
                return;
            }
        }
        parts.shared().thread().execute(this::stop);
    }

    private void stop() {
        rediscovery.end();
        for (AutoCloseable one : running) {
            try {
                one.close();
            } catch (Exception e) {
                LOG.warn("cluster {}: did not stop", name(), e);
            }
        }
        running.clear();
        parts.close();
    }

    /** The configuration is in force: hosts are looked for and checked from now on. Once; later calls do nothing. */
    synchronized void start() {
        metrics.use(this);
        departed.forEach(Host::closeConnections);
        departed = List.of();
        if (started
                || parts.source() == null
                        && parts.probe() == null
                        && config.outliers() == null
                        && config.slowStart().isZero()) {
            return;
        }
        started = true;
        parts.shared().thread().execute(() -> {
            if (stopped) {
                return;
            }
            if (parts.probe() != null && config.health() != null) {
                HealthMonitor monitor = new HealthMonitor(this, config.health(), parts.probe(), metrics);
                health = monitor;
                running.add(monitor);
                monitor.watch(List.copyOf(known.values()));
            }
            if (results instanceof OutlierDetector detector) {
                detector.start();
                running.add(detector);
            }
            if (parts.source() != null) {
                Discovery.Search search = parts.source().start(new DiscoveryContext(this, metrics));
                running.add(search);
                rediscovery.of(search);
            }
            if (!config.slowStart().isZero()) {
                changed(); // That of hosts that came with this configuration goes on.
            }
        });
    }

    private @Nullable HealthMonitor health;

    // ---- on the clusters' thread

    boolean stopped() {
        return stopped;
    }

    /** Discovery says that these are its hosts; with {@code only}, that others are not to be used whatever their checks say. */
    void found(List<Found> all, boolean only) {
        if (all.isEmpty()) {
            metrics.discoveryFailed();
            LOG.warn("cluster {}: discovery found nothing; the {} hosts there are stay", name(), known.size());
            return;
        }
        metrics.discovered();
        if (merge(all, only)) {
            if (health != null) {
                health.watch(List.copyOf(known.values()));
            }
            changed();
        }
    }

    /** Whether anything is new. */
    private boolean merge(List<Found> all, boolean only) {
        if (all.isEmpty()) {
            return false;
        }
        boolean changed = false;
        Map<Address, Found> named = new LinkedHashMap<>();
        all.forEach(found -> named.putIfAbsent(found.address(), found));
        for (Host host : List.copyOf(known.values())) {
            if (!named.containsKey(host.address())) {
                changed |= absent(host, only);
            }
        }
        for (Found found : named.values()) {
            Host host = known.get(found.address());
            if (host == null || !host.found().equals(found)) {
                known.put(found.address(), host(found, host));
                changed = true;
            } else if (host.is(Host.ABSENT)) {
                set(host, host.state().flags() & ~Host.ABSENT, "");
                changed = true;
            }
        }
        first = false;
        order(named.keySet());
        return changed;
    }

    /** As discovery names them; those it does not name any more come behind. */
    private void order(Set<Address> named) {
        Map<Address, Host> before = new LinkedHashMap<>(known);
        known.clear();
        named.forEach(address -> {
            Host host = before.remove(address);
            if (host != null) {
                known.put(address, host);
            }
        });
        known.putAll(before);
    }

    private boolean absent(Host host, boolean only) {
        if (parts.probe() != null && host.usable() && !only) {
            if (!host.is(Host.ABSENT)) {
                LOG.info("cluster {}: {} is not named any more, but answers its checks", name(), host);
                set(host, host.state().flags() | Host.ABSENT, "");
                return true;
            }
            return false;
        }
        remove(host);
        return true;
    }

    private void remove(Host host) {
        LOG.info("cluster {}: {} has left", name(), host);
        known.remove(host.address());
        left.add(host);
        if (health != null) {
            health.forget(host.address());
        }
        // A cluster of an earlier configuration says nothing about the connections of the one in force.
        if (config.closesOnRemoval() && metrics.isCurrent(this)) {
            host.closeConnections();
        }
    }

    /** A host that is new, or whose weight or name has changed. */
    private Host host(Found found, @Nullable Host before) {
        if (before != null) {
            Host.State was = before.state();
            Host.State state = Host.State.of(was.flags() & ~Host.ABSENT, was.reason(), was.since());
            Host host = new Host(found, this, before.kept(), state);
            host.takeOn(before);
            return host;
        }
        Host old = earlier.remove(found.address());
        if (old != null) {
            int flags =
                    old.state().flags() & (parts.source() == null ? Host.UNCHECKED | Host.UNHEALTHY : ~Host.EJECTED);
            if (parts.probe() == null) {
                flags &= Host.ABSENT;
            }
            Host host = new Host(
                    found,
                    this,
                    old.kept(),
                    Host.State.of(flags, old.state().reason(), old.state().since()));
            host.takeOn(old);
            return host;
        }
        boolean unchecked = parts.probe() != null && !first;
        Host.State state = Host.State.of(
                unchecked ? Host.UNCHECKED : 0,
                "not checked yet",
                parts.shared().now());
        Host host = new Host(found, this, left.back(found.address()), state);
        if (!first) {
            LOG.info("cluster {}: {} is new", name(), host);
            host.usedSince(System.nanoTime());
        }
        return host;
    }

    /** Sets what is against a host; says so where that changes whether it is used. The reason is that of what keeps it from being used. */
    void set(Host host, int flags, String reason) {
        boolean was = host.usable();
        Host.State state = host.state();
        if (state.flags() == flags) {
            host.state(Host.State.of(flags, reason, state.since()));
            return;
        }
        if ((state.flags() & ~flags & Host.EJECTED) != 0) {
            host.failuresInARow.set(0);
        }
        host.state(Host.State.of(flags, reason, parts.shared().now()));
        if (was != host.usable()) {
            if (host.usable()) {
                host.usedSince(System.nanoTime());
                LOG.info("cluster {}: {} is healthy", name(), host);
            } else {
                LOG.warn("cluster {}: {} is not used: {}", name(), host, reason);
                rediscovery.ask();
            }
            if (!host.usable() && host.is(Host.ABSENT)) {
                remove(host);
            }
        }
        changed();
    }

    /** The hosts as they are known, also those that are not used. */
    List<Host> known() {
        return List.copyOf(known.values());
    }

    /** The host at an address, if there is one. */
    @Nullable
    Host host(Address address) {
        return known.get(address);
    }

    /** Builds another set, soon. */
    private void changed() {
        if (started && rebuilding.compareAndSet(false, true)) {
            parts.shared()
                    .thread()
                    .schedule(
                            () -> {
                                rebuilding.set(false);
                                if (!stopped) {
                                    build();
                                }
                            },
                            GATHER_MILLIS);
        }
    }

    private void build() {
        List<Host> all = List.copyOf(known.values());
        List<Host> used = all.stream().filter(Host::usable).toList();
        boolean panic = used.size() * 100L < (long) config.panicThreshold() * all.size();
        if (panic) {
            used = all;
        }
        if (parts.usesHash()) {
            used = Shards.owners(all, used);
        }
        // Hosts that have just come get less than their share.
        long window = parts.usesHash() ? 0 : config.slowStart().toNanos();
        boolean warming = SlowStart.isUnderWay(used, window);
        List<? extends Endpoint> weighted = warming ? SlowStart.weighted(used, window) : used;
        LoadBalancer.Builder balancer = parts.balancer();
        LoadBalancer.Picker picker =
                balancer == null || used.isEmpty() ? null : balancer.build(weighted, metrics.usage().connections::get);
        if (panic != hosts.panic()) {
            LOG.warn(
                    "cluster {}: {}",
                    name(),
                    panic ? "too few hosts are healthy: all are used" : "enough hosts are healthy");
        }
        boolean shards = parts.usesHash() && used.stream().allMatch(host -> host.shard() != null);
        Snapshot snapshot = new Snapshot(hosts.snapshot().version() + 1, List.copyOf(all));
        hosts = new HostSet(snapshot, used, picker, panic, shards);
        if (warming && started && !warmingUp) {
            warmingUp = true;
            parts.shared()
                    .thread()
                    .schedule(
                            () -> {
                                warmingUp = false;
                                changed();
                            },
                            SLOW_START_MILLIS);
        }
    }
}
