package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.config.ClusterConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A server at a fixed address. */
final class StaticEndpoint implements Endpoint {
    private final Address address;
    private final @Nullable String name;
    private final int weight;
    /** Connections of the whole cluster. */
    private final AtomicInteger open;

    private final ClusterConfig cluster;
    private final Connector connector;
    private final AtomicInteger active = new AtomicInteger();
    private final LongAdder connects = new LongAdder();
    private final LongAdder failures = new LongAdder();

    StaticEndpoint(
            ClusterConfig.EndpointConfig config, ClusterConfig cluster, AtomicInteger open, Connector connector) {
        this.open = open;
        this.address = config.address();
        this.name = config.name();
        this.weight = config.weight();
        this.cluster = cluster;
        this.connector = connector;
    }

    @Override
    public Address address() {
        return address;
    }

    @Override
    public @Nullable String name() {
        return name;
    }

    @Override
    public int weight() {
        return weight;
    }

    @Override
    public ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
        active.incrementAndGet();
        open.incrementAndGet();
        ChannelFuture connecting = connector.connect(address, cluster, loop, initializer);
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                connects.increment();
            } else {
                failures.increment();
            }
        });
        connecting.channel().closeFuture().addListener(closed -> {
            active.decrementAndGet();
            open.decrementAndGet();
        });
        return connecting;
    }

    @Override
    public void done(Outcome outcome, long micros) {
        // Limits and outlier detection come with the cluster part; static endpoints only count connections.
    }

    @Override
    public int activeConnections() {
        return active.get();
    }

    @Override
    public long connects() {
        return connects.sum();
    }

    @Override
    public long connectFailures() {
        return failures.sum();
    }
}
