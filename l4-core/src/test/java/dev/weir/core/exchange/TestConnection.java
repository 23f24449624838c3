package dev.weir.core.exchange;

import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A connection as the sinks see it. */
final class TestConnection implements Connection {
    private final long id;
    private final String listener;
    private final String clientHost;

    @Nullable
    String upstream = "10.0.0.5:6379";

    @Nullable
    String cluster = "orders";

    private final String clientText;
    private @Nullable Object sinkState;

    TestConnection(long id, String listener, String clientHost) {
        this.id = id;
        this.listener = listener;
        this.clientHost = clientHost;
        this.clientText = clientHost + ":50000";
    }

    static TestConnection any() {
        return new TestConnection(1, "orders", "10.1.1.1");
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listener() {
        return listener;
    }

    @Override
    public SocketAddress client() {
        return Address.parse(clientText()).socketAddress();
    }

    @Override
    public String clientText() {
        return clientText;
    }

    @Override
    public String clientHost() {
        return clientHost;
    }

    @Override
    public SocketAddress local() {
        return Address.parse("127.0.0.1:6380").socketAddress();
    }

    @Override
    public @Nullable String cluster() {
        return cluster;
    }

    @Override
    public @Nullable SocketAddress upstream() {
        return upstream == null ? null : Address.parse(upstream).socketAddress();
    }

    @Override
    public @Nullable String upstreamText() {
        return upstream;
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
    public <T> void set(ConnectionAttribute<T> key, T value) {
        throw new UnsupportedOperationException();
    }

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
        throw new UnsupportedOperationException();
    }

    @Override
    public void close(CloseReason reason) {
        throw new UnsupportedOperationException();
    }
}
