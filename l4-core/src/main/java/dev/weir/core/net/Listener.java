package dev.weir.core.net;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.ProxyProtocolConfig;
import dev.weir.core.config.ProxyProtocolConfig.Mode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
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
    private final List<ListenerLoop> loops;
    private final CoreMetrics metrics;
    private final Overload overload;
    private final AcceptSockets sockets;
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
            Overload overload,
            Generation generation) {
        this.config = config;
        this.loops = List.copyOf(loops);
        this.metrics = metrics;
        this.overload = overload;
        this.generation = generation;
        this.bound = config.address();
        this.acceptors = new Acceptor[loops.size()];
        for (int i = 0; i < acceptors.length; i++) {
            acceptors[i] = new Acceptor(i);
        }
        this.sockets = new AcceptSockets(
                config, transport, loops.stream().map(l -> l.loop().loop()).toList(), new Handlers());
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

    /** Makes the chains of all loops now, where a terminal asks for it; others wait for a first connection. */
    void resolveEarly() {
        boolean early = generation.chains(config.name()).stream()
                .anyMatch(plan -> plan.terminal().early());
        for (int i = 0; early && i < acceptors.length; i++) {
            acceptors[i].home.loop().loop().execute(acceptors[i]::resolveEarly);
        }
    }

    /** Whether the accept sockets of this listener can serve {@code other} as they are. */
    boolean sameSockets(ListenerConfig other) {
        return config.name().equals(other.name())
                && config.address().equals(other.address())
                && config.backlog() == other.backlog()
                && config.reusePort() == other.reusePort()
                && Objects.equals(config.socketMode(), other.socketMode());
    }

    /** Whether a listener that takes the place of this one at {@code wanted} can have its accept sockets. */
    boolean canGive(ListenerConfig other, Address wanted) {
        boolean there = sockets.bound().equals(wanted) || config.address().equals(wanted) && wanted.port() != 0;
        return accepting && there && sockets.suit(other);
    }

    /** Whether its sockets belong to another process. */
    boolean lent() {
        return sockets.lent();
    }

    /**
     * Listens on {@code wanted}: the configured address, or the one that was bound for it before. Accepts from {@link #open} on.
     *
     * @param given sockets that listen there already
     * @throws IllegalStateException if the address cannot be bound; then nothing listens
     */
    void bind(Address wanted, List<ListenSocket> given) {
        sockets.bind(wanted, given);
        bound = sockets.bound();
        accepting = true;
    }

    /** Takes over the accept sockets of a listener that leaves. */
    void take(Listener leaving) {
        leaving.accepting = false;
        sockets.take(leaving.sockets);
        bound = sockets.bound();
        accepting = true;
    }

    /** Begins to accept, or goes on to. */
    void open() {
        sockets.open();
    }

    /** Accepts nobody for a while. */
    void pause() {
        sockets.pause();
    }

    /** Closes the accept sockets; connections go on, also those that wait to be accepted. Waits until they are closed. */
    void stopAccepting() {
        accepting = false;
        sockets.close();
    }

    /** The same where another process goes on with the sockets. */
    void leaveSockets() {
        accepting = false;
        sockets.leave();
    }

    /** The same before it ever accepted. */
    void abandon() {
        accepting = false;
        sockets.abandon();
    }

    /** Its accept sockets, for another process. */
    List<ListenSocket> listenSockets() {
        return sockets.list();
    }

    private static WriteBufferWaterMark waterMark(ListenerConfig config) {
        return new WriteBufferWaterMark(config.bufferBytes() / 2, config.bufferBytes());
    }

    private final class Handlers implements AcceptSockets.Acceptors {
        private final Distributor distributor = new Distributor();

        @Override
        public ChannelHandler onLoop(int loop) {
            return acceptors[loop];
        }

        @Override
        public ChannelHandler inTurn() {
            return distributor;
        }
    }

    private void cannotAccept(ChannelHandlerContext ctx, Throwable cause) {
        String error = String.valueOf(cause.getMessage());
        if (error.contains("Too many open files")) {
            overload.noDescriptor(ctx.channel());
            return;
        }
        // Rest a moment instead of spinning on the accept queue.
        LOG.warn("cannot accept listener={} error={}", config.name(), cause.toString());
        ctx.channel().config().setAutoRead(false);
        ctx.channel().eventLoop().schedule(overload::resume, 1, TimeUnit.SECONDS);
    }

    /** With one accept socket for all loops: hands connections to the loops in turn. */
    @Sharable
    private final class Distributor extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            Acceptor acceptor = acceptors[Math.floorMod(nextLoop.getAndIncrement(), acceptors.length)];
            acceptor.accept((Channel) message);
            overload.accepted(ctx.channel());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            cannotAccept(ctx, cause);
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
            overload.accepted(ctx.channel());
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
                if (overload.refuses()) {
                    refuse(child, overload.refused());
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

        private void resolveEarly() {
            try {
                Generation current = retained();
                if (current != null) {
                    current.release();
                }
            } catch (Throwable t) {
                home.internalError("start", t);
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
                return admit(child, current, chains, null) && register(child, current);
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
            return admit(child, current, chains, null) && register(child, current);
        }

        /** A session behind a handshake. */
        private boolean later(
                Channel child, Generation current, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
            boolean made = admit(child, current, candidates, header);
            if (!made) {
                current.release();
            }
            return made;
        }

        /** A session, or what comes before one. */
        private boolean admit(
                Channel child, Generation current, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
            ChainPlan.OnLoop chain = null;
            for (ChainPlan.OnLoop one : candidates) {
                if (one.match.matchesAll() || matches(one, child, header)) {
                    chain = one;
                    break;
                }
            }
            if (chain == null) {
                refuse(child, CloseReason.NO_CHAIN);
                return false;
            }
            if (chain.tls == null && !chain.match.needsHello()) {
                return session(child, current, chain, new Arrived(header, null, null, null));
            }
            options(child);
            child.pipeline()
                    .addLast(new Arrival(
                            home,
                            chain.match.needsHello() ? null : chain,
                            new Choice(current, candidates, header),
                            current::release));
            return true;
        }

        /** How the arrival of a connection goes on. */
        private final class Choice implements Arrival.Next {
            private final Generation current;
            private final List<ChainPlan.OnLoop> candidates;
            private final @Nullable ProxyHeader header;

            Choice(Generation current, List<ChainPlan.OnLoop> candidates, @Nullable ProxyHeader header) {
                this.current = current;
                this.candidates = candidates;
                this.header = header;
            }

            @Override
            public @Nullable ClientHello hello(ByteBuf data) {
                return current.hello(data);
            }

            @Override
            public ChainPlan.@Nullable OnLoop choose(Channel channel, ClientHello hello) {
                for (ChainPlan.OnLoop one : candidates) {
                    if (matches(one, channel, header) && one.match.matches(hello)) {
                        return one;
                    }
                }
                return null;
            }

            @Override
            public boolean session(
                    Channel channel, ChainPlan.OnLoop chain, @Nullable ClientHello hello, @Nullable TlsSession tls) {
                String cluster =
                        tls == null || tls.verified() || chain.tls == null ? null : chain.tls.unauthorizedCluster();
                boolean made = Acceptor.this.session(channel, current, chain, new Arrived(header, hello, tls, cluster));
                if (!made) {
                    current.release();
                }
                return made;
            }
        }

        private boolean session(Channel child, Generation current, ChainPlan.OnLoop chain, Arrived arrived) {
            try {
                if (!arrived.equals(Arrived.PLAIN)) {
                    child.attr(Arrived.KEY).set(arrived);
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

        private boolean matches(ChainPlan.OnLoop chain, Channel child, @Nullable ProxyHeader header) {
            SocketAddress source = header == null ? null : header.source();
            SocketAddress target = header == null ? null : header.destination();
            return chain.match.matches(
                    source == null ? child.remoteAddress() : source, target == null ? child.localAddress() : target);
        }

        private void options(Channel child) {
            var options = child.config();
            options.setAutoRead(false);
            options.setAllocator(Buffers.ALLOCATOR);
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
            cannotAccept(ctx, cause);
        }
    }
}
