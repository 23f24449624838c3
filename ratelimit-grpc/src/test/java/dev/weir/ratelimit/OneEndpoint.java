package dev.weir.ratelimit;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.cluster.Limit;
import dev.weir.core.cluster.Snapshot;
import dev.weir.core.config.Address;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** A cluster of one server on this machine. */
final class OneEndpoint implements Cluster, Endpoint {
    final Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
    private final int port;
    volatile boolean empty;

    OneEndpoint(int port) {
        this.port = port;
    }

    @Override
    public String name() {
        return "ratelimit";
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt, Exclusions excluded) {
        return empty ? null : this;
    }

    @Override
    public boolean usesHash() {
        return false;
    }

    @Override
    public KeyHash keyHash() {
        return (key, from, length) -> 0;
    }

    @Override
    public String loadBalancing() {
        return "random";
    }

    @Override
    public boolean acquire(Limit limit) {
        return true;
    }

    @Override
    public void release(Limit limit) {}

    @Override
    public boolean wantsOutcomes() {
        return true;
    }

    @Override
    public Snapshot snapshot() {
        return new Snapshot(1, List.of(this));
    }

    @Override
    public int connectTimeoutMillis() {
        return 5_000;
    }

    @Override
    public Address address() {
        return Address.parse("127.0.0.1:" + port);
    }

    @Override
    public int weight() {
        return 1;
    }

    @Override
    public ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
        return new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .handler(initializer)
                .connect("127.0.0.1", port);
    }

    @Override
    public void done(Outcome outcome, long micros) {
        outcomes.add(outcome);
    }

    @Override
    public int activeConnections() {
        return 0;
    }

    @Override
    public long connects() {
        return 0;
    }

    @Override
    public long connectFailures() {
        return 0;
    }
}
