package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.config.ClusterConfig;
import dev.weir.core.config.ProxyHeaderConfig;
import dev.weir.core.filter.Connection;
import dev.weir.core.ratelimit.BucketShape;
import dev.weir.core.ratelimit.TokenBucket;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.Map;
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

    /** What is kept of an address across changes of its weight, and reloads. */
    static final class Kept {
        final AtomicInteger active = new AtomicInteger();
        final LongAdder connects = new LongAdder();
        final LongAdder failures = new LongAdder();
        /** Of connections to it; null as long as none was limited. */
        private volatile @Nullable TokenBucket rate;

        /** Its connections. Known also where they are to stay when it leaves: a reload may change that. */
        final Set<Channel> channels = ConcurrentHashMap.newKeySet();

        volatile boolean gone;

        /** When it was last ejected, in milliseconds of the wall clock; 0 if it never was. To be shown. */
        volatile long ejectedAt;

        /** The bucket with these settings: after a change of them another one, which is full. */
        TokenBucket rate(BucketShape settings) {
            TokenBucket bucket = rate;
            if (bucket == null || !bucket.has(settings)) {
                bucket = new TokenBucket(settings, System.nanoTime());
                rate = bucket;
            }
            return bucket;
        }
    }

    /**
     * What is said of its health.
     *
     * @param flags what is against it
     * @param reason why, for people; empty if nothing is
     * @param since when the flags changed last, in milliseconds of the wall clock
     */
    record State(int flags, String reason, long since) {
        /** The same, with the reason that is left where nothing keeps it from being used. */
        static State of(int flags, String reason, long since) {
            boolean usable = (flags & UNUSABLE) == 0;
            return new State(flags, usable ? (flags & ABSENT) != 0 ? "not named by discovery" : "" : reason, since);
        }
    }

    /** Counts how exchanges and connections with it went. */
    interface Results {
        void add(Host host, Outcome outcome);
    }

    private final Found found;
    private final ClusterConfig cluster;
    private final Connector connector;
    private final @Nullable UpstreamTls secure;
    private final Kept kept;
    private final ClusterLimits limits;
    private final Results results;
    private final Rediscovery rediscovery;
    private volatile State state;
    /** When it was last taken into use, in nanoseconds; for its slow start. */
    private volatile long usedSince;
    /** Until when it is ejected, if it is, in milliseconds of the wall clock; to be shown. */
    private volatile long ejectedUntil;
    /** Whether a check has ever decided about it. */
    private volatile boolean checked;

    /** For the outlier detection: failures in a row, and both kinds within an interval. */
    final AtomicInteger failuresInARow = new AtomicInteger();

    final LongAdder successes = new LongAdder();
    final LongAdder failed = new LongAdder();

    Host(Found found, LiveCluster cluster, Kept kept, State first) {
        this.found = found;
        this.cluster = cluster.config();
        this.connector = cluster.parts().connector();
        this.secure = cluster.parts().secure();
        this.results = cluster.results();
        this.rediscovery = cluster.rediscovery();
        this.limits = cluster.limits();
        this.kept = kept;
        this.state = first;
    }

    Found found() {
        return found;
    }

    Kept kept() {
        return kept;
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

    /** Whether it is no replica of another one. */
    boolean ownsKeys() {
        return !"replica".equals(found.metadata().get("role"));
    }

    /** The shard whose keys it has, and nobody else but its other endpoints; null if it is none that goes by its name. */
    @Nullable
    String shard() {
        String name = found.name();
        return name != null && name.equals(found.metadata().get("shard")) ? name : null;
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

    void ejected(long now, long until) {
        kept.ejectedAt = now;
        ejectedUntil = until;
    }

    /** 0 while it is not ejected. */
    long ejectedUntil() {
        return is(EJECTED) ? ejectedUntil : 0;
    }

    boolean checked() {
        return checked;
    }

    void setChecked() {
        checked = true;
    }

    /** Takes on what was known of the same address before. */
    void takeOn(Host before) {
        usedSince = before.usedSince;
        checked = before.checked;
        ejectedUntil = before.ejectedUntil;
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
    public Map<String, String> metadata() {
        return found.metadata();
    }

    @Override
    public @Nullable ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
        return connect(loop, initializer, null);
    }

    @Override
    public @Nullable ChannelFuture connect(Connection client, ChannelHandler initializer) {
        return connect(client.loop(), initializer, client);
    }

    private @Nullable ChannelFuture connect(EventLoop loop, ChannelHandler initializer, @Nullable Connection client) {
        if (!limits.connects(kept)) {
            return null;
        }
        ProxyHeaderConfig header = cluster.proxyHeader();
        ProxyGreeting greeting = header == null ? null : new ProxyGreeting(header, client);
        ChannelFuture connecting;
        try {
            connecting = connector.connect(
                    found.address(),
                    cluster,
                    loop,
                    initializer,
                    new Connector.Begin(greeting, secure, Discovery.nameOf(found.metadata())));
        } catch (RuntimeException e) {
            // Without a file descriptor there is no channel, and nothing that would close.
            limits.closed(kept);
            kept.failures.increment();
            throw e;
        }
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                kept.connects.increment();
            } else {
                kept.failures.increment();
            }
        });
        Channel channel = connecting.channel();
        kept.channels.add(channel);
        if (kept.gone) {
            channel.close(); // it left meanwhile
        }
        channel.closeFuture().addListener(closed -> {
            limits.closed(kept);
            kept.channels.remove(channel);
        });
        return connecting;
    }

    /** It has left the cluster, whose hosts take their connections with them. */
    void closeConnections() {
        kept.gone = true;
        kept.channels.forEach(Channel::close);
    }

    @Override
    public void done(Outcome outcome, long micros) {
        if (outcome == Outcome.WRONG_ROLE) {
            rediscovery.ask();
        }
        results.add(this, outcome);
    }

    @Override
    public int activeConnections() {
        return kept.active.get();
    }

    @Override
    public long connects() {
        return kept.connects.sum();
    }

    @Override
    public long connectFailures() {
        return kept.failures.sum();
    }

    @Override
    public String toString() {
        return found.address().toString();
    }
}
