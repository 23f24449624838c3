package dev.weir.core.net;

import dev.weir.core.ListenSocket;
import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.Proxy.OverloadStatus;
import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The inside of {@link dev.weir.core.Proxy}: owns the event loops, the listeners and the generation in force. */
public final class Engine implements AutoCloseable {
    private final Transport transport;
    private final EventLoopGroup group;
    private final List<Loop> loops = new ArrayList<>();
    private final Extensions extensions;
    private final Connector connector;
    private final Clusters clusters;
    private final CoreMetrics metrics;
    private final WireClock clock;
    private final ExchangeSinks sinks;
    private final LoopLag lag;
    private final RateSampler rates;
    private final AtomicInteger connections = new AtomicInteger();
    private final Overload overload;
    private final AtomicLong connectionIds = new AtomicLong();
    /** By name: counters outlive the sockets, so that metrics never run backwards. */
    private final Map<String, List<ListenerLoop>> listenerLoops = new ConcurrentHashMap<>();

    private final Map<String, AtomicBoolean> decoding = new ConcurrentHashMap<>();
    private final boolean connectionExchanges;
    private final Inheritance inheritance;
    private final Departure departure;

    private volatile Map<String, Listener> listeners = Map.of();
    /** The same listeners in the order of the configuration. */
    private volatile List<Listener> order = List.of();

    private volatile @Nullable Generation generation;
    /** Generations that are in force or have connections. */
    private final List<Generation> live = new ArrayList<>();

    private @Nullable CompletableFuture<Void> drained;
    private volatile boolean draining;
    private boolean closed;

    /** Makes loops and sinks; nothing listens yet. {@code inherited} are sockets that listen already, for the first configuration. */
    public Engine(
            ProxyConfig config,
            Extensions extensions,
            MeterRegistry meters,
            WireClock clock,
            List<ExchangeSink.Factory> extraSinks,
            ConnectionEvents events,
            List<ListenSocket> inherited) {
        this.inheritance = new Inheritance(inherited);
        this.extensions = extensions;
        this.metrics = new CoreMetrics(meters);
        this.clock = clock;
        this.connectionExchanges =
                config.accessLog() != null && config.accessLog().connections();
        this.transport = Transport.of(config.process().transport());
        int count = config.process().eventLoops();
        if (count == 0) {
            count = Runtime.getRuntime().availableProcessors();
        }
        this.sinks = new ExchangeSinks(count, clock, meters, config.sinks(), extraSinks, extensions);
        this.group = transport.group(count);
        this.connector = new Connector(transport);
        for (EventExecutor executor : group) {
            int index = loops.size();
            loops.add(new Loop(index, (EventLoop) executor, sinks.forLoop(index), clock, events));
        }
        this.clusters = new Clusters(loops.stream().map(Loop::loop).toList(), meters, clock);
        this.overload = new Overload(
                loops,
                connections,
                new MemoryLimit(config.process().bufferMemory()),
                new OverloadMetrics(meters),
                config.process().overload());
        this.departure = new Departure(loops, listenerLoops);
        this.lag = new LoopLag(loops, meters);
        this.rates = new RateSampler(sinks::sampleRates);
        metrics.process();
    }

    // ---- configuration

    /** Reports all problems of {@code config} where it was read from. */
    public static void check(ProxyConfig config, Extensions extensions) {
        new GenerationBuilder(
                        extensions,
                        new Connector(Transport.NIO),
                        new Clusters(List.of(), new SimpleMeterRegistry(), WireClock.system()),
                        new CoreMetrics(new SimpleMeterRegistry()),
                        WireClock.system(),
                        new NoHotKeys(),
                        listener -> () -> true)
                .build(config, null)
                .release();
    }

    /** For checks, where nothing is recorded. */
    private static final class NoHotKeys implements HotKeys {
        @Override
        public Recorder recorder(String listener, int loop, int size, double sampling) {
            throw new IllegalStateException("nothing is recorded during a check");
        }

        @Override
        public List<Row> top(Rank rank, int limit) {
            return List.of();
        }

        @Override
        public boolean enabled() {
            return false;
        }
    }

    /** See {@link dev.weir.core.Proxy#apply}. */
    public void apply(ProxyConfig config) {
        apply(config, () -> {});
    }

    /** See {@link dev.weir.core.Proxy#apply(ProxyConfig, Runnable)}. */
    public synchronized void apply(ProxyConfig config, Runnable bound) {
        if (closed || draining) {
            throw new IllegalStateException("the proxy is " + (closed ? "closed" : "draining"));
        }
        Generation next = builder().build(config, generation);
        if (!config.root().errors().isEmpty()) {
            next.release();
            config.root().errors().throwIfAny("configuration");
        }
        watch(next);
        Map<String, Listener> current = new LinkedHashMap<>();
        List<Listener> leaving = new ArrayList<>(listeners.values());
        for (ListenerConfig listener : config.listeners()) {
            Listener old = listeners.get(listener.name());
            if (old != null && old.sameSockets(listener)) {
                current.put(listener.name(), old);
                leaving.remove(old);
            } else {
                current.put(
                        listener.name(), new Listener(listener, transport, loopsOf(listener), metrics, overload, next));
            }
        }
        ListenerSwap swap = new ListenerSwap(leaving, inheritance);
        try {
            current.forEach((name, listener) -> {
                Listener old = listeners.get(name);
                if (listener != old) {
                    swap.bind(listener, old);
                }
            });
            bound.run();
        } catch (RuntimeException e) {
            swap.undo();
            next.release();
            throw e;
        }
        next.clusters().values().forEach(LiveCluster::start);
        current.values().forEach(listener -> listener.use(next));
        swap.commit(departure::settle);
        inheritance.close();
        departure.drainAllBut(current.keySet(), config.process().drainTimeout());
        Generation old = generation;
        listeners = Map.copyOf(current);
        order = List.copyOf(current.values());
        overload.use(config.process().overload(), order);
        generation = next;
        order.forEach(Listener::resolveEarly);
        if (old != null) {
            old.release();
        }
    }

