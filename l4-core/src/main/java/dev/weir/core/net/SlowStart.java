package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A host with the weight it has while it warms up: from a tenth on, in proportion to its age (Envoy's "slow start", aggression 1). */
final class SlowStart implements Endpoint {
    /** All weights are multiplied, so that a part of a weight of 1 is a whole number. */
    private static final int SCALE = 100;

    private static final double LEAST = 0.1;

    private final Host host;
    private final int weight;

    private SlowStart(Host host, int weight) {
        this.host = host;
        this.weight = weight;
    }

    /** Whether any of them has not all of its weight yet. {@code window}: nanoseconds; 0 for no slow start. */
    static boolean isUnderWay(List<Host> hosts, long window) {
        long now = System.nanoTime();
        return hosts.stream().anyMatch(host -> age(host, now, window) < window);
    }

    /** All of them with the weights of this moment. */
    static List<SlowStart> weighted(List<Host> hosts, long window) {
        long now = System.nanoTime();
        return hosts.stream()
                .map(host -> of(host, age(host, now, window), window))
                .toList();
    }

    private static long age(Host host, long now, long window) {
        return host.usedSince() == 0 ? window : now - host.usedSince();
    }

    private static SlowStart of(Host host, long age, long window) {
        double share = age >= window ? 1 : Math.max(LEAST, (double) Math.max(0, age) / window);
        return new SlowStart(host, (int) Math.max(1, Math.round(host.weight() * share * SCALE)));
    }

    @Override
    public Address address() {
        return host.address();
    }

    @Override
    public int weight() {
        return weight;
    }

    @Override
    public @Nullable ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
        return host.connect(loop, initializer);
    }

    @Override
    public void done(Outcome outcome, long micros) {
        host.done(outcome, micros);
    }

    @Override
    public int activeConnections() {
        return host.activeConnections();
    }

    @Override
    public long connects() {
        return host.connects();
    }

    @Override
    public long connectFailures() {
        return host.connectFailures();
    }
}
