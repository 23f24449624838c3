package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Runs a source without a cluster and keeps what it tells. */
final class DiscoveryTester implements Discovery.Context, AutoCloseable {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final Discovery.Search search;

    /** Everything that was found: names, if there are any, addresses, roles. */
    final List<List<String>> found = new CopyOnWriteArrayList<>();

    final List<String> failures = new CopyOnWriteArrayList<>();

    DiscoveryTester(Discovery discovery, Map<String, ?> settings) {
        ConfigErrors errors = new ConfigErrors();
        Discovery.Source source = discovery.configure(ConfigNode.of(settings, errors));
        errors.throwIfAny("test");
        search = source.start(this);
    }

    Discovery.Search search() {
        return search;
    }

    boolean finds(String... endpoints) {
        return eventually(() -> !found.isEmpty() && found.get(found.size() - 1).equals(List.of(endpoints)));
    }

    /** Waits until it has failed once more, and says why. */
    String failure() {
        int before = failures.size();
        return eventually(() -> failures.size() > before) ? failures.get(failures.size() - 1) : "nothing failed";
    }

    boolean fails(String reason) {
        return eventually(() -> failures.contains(reason));
    }

    static boolean eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    @Override
    public String cluster() {
        return "c";
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public ChannelFuture connect(Address address, ChannelHandler handler) {
        return new Bootstrap()
                .group(loop)
                .channelFactory(NioSocketChannel::new)
                .handler(handler)
                .connect(address.socketAddress());
    }

    @Override
    public void background(Runnable task) {
        throw new AssertionError("nothing blocks here");
    }

    @Override
    public void found(List<Found> endpoints) {
        throw new AssertionError("Sentinels are surer than checks");
    }

    @Override
    public void foundOnly(List<Found> endpoints) {
        found.add(endpoints.stream()
                .map(e -> (e.name() == null ? "" : e.name() + " ") + e.address() + " "
                        + e.metadata().get("role"))
                .toList());
    }

    @Override
    public void failed(String reason) {
        failures.add(reason);
    }

    @Override
    public void close() {
        search.close();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