    /** When a generation ends, what is kept by the name of a listener goes with the listeners that are in none any more. */
    private void watch(Generation next) {
        synchronized (live) {
            live.add(next);
        }
        next.onEnd(() -> {
            synchronized (live) {
                live.remove(next);
                Set<String> names = new HashSet<>();
                live.forEach(one -> one.config().listeners().forEach(listener -> names.add(listener.name())));
                if (!live.isEmpty()) { // after the last one they can still be read
                    sinks.hotKeys().retain(names);
                }
            }
        });
    }

    private GenerationBuilder builder() {
        return new GenerationBuilder(
                extensions, connector, clusters, metrics, clock, sinks.hotKeys(), this::decodingOf);
    }

    private BooleanSupplier decodingOf(String listener) {
        AtomicBoolean on = decoding.computeIfAbsent(listener, name -> new AtomicBoolean(true));
        return on::get;
    }

    private List<ListenerLoop> loopsOf(ListenerConfig config) {
        return listenerLoops.computeIfAbsent(config.name(), name -> {
            List<ListenerLoop> made = new ArrayList<>();
            loops.forEach(loop ->
                    made.add(new ListenerLoop(name, loop, connectionIds, metrics, connections, connectionExchanges)));
            metrics.listener(name, made);
            return made;
        });
    }

    // ---- what can be asked

    /** The configuration in force. */
    public @Nullable ProxyConfig config() {
        Generation current = generation;
        return current == null ? null : current.config();
    }

    /** All listeners, in the order of the configuration. */
    public List<ListenerStatus> listeners() {
        Generation current = generation;
        List<ListenerStatus> all = new ArrayList<>();
        for (Listener listener : order) {
            List<String> filters = new ArrayList<>();
            if (current != null) {
                current.chains(listener.config().name()).stream().limit(1).forEach(plan -> {
                    filters.addAll(plan.types());
                    filters.add(plan.terminalType());
                });
            }
            String name = listener.config().name();
            List<ListenerLoop> of = listener.loops();
            all.add(new ListenerStatus(
                    name,
                    listener.bound(),
                    List.copyOf(filters),
                    (int) of.stream().mapToLong(l -> l.active.get()).sum(),
                    of.stream().mapToLong(l -> l.total.get()).sum(),
                    of.stream().mapToLong(l -> l.bytesFromClients.get()).sum(),
                    of.stream().mapToLong(l -> l.bytesToClients.get()).sum(),
                    listener.accepting(),
                    decodingOf(name).getAsBoolean()));
        }
        return List.copyOf(all);
    }

    /** See {@link dev.weir.core.Proxy#overload}. */
    public OverloadStatus overload() {
        return overload.status();
    }

    /** All clusters. */
    public List<ClusterStatus> clusters() {
        Generation current = generation;
        List<ClusterStatus> all = new ArrayList<>();
        if (current != null) {
            current.config().clusters().forEach(config -> {
                LiveCluster cluster = current.clusters().get(config.name());
                if (cluster != null) {
                    all.add(ClusterView.of(cluster));
                }
            });
        }
        return List.copyOf(all);
    }

    /** The sinks. */
    public ExchangeSinks sinks() {
        return sinks;
    }

    /** The transport in use. */
    public Transport transport() {
        return transport;
    }

    /** Switches sniffers. */
    public boolean decode(String listener, boolean enabled) {
        if (!listeners.containsKey(listener)) {
            return false;
        }
        decoding.computeIfAbsent(listener, name -> new AtomicBoolean(true)).set(enabled);
        return true;
    }

    // ---- the end

    /** Whether a drain was begun. */
    public boolean draining() {
        return draining;
    }

    /** See {@link dev.weir.core.Proxy#drain}. */
    public CompletableFuture<Void> drain() {
        return handOver(Set.of());
    }

    /** See {@link dev.weir.core.Proxy#handOver}. */
    public synchronized CompletableFuture<Void> handOver(Set<Address> kept) {
        CompletableFuture<Void> running = drained;
        if (running == null) {
            draining = true;
            for (Listener listener : order) {
                if (kept.contains(listener.bound())) {
                    listener.leaveSockets();
                } else {
                    listener.stopAccepting();
                }
            }
            Generation current = generation;
            running = departure.drainAll(
                    current == null ? Duration.ZERO : current.config().process().drainTimeout());
            drained = running;
        }
        return running;
    }

    /** See {@link dev.weir.core.Proxy#listenSockets}. */
    public synchronized List<ListenSocket> listenSockets() {
        if (transport != Transport.EPOLL) {
            throw new IllegalStateException(
                    "sockets of transport " + transport.label() + " cannot be passed on (expected: epoll)");
        }
        List<ListenSocket> all = new ArrayList<>();
        order.stream().filter(Listener::accepting).forEach(listener -> all.addAll(listener.listenSockets()));
        return all;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            order.forEach(Listener::stopAccepting);
        }
        departure.closeAll();
        synchronized (this) {
            if (drained != null) {
                drained.complete(null);
            }
        }
        inheritance.close();
        lag.close();
        rates.close();
        Generation last = generation;
        if (last != null) {
            last.release();
        }
        clusters.close();
        connector.close();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
        loops.forEach(loop -> loop.inflaters().close());
        sinks.close();
    }
}
