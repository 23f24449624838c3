package dev.weir.core.net;

import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** What the clusters of a proxy share: their thread, event loops to work on, meters. */
final class Clusters implements AutoCloseable {
    private final ClusterThread thread = new ClusterThread();
    private final List<EventLoop> loops;
    private final MeterRegistry meters;
    private final WireClock clock;
    /** By name, so that counters outlive a reload. */
    private final Map<String, ClusterMetrics> metrics = new ConcurrentHashMap<>();

    Clusters(List<EventLoop> loops, MeterRegistry meters, WireClock clock) {
        this.clock = clock;
        this.loops = loops;
        this.meters = meters;
    }

    ClusterThread thread() {
        return thread;
    }

    /** One of the loops. */
    EventLoop loop() {
        return loops.get(ThreadLocalRandom.current().nextInt(loops.size()));
    }

    ClusterMetrics metrics(String cluster) {
        return metrics.computeIfAbsent(cluster, name -> new ClusterMetrics(meters, name));
    }

    /** The time of the wall clock in milliseconds, to be shown. */
    long now() {
        return clock.epochMicros(clock.nanoTime()) / 1_000;
    }

    @Override
    public void close() {
        thread.close();
    }
}
