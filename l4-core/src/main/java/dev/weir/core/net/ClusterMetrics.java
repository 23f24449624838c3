package dev.weir.core.net;

import dev.weir.core.cluster.Limit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The meters of one cluster's name; they outlive its generations. */
final class ClusterMetrics {
    /** What is bounded for a cluster as a whole. */
    static final List<Limit> BOUNDED = List.of(Limit.CONNECTIONS, Limit.PENDING, Limit.REQUESTS, Limit.RETRIES);

    private final Counter healthy;
    private final Counter unhealthy;
    private final Counter discovered;
    private final Counter discoveryFailed;
    private final Counter rediscoveries;
    private final Counter byFailures;
    private final Counter byRate;
    private final Counter notEjected;
    private final Counter retries;
    private final Map<Limit, Counter> overflows = new EnumMap<>(Limit.class);
    private final ClusterUsage usage = new ClusterUsage();
    private volatile @Nullable LiveCluster current;

    ClusterMetrics(MeterRegistry meters, String cluster) {
        healthy = counter(meters, cluster, "weir_cluster_health_checks", "Active checks", "result", "healthy");
        unhealthy = counter(meters, cluster, "weir_cluster_health_checks", "Active checks", "result", "unhealthy");
        discovered = counter(meters, cluster, "weir_cluster_discoveries", "Answers of discovery", "result", "ok");
        discoveryFailed =
                counter(meters, cluster, "weir_cluster_discoveries", "Answers of discovery", "result", "failed");
        rediscoveries = Counter.builder("weir_cluster_rediscoveries")
                .description("Discovery asked again before its time")
                .tag("cluster", cluster)
                .register(meters);
        byFailures =
                counter(meters, cluster, "weir_cluster_ejections", "Hosts ejected", "reason", "consecutive_failures");
        byRate = counter(meters, cluster, "weir_cluster_ejections", "Hosts ejected", "reason", "success_rate");
        notEjected = counter(meters, cluster, "weir_cluster_ejections", "Hosts ejected", "reason", "not_enforced");
        retries = Counter.builder("weir_cluster_retries")
                .description("Attempts after a first one that failed")
                .tag("cluster", cluster)
                .register(meters);
        for (Limit limit : Limit.values()) {
            overflows.put(
                    limit,
                    counter(
                            meters,
                            cluster,
                            "weir_cluster_overflow",
                            "Refused by a circuit breaker",
                            "limit",
                            limit.label()));
        }
        for (Limit limit : BOUNDED) {
            Gauge.builder("weir_cluster_open", usage.of(limit), AtomicInteger::get)
                    .description("What a cluster has open, of what circuit breakers bound")
                    .tag("cluster", cluster)
                    .tag("limit", limit.label())
                    .register(meters);
        }
        hosts(meters, cluster, "used", host -> host.usable());
        hosts(meters, cluster, "unhealthy", host -> host.is(Host.UNHEALTHY));
        hosts(meters, cluster, "unchecked", host -> host.is(Host.UNCHECKED));
        hosts(meters, cluster, "ejected", host -> host.is(Host.EJECTED));
        Gauge.builder(
                        "weir_cluster_panic",
                        this,
                        m -> m.current != null && m.current.hosts().panic() ? 1 : 0)
                .description("1 while all hosts are used as too few are healthy")
                .tag("cluster", cluster)
                .register(meters);
    }

    private static Counter counter(
            MeterRegistry meters, String cluster, String name, String description, String tag, String value) {
        return Counter.builder(name)
                .description(description)
                .tag("cluster", cluster)
                .tag(tag, value)
                .register(meters);
    }

    private void hosts(MeterRegistry meters, String cluster, String state, Predicate<Host> is) {
        Gauge.builder("weir_cluster_hosts", this, m -> m.count(is))
                .description("Hosts by state")
                .tag("cluster", cluster)
                .tag("state", state)
                .register(meters);
    }

    private double count(Predicate<Host> is) {
        LiveCluster cluster = current;
        return cluster == null
                ? 0
                : cluster.snapshot().endpoints().stream()
                        .filter(e -> e instanceof Host host && is.test(host))
                        .count();
    }

    /** This is the cluster of that name now. */
    void use(LiveCluster cluster) {
        current = cluster;
    }

    /** The cluster of that name that is in force. */
    @Nullable
    LiveCluster current() {
        return current;
    }

    boolean isCurrent(LiveCluster cluster) {
        return current == cluster;
    }

    /** That cluster has stopped; nothing is to hold it. */
    void end(LiveCluster cluster) {
        if (current == cluster) {
            current = null;
        }
    }

    void checked(boolean result) {
        (result ? healthy : unhealthy).increment();
    }

    void discovered() {
        discovered.increment();
    }

    void discoveryFailed() {
        discoveryFailed.increment();
    }

    void rediscovered() {
        rediscoveries.increment();
    }

    void ejected(String kind) {
        (kind.equals("success_rate") ? byRate : byFailures).increment();
    }

    void notEjected() {
        notEjected.increment();
    }

    void retried() {
        retries.increment();
    }

    void overflow(Limit limit) {
        Counter counter = overflows.get(limit);
        if (counter != null) {
            counter.increment();
        }
    }

    /** How often that was. */
    long overflows(Limit limit) {
        Counter counter = overflows.get(limit);
        return counter == null ? 0 : (long) counter.count();
    }

    ClusterUsage usage() {
        return usage;
    }
}
