package dev.weir.proxy.replay;

import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A connection of a capture. Nobody can close it. */
final class ReplayConnection implements Connection {
    private static final @Nullable Object[] NO_ATTRIBUTES = new Object[0];

    private final long id;
    private final String listener;
    private final InetSocketAddress client;
    private final InetSocketAddress server;
    private final String clientText;
    private final String clientHost;
    private final String serverText;
    private final long openedNanos;
    private final EventLoop loop;
    private @Nullable Object[] attributes = NO_ATTRIBUTES;
    private @Nullable Object sinkState;

    ReplayConnection(long id, String listener, FlowKey key, long openedNanos, EventLoop loop) {
        this.id = id;
        this.listener = listener;
        this.client = key.client();
        this.server = key.server();
        this.clientText = Address.format(client);
        this.clientHost = NetUtil.toAddressString(client.getAddress());
        this.serverText = key.serverText();
        this.openedNanos = openedNanos;
        this.loop = loop;
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
    public InetSocketAddress client() {
        return client;
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
    public InetSocketAddress local() {
        return server;
    }

    @Override
    public @Nullable String cluster() {
        return null;
    }

    @Override
    public InetSocketAddress upstream() {
        return server;
    }

    @Override
    public String upstreamText() {
        return serverText;
    }

    @Override
    public long openedNanos() {
        return openedNanos;
    }

    @Override
    public <T> @Nullable T get(ConnectionAttribute<T> key) {
        return key.index() < attributes.length ? key.type().cast(attributes[key.index()]) : null;
    }

    @Override
    public <T> void set(ConnectionAttribute<T> key, T value) {
        if (key.index() >= attributes.length) {
            attributes = Arrays.copyOf(attributes, key.index() + 1);
        }
        attributes[key.index()] = value;
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
        return loop;
    }

    @Override
    public ByteBufAllocator allocator() {
        return UnpooledByteBufAllocator.DEFAULT;
    }

    @Override
    public void close(CloseReason reason) {}
}
