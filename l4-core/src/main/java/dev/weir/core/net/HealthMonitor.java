package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.Address;
import dev.weir.core.config.HealthConfig;
import dev.weir.core.config.ProxyHeaderConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Checks the hosts of one cluster, each on its own, and counts results. On the clusters' thread; checks run on event loops. */
final class HealthMonitor implements AutoCloseable {
    /** New hosts wait for their first check before they are used. */
    private static final long LONGEST_SPREAD_MILLIS = 1_000;

    /** The checks of one address. */
    private static final class Watch {
        final Address address;
        int inARow;
        boolean lastHealthy;
        int check;

        @Nullable
        ScheduledFuture<?> next;

        @Nullable
        ScheduledFuture<?> alarm;

        Watch(Address address) {
            this.address = address;
        }

        void cancel() {
            check++;
            if (next != null) {
                next.cancel(false);
            }
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }

    private final LiveCluster cluster;
    private final HealthConfig config;
    private final HealthCheck.Probe probe;
    private final ClusterMetrics metrics;
    private final ClusterThread thread;
    private final Map<Address, Watch> watches = new HashMap<>();

    HealthMonitor(LiveCluster cluster, HealthConfig config, HealthCheck.Probe probe, ClusterMetrics metrics) {
        this.cluster = cluster;
        this.config = config;
        this.probe = probe;
        this.metrics = metrics;
        this.thread = cluster.parts().shared().thread();
    }

    /** These are the hosts now: a new one is checked at once, many not all at the same moment. */
    void watch(List<Host> hosts) {
        Set<Address> named = new HashSet<>();
        long spread = hosts.stream()
                                .filter(host -> !watches.containsKey(host.address()))
                                .count()
                        > 1
                ? Math.min(LONGEST_SPREAD_MILLIS, Math.round(config.interval().toMillis() * config.jitter()))
                : 0;
        for (Host host : hosts) {
            named.add(host.address());
            if (!watches.containsKey(host.address())) {
                Watch watch = new Watch(host.address());
                watches.put(host.address(), watch);
                if (spread > 0) {
                    watch.next = thread.schedule(
                            () -> check(watch), ThreadLocalRandom.current().nextLong(spread));
                } else {
                    check(watch);
                }
            }
        }
        List.copyOf(watches.keySet()).stream()
                .filter(address -> !named.contains(address))
                .forEach(this::forget);
    }

    /** That host has left. */
    void forget(Address address) {
        Watch watch = watches.remove(address);
        if (watch != null) {
            watch.cancel();
        }
    }

    private void check(Watch watch) {
        int number = ++watch.check;
        EventLoop loop = cluster.parts().shared().loop();
        watch.alarm = thread.schedule(
                () -> result(
                        watch,
                        number,
                        Health.no("no answer within " + config.timeout().toMillis() + " ms")),
                config.timeout().toMillis());
        try {
            loop.execute(() -> ask(watch, number, loop));
        } catch (RejectedExecutionException e) {
            watch.cancel(); // the proxy ends
        }
    }

    private void ask(Watch watch, int number, EventLoop loop) {
        Future<Health> answer;
        try {
            answer = probe.check(new Asked(loop, watch.address));
        } catch (RuntimeException e) {
            answer = loop.newFailedFuture(e);
        }
        answer.addListener((Future<Health> done) -> {
            Health found = done.isSuccess() ? done.getNow() : null;
            // Also of a check that breaks its contract: without a result there would be no next one.
            Health health = found != null ? found : Health.no("the check failed: " + done.cause());
            thread.execute(() -> result(watch, number, health));
        });
    }

    private final class Asked implements HealthCheck.Target {
        private final EventLoop loop;
        private final Address address;

        Asked(EventLoop loop, Address address) {
            this.loop = loop;
            this.address = address;
        }

        @Override
        public EventLoop loop() {
            return loop;
        }

        @Override
        public Address address() {
            return address;
        }

        @Override
        public Duration timeout() {
            return config.timeout();
        }

        private @Nullable String name() {
            Host host = cluster.host(address);
            return host == null ? null : Discovery.nameOf(host.metadata());
        }

        @Override
        public ChannelFuture connect(ChannelHandler handler) {
            ProxyHeaderConfig header = cluster.config().proxyHeader();
            return DiscoveryContext.reading(cluster.parts()
                    .connector()
                    .connect(
                            address,
                            cluster.config(),
                            loop,
                            handler,
                            new Connector.Begin(
                                    header == null ? null : new ProxyGreeting(header, null),
                                    cluster.parts().secure(),
                                    name())));
        }
    }

    private void result(Watch watch, int number, Health health) {
        if (number != watch.check || cluster.stopped()) {
            return; // the answer came after its time
        }
        watch.check++;
        if (watch.alarm != null) {
            watch.alarm.cancel(false);
        }
        metrics.checked(health.healthy());
        Host host = cluster.host(watch.address);
        if (host == null) {
            forget(watch.address);
            return;
        }
        watch.inARow = watch.lastHealthy == health.healthy() ? watch.inARow + 1 : 1;
        watch.lastHealthy = health.healthy();
        // The first of all results decides at once. A reload is no reason to trust a single one again.
        if (!host.checked()
                || watch.inARow >= (health.healthy() ? config.healthyThreshold() : config.unhealthyThreshold())) {
            host.setChecked();
            decide(host, health);
        }
        if (watches.get(watch.address) == watch) { // it may just have left for good
            Duration interval = host.usable() ? config.interval() : config.unhealthyInterval();
            watch.next = thread.schedule(() -> check(watch), delay(interval));
        }
    }

    private void decide(Host host, Health health) {
        int against = host.state().flags() & ~(Host.UNHEALTHY | Host.UNCHECKED);
        if (health.healthy()) {
            // Envoy, too: who answers its check is not kept out for what it did before.
            cluster.set(host, against & ~Host.EJECTED, "");
        } else {
            cluster.set(host, against | Host.UNHEALTHY, health.reason());
        }
    }

    private long delay(Duration interval) {
        double moved = 1 + config.jitter() * (2 * ThreadLocalRandom.current().nextDouble() - 1);
        return Math.max(1, Math.round(interval.toMillis() * moved));
    }

    @Override
    public void close() {
        watches.values().forEach(Watch::cancel);
        watches.clear();
    }
}
