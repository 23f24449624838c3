package dev.weir.core.testkit;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A connection that is not connected: {@code 192.0.2.1:40000} to {@code 192.0.2.2:6379} by listener {@code test}. */
public final class FakeConnection implements Connection {
    private static final AtomicLong IDS = new AtomicLong();

    private final long id = IDS.incrementAndGet();
    private final SocketAddress client = InetSocketAddress.createUnresolved("192.0.2.1", 40_000);
    private final SocketAddress local = InetSocketAddress.createUnresolved("192.0.2.3", 6380);
    private final SocketAddress upstream = InetSocketAddress.createUnresolved("192.0.2.2", 6379);
    private final Map<ConnectionAttribute<?>, Object> attributes = new HashMap<>();
    private @Nullable EventLoop loop;
    private @Nullable Object sinkState;
    private @Nullable CloseReason closed;

    /** Makes a connection. */
    public FakeConnection() {}

    /** Makes a connection on a loop whose time a test sets. */
    public FakeConnection(EventLoop loop) {
        this.loop = loop;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listener() {
        return "test";
    }

    @Override
    public SocketAddress client() {
        return client;
    }

    @Override
    public String clientText() {
        return "192.0.2.1:40000";
    }

    @Override
    public String clientHost() {
        return "192.0.2.1";
    }

    @Override
    public SocketAddress local() {
        return local;
    }

    @Override
    public String cluster() {
        return "test";
    }

    @Override
    public SocketAddress upstream() {
        return upstream;
    }

    @Override
    public String upstreamText() {
        return "192.0.2.2:6379";
    }

    @Override
    public long openedNanos() {
        return 0;
    }

    @Override
    public <T> @Nullable T get(ConnectionAttribute<T> key) {
        return key.type().cast(attributes.get(key));
    }

    @Override
    public <T> void set(ConnectionAttribute<T> key, T value) {
        attributes.put(key, value);
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
        EventLoop made = loop;
        if (made == null) {
            made = new EmbeddedChannel().eventLoop();
            loop = made;
        }
        return made;
    }

    @Override
    public ByteBufAllocator allocator() {
        return UnpooledByteBufAllocator.DEFAULT;
    }

    @Override
    public void close(CloseReason reason) {
        if (closed == null) {
            closed = reason;
        }
    }

    /** The first reason given to {@link #close}, or null. */
    public @Nullable CloseReason closed() {
        return closed;
    }
}
