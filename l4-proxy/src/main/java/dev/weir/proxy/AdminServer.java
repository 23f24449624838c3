package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig.AdminConfig;
import dev.weir.core.net.Transport;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The admin server: HTTP on one thread of its own, so that whatever is asked of it, the event loops of the data go on.
 * Connections, request sizes and times are limited.
 */
final class AdminServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

    static final int MAX_LINE = 4 << 10;
    static final int MAX_HEADERS = 8 << 10;
    static final int MAX_BODY = 64 << 10;
    static final int MAX_CONNECTIONS = 64;

    private final AdminSource source;
    private final AdminConfig config;
    private final AdminSocket socket;
    private final EventLoopGroup group;
    private final Channel channel;
    private final Counter refused;
    private final int timeoutMillis;
    /** On the server's thread only. */
    private final Set<Channel> connections = new HashSet<>();

    private final CountDownLatch empty = new CountDownLatch(1);
    private int streams;
    private volatile boolean closing;

    private AdminServer(
            AdminSource source, AdminConfig config, MeterRegistry meters, int timeoutMillis, AdminSocket socket) {
        this.source = source;
        this.config = config;
        this.socket = socket;
        this.timeoutMillis = timeoutMillis;
        this.refused = Counter.builder("weir.admin.refused.connections")
                .description("Connections to the admin server that were closed because there were too many.")
                .register(meters);
        this.group = new MultiThreadIoEventLoopGroup(
                1,
                new DefaultThreadFactory("weir-admin", true),
                socket.transport().ioHandlers());
        AdminGuard guard = new AdminGuard(config.hosts());
        AdminRoutes routes = new AdminRoutes(source);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        init(child, guard, routes);
                    }
                });
        try {
            this.channel = socket.listen(bootstrap);
        } catch (InterruptedException e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (Exception e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IllegalStateException("admin: cannot listen on " + config.address() + ": " + reason(e), e);
        }
    }

    /**
     * Starts one.
     *
     * @throws IllegalStateException if its address is not to be had
     */
    static AdminServer start(AdminSource source, AdminConfig config, MeterRegistry meters, AdminSocket socket) {
        return new AdminServer(source, config, meters, 30_000, socket);
    }

    /** The same with a socket of its own. */
    static AdminServer start(AdminSource source, AdminConfig config, MeterRegistry meters) {
        return start(source, config, meters, 30_000);
    }

    /** The same with another limit on the time of a request, and of an answer. */
    static AdminServer start(AdminSource source, AdminConfig config, MeterRegistry meters, int timeoutMillis) {
        return new AdminServer(
                source, config, meters, timeoutMillis, new AdminSocket(config.address(), Transport.of("auto"), null));
    }

    /** The first cause: Netty wraps what the system says, such as that too many files are open. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < 8 && cause.getCause() != null; i++) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    private void init(Channel child, AdminGuard guard, AdminRoutes routes) {
        if (connections.size() >= MAX_CONNECTIONS) {
            refused.increment();
            child.close();
            return;
        }
        connections.add(child);
        child.closeFuture().addListener(closed -> {
            connections.remove(child);
            if (closing && connections.isEmpty()) {
                empty.countDown();
            }
        });
        HttpDecoderConfig limits = new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_LINE)
                .setMaxHeaderSize(MAX_HEADERS)
                .setMaxChunkSize(8 << 10);
        child.pipeline()
                .addLast(new HttpServerCodec(limits))
                .addLast(new HttpObjectAggregator(MAX_BODY))
                .addLast(new AdminHandler(this, guard, routes));
    }

    AdminSource source() {
        return source;
    }

    AdminConfig config() {
        return config;
    }

    int timeoutMillis() {
        return timeoutMillis;
    }

    boolean closing() {
        return closing;
    }

    /** Counts a reader of the live stream in; false if there are {@code most} already. On the server's thread. */
    boolean openStream(Channel child, int most) {
        if (streams >= most) {
            return false;
        }
        streams++;
        child.closeFuture().addListener(closed -> streams--);
        return true;
    }

    /** Where it listens. */
    Address address() {
        return socket.bound(channel);
    }

    /** What it accepts from, for another process; null if that cannot be. */
    @Nullable
    ListenSocket listenSocket() {
        return socket.forAnother(channel);
    }

    /** Another process goes on with the socket: whoever comes from here on is its, so this one accepts no more. Not from the server's own thread. */
    void handOver() {
        socket.keepPath();
        stopAccepting();
    }

    private void stopAccepting() {
        channel.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
    }

    /** Stops accepting, and lets answers that are being made leave, and who has just come ask, for a moment. Not from the server's own thread. */
    @Override
    public void close() {
        if (group.isShuttingDown()) {
            return;
        }
        closing = true;
        socket.close(); // While it listens nobody else can have the path.
        stopAccepting();
        group.next().execute(this::closeIdle);
        try {
            if (!empty.await(1, TimeUnit.SECONDS)) {
                LOG.debug("admin connections are cut off");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        group.shutdownGracefully(0, 1_000, TimeUnit.MILLISECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    private void closeIdle() {
        for (Channel connection : List.copyOf(connections)) {
            AdminHandler handler = connection.pipeline().get(AdminHandler.class);
            if (handler == null || handler.mayEnd()) {
                connection.close();
            }
        }
        if (connections.isEmpty()) {
            empty.countDown();
        }
    }
}
