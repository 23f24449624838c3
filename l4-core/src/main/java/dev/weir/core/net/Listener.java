package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.ProxyProtocolConfig;
import dev.weir.core.config.ProxyProtocolConfig.Mode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ProxyHeader;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening address: its accept sockets (one per event loop where the system can share a port), and, per loop,
 * the sessions it accepted. The chains it uses are those of the current generation.
 */
final class Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

    private final ListenerConfig config;
    private final Transport transport;
    private final List<ListenerLoop> loops;
    private final CoreMetrics metrics;
    private final MemoryLimit memory;
    private final List<Channel> sockets = new ArrayList<>();
    private final AtomicInteger nextLoop = new AtomicInteger();
    private final Acceptor[] acceptors;

    private volatile Generation generation;
    private volatile boolean accepting;
    private volatile Address bound;

    Listener(
            ListenerConfig config,
            Transport transport,
            List<ListenerLoop> loops,
            CoreMetrics metrics,
            MemoryLimit memory,
            Generation generation) {
        this.config = config;
        this.transport = transport;
        this.loops = List.copyOf(loops);
        this.metrics = metrics;
        this.memory = memory;
        this.generation = generation;
        this.bound = config.address();
        this.acceptors = new Acceptor[loops.size()];
        for (int i = 0; i < acceptors.length; i++) {
            acceptors[i] = new Acceptor(i);
        }
    }

    ListenerConfig config() {
        return config;
    }

    Address bound() {
        return bound;
    }

    boolean accepting() {
        return accepting;
    }

    List<ListenerLoop> loops() {
        return loops;
    }

    /** New connections use the chains and settings of {@code next}. */
    void use(Generation next) {
        generation = next;
    }

    /** Whether the accept sockets of this listener can serve {@code other} as well. */
    boolean sameSockets(ListenerConfig other) {
        return config.name().equals(other.name())
                && config.address().equals(other.address())
                && config.backlog() == other.backlog()
                && config.reusePort() == other.reusePort();
    }

    /**
     * Starts to listen on {@code wanted}: the configured address, or the one that was bound for it before.
     *
     * @throws IllegalStateException if the address cannot be bound; then nothing listens
     */
    void bind(Address wanted) {
        boolean shared = config.reusePort() && transport.canReusePort(config.address()) && loops.size() > 1;
        Address address = wanted;
        if (address.isUnix()) {
            makeRoom(address);
        }
        try {
            for (int i = 0; i < (shared ? loops.size() : 1); i++) {
                Channel socket = bind(address, i, shared);
                sockets.add(socket);
                if (i == 0 && !address.isUnix()) {
                    // With port 0 the first socket chooses, and the others follow.
                    address = Address.parse(Address.format(socket.localAddress()));
                    bound = address;
                }
            }
            accepting = true;
        } catch (RuntimeException e) {
            stopAccepting();
            throw e;
        }
    }

    private Channel bind(Address address, int index, boolean shared) {
        var loop = loops.get(index).loop().loop();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .channel(transport.server(address))
                .option(ChannelOption.SO_BACKLOG, config.backlog())
                .handler(shared ? acceptors[index] : new Distributor())
                .childHandler(acceptors[index]);
        if (!address.isUnix()) {
            bootstrap.option(ChannelOption.SO_REUSEADDR, true);
        }
        if (shared) {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
        }
        var binding = bootstrap.bind(transport.socketAddress(address)).awaitUninterruptibly();
        if (!binding.isSuccess()) {
            Throwable cause = binding.cause();
            throw new IllegalStateException(
                    "listener " + config.name() + " cannot listen on " + address + ": " + reason(cause), cause);
        }
        return binding.channel();
    }

    private static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        int errno = message.indexOf("failed: ");
        return errno < 0 ? message : message.substring(errno + "failed: ".length());
    }

    /**
     * Makes room for a Unix socket: what nobody listens on is removed. What somebody listens on is left alone, which has to
     * be found out here, as Netty removes whatever is in the way.
     */
    private void makeRoom(Address address) {
        Path path = Path.of(address.host());
        if (!Files.exists(path) || Files.isRegularFile(path) || Files.isDirectory(path)) {
            return;
        }
        try (var probe = java.nio.channels.SocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            probe.connect(java.net.UnixDomainSocketAddress.of(path));
        } catch (java.io.IOException nobody) {
            try {
                Files.deleteIfExists(path);
            } catch (java.io.IOException e) {
                LOG.debug("cannot remove {}", path, e);
            }
            return;
        }
        throw new IllegalStateException(
                "listener " + config.name() + " cannot listen on " + address + ": Address already in use");
    }

    /** Closes the accept sockets; connections go on. Waits until they are closed. */
    void stopAccepting() {
        accepting = false;
        if (sockets.isEmpty()) {
            return; // The file of a Unix socket is somebody else's.
        }
        sockets.forEach(socket -> socket.close().awaitUninterruptibly());
        sockets.clear();
        if (config.address().isUnix()) {
            try {
                Files.deleteIfExists(Path.of(config.address().host()));
            } catch (java.io.IOException e) {
                LOG.debug("cannot remove {}", config.address(), e);
            }
        }
    }

    private static WriteBufferWaterMark waterMark(ListenerConfig config) {
        return new WriteBufferWaterMark(config.bufferBytes() / 2, config.bufferBytes());
    }

    /** With one accept socket for all loops: hands connections to the loops in turn. */
    @Sharable
    private final class Distributor extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            Acceptor acceptor = acceptors[Math.floorMod(nextLoop.getAndIncrement(), acceptors.length)];
            acceptor.accept((Channel) message);
        }
    }

    /**
     * Makes sessions of accepted connections on one loop. In the place of Netty's own acceptor, which costs an
     * initializer handler and a walk over options per connection.
     */
    @Sharable
    private final class Acceptor extends ChannelInboundHandlerAdapter {
        private final ListenerLoop home;
        private @Nullable Generation resolvedFor;
        private List<ChainPlan.OnLoop> chains = List.of();
        private ListenerConfig settings = config;
        private WriteBufferWaterMark waterMark = waterMark(config);

        Acceptor(int index) {
            this.home = loops.get(index);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            accept((Channel) message);
        }

        void accept(Channel child) {
            var loop = home.loop().loop();
            if (loop.inEventLoop()) {
                start(child);
            } else {
                loop.execute(() -> start(child));
            }
        }

        private void start(Channel child) {
            try {
                if (memory.exceeded()) {
                    refuse(child, CloseReason.MEMORY);
                    return;
                }
                Generation current = retained();
                if (current == null) {
                    refuse(child, CloseReason.NO_CHAIN);
                    return;
                }
                if (!start(child, current)) {
                    current.release();
                }
            } catch (Throwable t) {
                child.unsafe().closeForcibly();
                home.internalError("accept", t);
            }
        }

        /** The generation in force, with its chains made for this loop; null if this listener is in none any more. */
        private @Nullable Generation retained() {
            Generation current = generation;
            while (!current.retain()) {
                Generation newer = generation;
                if (newer == current) {
                    return null;
                }
                current = newer;
            }
            if (current != resolvedFor) {
                try {
                    resolve(current);
                } catch (Throwable t) {
                    current.release();
                    throw t;
                }
            }
            return current;
        }

        private void resolve(Generation current) {
            List<ChainPlan.OnLoop> resolved = new ArrayList<>();
            current.chains(config.name()).forEach(plan -> resolved.add(new ChainPlan.OnLoop(plan, home.loop())));
            ListenerConfig newest = current.listener(config.name());
            settings = newest == null ? config : newest;
            waterMark = waterMark(settings);
            chains = resolved;
            resolvedFor = current;
        }

        /** False if there is no session, and will be none. */
        private boolean start(Channel child, Generation current) {
            ProxyProtocolConfig headers = settings.proxyProtocol();
            if (headers.mode() == Mode.OFF) {
                return session(child, current, chains, null) && register(child, current);
            }
            if (headers.trusts(child.remoteAddress())) {
                List<ChainPlan.OnLoop> candidates = chains;
                options(child);
                child.pipeline()
                        .addLast(new ProxyHandshake(
                                home,
                                headers,
                                (channel, header) -> later(channel, current, candidates, header),
                                current::release));
                return register(child, current);
            }
            if (headers.mode() == Mode.REQUIRED) {
                home.proxyError(ProxyError.UNTRUSTED, child.remoteAddress());
                refuse(child, CloseReason.PROXY_PROTOCOL);
                return false;
            }
            return session(child, current, chains, null) && register(child, current);
        }

        /** A session behind a handshake. */
        private boolean later(
                Channel child, Generation current, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
            boolean made = session(child, current, candidates, header);
            if (!made) {
                current.release();
            }
            return made;
        }

        private boolean session(
                Channel child, Generation current, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
            ChainPlan.OnLoop chain = choose(child, candidates, header);
            if (chain == null) {
                refuse(child, CloseReason.NO_CHAIN);
                return false;
            }
            try {
                if (header != null) {
                    child.attr(ClientConnection.HEADER).set(header);
                }
                options(child);
                child.pipeline()
                        .addLast(
                                new Session(home, child, chain.types, chain::create, chain.terminal, current::release));
                return true;
            } catch (Throwable t) {
                drop(child);
                home.internalError("accept", t);
                return false;
            }
        }

        private boolean register(Channel child, Generation current) {
            home.loop().loop().register(child).addListener(done -> {
                if (!done.isSuccess()) {
                    child.unsafe().closeForcibly();
                    current.release();
                }
            });
            return true;
        }

        private ChainPlan.@Nullable OnLoop choose(
                Channel child, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
            for (ChainPlan.OnLoop chain : candidates) {
                if (chain.match.matchesAll() || matches(chain, child, header)) {
                    return chain;
                }
            }
            return null;
        }

        private boolean matches(ChainPlan.OnLoop chain, Channel child, @Nullable ProxyHeader header) {
            SocketAddress source = header == null ? null : header.source();
            SocketAddress target = header == null ? null : header.destination();
            return chain.match.matches(
                    source == null ? child.remoteAddress() : source, target == null ? child.localAddress() : target);
        }

        private void options(Channel child) {
            var options = child.config();
            options.setAutoRead(false);
            options.setAllocator(ByteBufAllocator.DEFAULT);
            options.setWriteBufferWaterMark(waterMark);
            options.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            if (child instanceof SocketChannel socket) {
                Transport.noDelay(socket, settings.noDelay());
                if (settings.keepAlive()) {
                    socket.config().setKeepAlive(true);
                }
            }
        }

        private void refuse(Channel child, CloseReason reason) {
            metrics.refused(config.name(), reason.label()).increment();
            drop(child);
        }

        private void drop(Channel child) {
            if (child.isRegistered()) {
                child.close();
            } else {
                child.unsafe().closeForcibly();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Most likely too many open files. Rest a moment instead of spinning on the accept queue.
            LOG.warn("cannot accept listener={} error={}", config.name(), cause.toString());
            var options = ctx.channel().config();
            if (options.isAutoRead()) {
                options.setAutoRead(false);
                ctx.channel()
                        .eventLoop()
                        .schedule(() -> options.setAutoRead(true), 1, java.util.concurrent.TimeUnit.SECONDS);
            }
        }
    }
}
