package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** An endpoint that is only an address, a name, a weight and a number of connections. */
final class TestEndpoint implements Endpoint {
    private final Address address;
    private final int weight;
    private final @Nullable String name;
    int active;

    private TestEndpoint(Address address, int weight, @Nullable String name) {
        this.address = address;
        this.weight = weight;
        this.name = name;
    }

    static TestEndpoint of(String address, int weight) {
        return new TestEndpoint(Address.parse(address), weight, null);
    }

    TestEndpoint named(String ringName) {
        return new TestEndpoint(address, weight, ringName);
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
        throw new UnsupportedOperationException();
    }

    @Override
    public void done(Outcome outcome, long micros) {}

    @Override
    public int activeConnections() {
        return active;
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
