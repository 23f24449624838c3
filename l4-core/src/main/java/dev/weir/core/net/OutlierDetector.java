package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint.Outcome;
import dev.weir.core.config.Address;
import dev.weir.core.config.OutlierConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes hosts out that fail their clients, for a while that grows (Envoy's "outlier detection": consecutive failures, success rates).
 * Results come from any thread; everything else is done on the clusters' thread.
 */
final class OutlierDetector implements Host.Results, AutoCloseable {
    /** What is known of an address besides its host. */
    private static final class Past {
        int times;
        long until;
    }

    private final LiveCluster cluster;
    private final OutlierConfig config;
    private final ClusterThread thread;
    private final ClusterMetrics metrics;
    private final Map<Address, Past> records = new HashMap<>();
    private @Nullable ScheduledFuture<?> tick;

    OutlierDetector(LiveCluster cluster, OutlierConfig config, ClusterThread thread, ClusterMetrics metrics) {
        this.cluster = cluster;
        this.config = config;
        this.thread = thread;
        this.metrics = metrics;
    }

    @Override
    public void add(Host host, Outcome outcome) {
        if (outcome == Outcome.SUCCESS || outcome == Outcome.WRONG_ROLE) {
            if (host.failuresInARow.get() != 0) {
                host.failuresInARow.set(0);
            }
            host.successes.increment();
            return;
        }
        host.failed.increment();
        int failures = host.failuresInARow.incrementAndGet();
        if (failures == config.consecutiveFailures()) {
            thread.execute(() -> {
                inForce().eject(host.address(), failures + " failures in a row", "consecutive_failures");
                // Counted anew, as Envoy does: who could not be ejected now is looked at again after as many.
                host.failuresInARow.set(0);
            });
        }
    }

    /** Connections may outlive the configuration that they were made by: what they tell is of use to the one in force. */
    private OutlierDetector inForce() {
        LiveCluster now = metrics.current();
        return now != null && now.results() instanceof OutlierDetector detector ? detector : this;
    }

    void start() {
        tick = thread.schedule(this::tick, config.interval().toMillis());
    }

    private void tick() {
        long now = System.nanoTime();
        for (Host host : cluster.known()) {
            Past record = records.get(host.address());
            if (record == null) {
                continue;
            }
            if (host.is(Host.EJECTED)) {
                if (now - record.until >= 0) {
                    cluster.set(
                            host,
                            host.state().flags() & ~Host.EJECTED,
                            host.state().reason());
                }
            } else if (record.times > 0) {
                record.times--;
            }
        }
        records.keySet().retainAll(cluster.known().stream().map(Host::address).toList());
        successRates();
        start();
    }

    private void successRates() {
        List<Host> asked = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        for (Host host : cluster.known()) {
            long good = host.successes.sumThenReset();
            long all = good + host.failed.sumThenReset();
            if (all >= config.successRateRequests() && !host.is(Host.EJECTED)) {
                asked.add(host);
                rates.add(100.0 * good / all);
            }
        }
        if (config.successRateHosts() == 0 || asked.size() < config.successRateHosts()) {
            return;
        }
        double mean = rates.stream().mapToDouble(r -> r).average().orElse(100);
        double variance = rates.stream()
                .mapToDouble(r -> (r - mean) * (r - mean))
                .average()
                .orElse(0);
        double least = mean - config.successRateFactor() * Math.sqrt(variance);
        for (int i = 0; i < asked.size(); i++) {
            if (rates.get(i) < least) {
                eject(
                        asked.get(i).address(),
                        String.format(java.util.Locale.ROOT, "success rate %.1f %%", rates.get(i)),
                        "success_rate");
            }
        }
    }

    /** By its address: the host itself is another one after a change of its weight. */
    private void eject(Address address, String reason, String kind) {
        Host host = cluster.host(address);
        List<Host> all = cluster.known();
        long out = all.stream().filter(h -> h.is(Host.EJECTED)).count();
        boolean first = out == 0 && config.maxEjectedPercent() > 0 && all.size() > 1;
        if (host == null || host.is(Host.EJECTED) || cluster.stopped()) {
            return;
        }
        if (!first && (out + 1) * 100 > (long) config.maxEjectedPercent() * all.size()) {
            metrics.notEjected();
            return;
        }
        Past record = records.computeIfAbsent(address, any -> new Past());
        record.times++;
        long millis = Math.min(
                config.maxEjection().toMillis(),
                record.times * config.baseEjection().toMillis());
        record.until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        metrics.ejected(kind);
        long now = cluster.parts().shared().now();
        host.ejected(now, now + millis);
        cluster.set(host, host.state().flags() | Host.EJECTED, reason + ", ejected for " + millis + " ms");
    }

    @Override
    public void close() {
        if (tick != null) {
            tick.cancel(false);
        }
    }
}
