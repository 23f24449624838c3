package dev.weir.testbeds.bench;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Protocol;
import dev.weir.mysql.MysqlProtocol;
import dev.weir.redis.RedisProtocol;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Environment and connection of nothing. */
final class Nothing implements FilterEnvironment, LoopEnvironment, Connection {
    private final Inflaters inflaters = new Inflaters();
    private @Nullable Object sinkState;
    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final SocketAddress address = InetSocketAddress.createUnresolved("192.0.2.1", 1);

    @Override
    public Inflaters inflaters() {
        return inflaters;
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public String listener() {
        return "bench";
    }

    @Override
    public SocketAddress client() {
        return address;
    }

    @Override
    public String clientText() {
        return "192.0.2.1:1";
    }

    @Override
    public String clientHost() {
        return "192.0.2.1";
    }

    @Override
    public SocketAddress local() {
        return address;
    }

    @Override
    public @Nullable String cluster() {
        return null;
    }

    @Override
    public @Nullable SocketAddress upstream() {
        return null;
    }

    @Override
    public @Nullable String upstreamText() {
        return null;
    }

    @Override
    public long openedNanos() {
        return 0;
    }

    @Override
    public <T> @Nullable T get(ConnectionAttribute<T> key) {
        return null;
    }

    @Override
    public <T> void set(ConnectionAttribute<T> key, T value) {}

    @Override
    public @Nullable Object sinkState() {
        return sinkState;
    }

    @Override
    public void sinkState(@Nullable Object state) {
        sinkState = state;
    }

    @Override
    public EventLoop loop() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ByteBufAllocator allocator() {
        return ByteBufAllocator.DEFAULT;
    }

    @Override
    public void close(CloseReason reason) {}

    @Override
    public MeterRegistry meters() {
        return meters;
    }

    @Override
    public WireClock clock() {
        return WireClock.system();
    }

    @Override
    public Cluster cluster(ConfigNode config, String key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Collection<Protocol> protocols() {
        return List.of(new RedisProtocol(), new MysqlProtocol());
    }

    @Override
    public HotKeys hotKeys() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void onClose(AutoCloseable resource) {}

    @Override
    public int index() {
        return 0;
    }

    @Override
    public Exchanges exchanges() {
        throw new UnsupportedOperationException();
    }
}
