package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.filter.ProxyHeader;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What is known of a session's client connection, for filters, sniffers and sinks. Texts are made when first asked for. */
final class ClientConnection implements Connection {
    private static final @Nullable Object[] NO_ATTRIBUTES = new Object[0];

    private final ListenerLoop home;
    private final Channel channel;
    private final Session session;
    private final long id;
    private final long openedNanos;

    private final @Nullable ProxyHeader header;

    private @Nullable Object[] attributes = NO_ATTRIBUTES;
    private @Nullable Object sinkState;
    private @Nullable String clientText;
    private @Nullable String clientHost;
    private @Nullable String cluster;
    private @Nullable SocketAddress upstream;
    private @Nullable Channel upstreamChannel;
    private @Nullable String upstreamText;
    private @Nullable Endpoint judged;
    private @Nullable BooleanSupplier terminalIdle;
    private @Nullable Runnable onDrain;

    ClientConnection(ListenerLoop home, Channel channel, Session session) {
        this.home = home;
        this.channel = channel;
        this.session = session;
        this.id = home.nextId();
        this.openedNanos = home.clock().nanoTime();
        Arrived arrived =
                channel.hasAttr(Arrived.KEY) ? channel.attr(Arrived.KEY).get() : Arrived.PLAIN;
        this.header = arrived.header();
        if (header != null) {
            set(ConnectionAttribute.PROXY_HEADER, header);
            byte[] name = header.value(ProxyHeader.AUTHORITY);
            if (name != null) {
                set(ConnectionAttribute.SNI, new String(name, StandardCharsets.UTF_8));
            }
        }
        if (arrived.tls() != null) {
            set(ConnectionAttribute.TLS, arrived.tls());
        }
        if (arrived.cluster() != null) {
            set(ConnectionAttribute.CLUSTER, arrived.cluster());
        }
        String asked = arrived.serverName();
        if (asked != null) {
            set(ConnectionAttribute.SNI, asked);
        }
    }

    /** The terminal has found its upstream, or lost it. */
    void upstream(String clusterName, @Nullable SocketAddress address, @Nullable Channel socket) {
        upstreamChannel = socket;
        cluster = clusterName;
        upstream = address;
        upstreamText = address == null ? null : home.textOf(address);
    }

    void terminalIdle(BooleanSupplier idle) {
        terminalIdle = idle;
    }

    /** The terminal wants to know when a drain begins. */
    void onDrain(Runnable told) {
        onDrain = told;
    }

    /** A drain begins. */
    void drains() {
        Runnable told = onDrain;
        onDrain = null;
        if (told != null) {
            told.run();
        }
    }

    /** Where the connection stands: what its filters say, and its terminal if it knows. */
    Boundary boundary(Boundary filters) {
        BooleanSupplier idle = terminalIdle;
        if (idle == null || filters == Boundary.BUSY) {
            return filters;
        }
        return idle.getAsBoolean() ? Boundary.IDLE : Boundary.BUSY;
    }

    void judge(Endpoint endpoint) {
        judged = endpoint;
    }

    @Override
    public @Nullable Endpoint judged() {
        return judged;
    }

    @Override
    public void close(CloseReason reason) {
        session.close(reason);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listener() {
        return home.listener();
    }

    @Override
    public SocketAddress client() {
        SocketAddress told = header == null ? null : header.source();
        SocketAddress remote = told == null ? channel.remoteAddress() : told;
        return remote == null ? home.unnamed() : remote;
    }

    @Override
    public String clientText() {
        if (clientText == null) {
            clientText = Address.format(client());
        }
        return clientText;
    }

    @Override
    public String clientHost() {
        if (clientHost == null) {
            clientHost = client() instanceof InetSocketAddress inet && inet.getAddress() != null
                    ? NetUtil.toAddressString(inet.getAddress())
                    : "unix";
        }
        return clientHost;
    }

    @Override
    public SocketAddress local() {
        SocketAddress told = header == null ? null : header.destination();
        SocketAddress local = told == null ? channel.localAddress() : told;
        return local == null ? home.unnamed() : local;
    }

    @Override
    public @Nullable String cluster() {
        return cluster;
    }

    /** The upstream's channel, where the terminal has one that TLS can be put on. */
    @Nullable
    Channel upstreamChannel() {
        return upstreamChannel;
    }

    @Override
    public @Nullable SocketAddress upstream() {
        return upstream;
    }

    @Override
    public @Nullable String upstreamText() {
        return upstreamText;
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
        return channel.eventLoop();
    }

    @Override
    public ByteBufAllocator allocator() {
        return channel.alloc();
    }
}
