package dev.weir.core.net;

import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.config.ClusterConfig;
import dev.weir.core.config.ProxyHeaderConfig;
import dev.weir.core.filter.Connection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A server of a cluster, as long as its address is known. Its state is written by the clusters' thread, read by all. */
final class Host implements Endpoint {
    /** Why it may not be used; it is if none is set. */
    static final int UNCHECKED = 1;

    static final int UNHEALTHY = 1 << 1;
    static final int EJECTED = 1 << 2;
    /** Discovery does not name it any more. It is used as long as nothing else is against it. */
    static final int ABSENT = 1 << 3;

    private static final int UNUSABLE = UNCHECKED | UNHEALTHY | EJECTED;

    /** What outlives a reload that keeps the address. */
    static final class Counters {
        final AtomicInteger active = new AtomicInteger();
        final LongAdder connects = new LongAdder();
        final LongAdder failures = new LongAdder();
    }

    /**
     * What is said of its health.
     *
     * @param flags what is against it
     * @param reason why, for people; empty if nothing is
     * @param since when it changed last, in milliseconds of the wall clock
     */
    record State(int flags, String reason, long since) {}

    /** Counts how exchanges and connections with it went. */
    interface Results {
        void add(Host host, Outcome outcome);
    }

    private final Found found;
    private final ClusterConfig cluster;
    private final Connector connector;
    private final Counters counters;
    private final AtomicInteger open;
    private final Results results;
    /** Its connections, where they are to be closed when it leaves. */
    private final @Nullable Set<Channel> channels;

    private volatile State state;
    /** When it was last taken into use, in nanoseconds; for its slow start. */
    private volatile long usedSince;

    /** For the outlier detection: failures in a row, and both kinds within an interval. */
    final AtomicInteger failuresInARow = new AtomicInteger();

    final LongAdder successes = new LongAdder();
    final LongAdder failed = new LongAdder();

    Host(Found found, LiveCluster cluster, Counters counters, State first) {
        this.found = found;
        this.cluster = cluster.config();
        this.connector = cluster.parts().connector();
        this.results = cluster.results();
        this.open = cluster.open();
        this.counters = counters;
        this.channels = cluster.config().closesOnRemoval() ? ConcurrentHashMap.newKeySet() : null;
        this.state = first;
    }

    Found found() {
        return found;
    }

    Counters counters() {
        return counters;
    }

    State state() {
        return state;
    }

    void state(State next) {
        state = next;
    }

    boolean usable() {
        return (state.flags & UNUSABLE) == 0;
    }

    boolean is(int flag) {
        return (state.flags & flag) != 0;
    }

    /** A word for what is against it, {@code healthy} if nothing is. */
    String health() {
        if (is(EJECTED)) {
            return "ejected";
        }
        return is(UNHEALTHY) ? "unhealthy" : is(UNCHECKED) ? "unchecked" : "healthy";
    }

    long usedSince() {
        return usedSince;
    }

    void usedSince(long nanos) {
        usedSince = nanos;
    }

    @Override
    public Address address() {
        return found.address();
    }

    @Override
    public @Nullable String name() {
        return found.name();
    }

    @Override
    public int weight() {
        return found.weight();
    }

    @Override
    public ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
        return connect(loop, initializer, null);
    }

    @Override
    public ChannelFuture connect(Connection client, ChannelHandler initializer) {
        return connect(client.loop(), initializer, client);
    }

    private ChannelFuture connect(EventLoop loop, ChannelHandler initializer, @Nullable Connection client) {
        ProxyHeaderConfig header = cluster.proxyHeader();
        ProxyGreeting greeting = header == null ? null : new ProxyGreeting(header, client);
        counters.active.incrementAndGet();
        open.incrementAndGet();
        ChannelFuture connecting = connector.connect(found.address(), cluster, loop, initializer, greeting);
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                counters.connects.increment();
            } else {
                counters.failures.increment();
            }
        });
        Channel channel = connecting.channel();
        if (channels != null) {
            channels.add(channel);
        }
        channel.closeFuture().addListener(closed -> {
            counters.active.decrementAndGet();
            open.decrementAndGet();
            if (channels != null) {
                channels.remove(channel);
            }
        });
        return connecting;
    }

    /** It has left the cluster: its connections are closed, where that is wanted. */
    void left() {
        if (channels != null) {
            channels.forEach(Channel::close);
        }
    }

    @Override
    public void done(Outcome outcome, long micros) {
        results.add(this, outcome);
    }

    @Override
    public int activeConnections() {
        return counters.active.get();
    }

    @Override
    public long connects() {
        return counters.connects.sum();
    }

    @Override
    public long connectFailures() {
        return counters.failures.sum();
    }

    @Override
    public String toString() {
        return found.address().toString();
    }
}
