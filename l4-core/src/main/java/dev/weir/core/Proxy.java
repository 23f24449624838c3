package dev.weir.core;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.WireClock;
import dev.weir.core.net.Engine;
import dev.weir.core.net.Extensions;
import dev.weir.core.net.Transport;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A proxy: listeners, chains and clusters from a {@link ProxyConfig}. Any number may run in one JVM; they share
 * nothing. All methods may be called from any thread but an event loop of the proxy; {@link #apply} calls are
 * carried out one after the other.
 *
 * <pre>{@code
 * ProxyConfig config = ProxyConfig.of(Map.of(
 *         "listeners", List.of(Map.of("name", "orders", "address", "127.0.0.1:6380",
 *                 "filters", List.of(Map.of("type", "tcp_proxy", "cluster", "orders")))),
 *         "clusters", List.of(Map.of("name", "orders", "endpoints", List.of("127.0.0.1:6379")))));
 * try (Proxy proxy = Proxy.builder().start(config)) { … }
 * }</pre>
 */
public final class Proxy implements AutoCloseable {
    private final Engine engine;

    private Proxy(Engine engine) {
        this.engine = engine;
    }

    /**
     * A listener at this moment.
     *
     * @param name its name
     * @param address where it listens, with the real port
     * @param filters types of its filters, in order, the terminal last; of its first chain
     * @param connectionsActive client connections open now
     * @param connectionsTotal client connections accepted since the start
     * @param bytesFromClients bytes read from clients
     * @param bytesToClients bytes written to clients
     * @param accepting whether it takes new connections
     * @param decoding whether its sniffers are switched on
     */
    public record ListenerStatus(
            String name,
            Address address,
            List<String> filters,
            int connectionsActive,
            long connectionsTotal,
            long bytesFromClients,
            long bytesToClients,
            boolean accepting,
            boolean decoding) {}

    /**
     * A cluster at this moment.
     *
     * @param name its name
     * @param loadBalancing name of its policy
     * @param version grows with every change of its endpoints
     * @param panic whether all endpoints are used as too few are healthy
     * @param tls how its servers are verified: {@code verified}, {@code any_name} (of the authority, for whatever name) or {@code insecure}; null for plain connections
     * @param limits what it lets in
     * @param endpoints its endpoints
     */
    public record ClusterStatus(
            String name,
            String loadBalancing,
            long version,
            boolean panic,
            @Nullable String tls,
            List<LimitStatus> limits,
            List<EndpointStatus> endpoints) {}

    /**
     * A limit of a cluster at this moment.
     *
     * @param limit which one
     * @param open what there is of it; -1 where each endpoint has its own
     * @param most what there may be; -1 for no limit
     * @param overflows how often it has refused something since the start
     */
    public record LimitStatus(String limit, int open, int most, long overflows) {}

    /**
     * An endpoint at this moment.
     *
     * @param address as configured or discovered
     * @param name its name, or null
     * @param weight its share
     * @param connectionsActive connections open, or being made, now
     * @param connects connections made since the start
     * @param connectFailures attempts that failed since the start
     * @param health a word: all is well, or {@code unhealthy}, {@code unchecked}, {@code ejected}
     * @param reason why, for people; empty if it is healthy
     * @param since when that changed last
     * @param ejectedUntil when it may come back, or null if it is not ejected
     * @param lastEjected when it was last ejected, or null if it never was
     * @param metadata what discovery tells of it
     */
    public record EndpointStatus(
            String address,
            @Nullable String name,
            int weight,
            int connectionsActive,
            long connects,
            long connectFailures,
            String health,
            String reason,
            Instant since,
            @Nullable Instant ejectedUntil,
            @Nullable Instant lastEjected,
            Map<String, String> metadata) {}

    /**
     * How the proxy deals with limits that are reached.
     *
     * @param step {@code none}, {@code stop_accepting}, {@code close_idle} or {@code refuse}
     * @param cause {@code nothing}, {@code connections}, {@code memory} or {@code descriptors}
     * @param connections client connections of all listeners
     * @param maxConnections their limit, 0 for none
     */
    public record OverloadStatus(String step, String cause, int connections, int maxConnections) {}

    /** Starts to set up a proxy. */
    public static Builder builder() {
        return new Builder();
    }

    /** What a proxy gets from its surroundings. */
    public static final class Builder {
        private @Nullable MeterRegistry meters;
        private WireClock clock = WireClock.system();
        private ClassLoader loader = Proxy.class.getClassLoader();
        private final List<ExchangeSink.Factory> sinks = new ArrayList<>();
        private ConnectionEvents events = ConnectionEvents.NONE;
        private List<ListenSocket> inherited = List.of();

        private Builder() {}

        /** Where meters are registered; by default in a registry of the proxy's own that nobody reads. */
        public Builder meters(MeterRegistry registry) {
            meters = registry;
            return this;
        }

        /** The clock of all connections; by default the system's. */
        public Builder clock(WireClock wireClock) {
            clock = wireClock;
            return this;
        }

        /** Adds a sink of exchanges behind the default ones. The caller closes it, after the proxy. */
        public Builder sink(ExchangeSink.Factory sink) {
            sinks.add(sink);
            return this;
        }

        /** Who hears what happens to client connections; by default nobody. */
        public Builder events(ConnectionEvents connectionEvents) {
            events = connectionEvents;
            return this;
        }

        /**
         * Sockets that listen already: the first configuration's listeners use them, by name or address, in place of binding. They
         * belong to the proxy from {@link #build} on; those that no listener wants are closed.
         */
        public Builder inherit(List<ListenSocket> sockets) {
            inherited = List.copyOf(sockets);
            return this;
        }

        /** Where factories, protocols and policies are searched; by default where this class comes from. */
        public Builder classLoader(ClassLoader classLoader) {
            loader = classLoader;
            return this;
        }

        /**
         * Makes the event loops and sinks; nothing listens yet. Process settings (event loops, transport, limits of
         * the sinks) are taken from {@code config} and stay for the life of the proxy.
         *
         * @throws IllegalStateException if an extension cannot be loaded or the transport is not available
         */
        public Proxy build(ProxyConfig config) {
            MeterRegistry registry = meters == null ? new SimpleMeterRegistry() : meters;
            return new Proxy(new Engine(
                    config, Extensions.load(loader), registry, clock, List.copyOf(sinks), events, inherited));
        }

        /** {@link #build} and {@link Proxy#apply}; closes the proxy again if that fails. */
        public Proxy start(ProxyConfig config) {
            Proxy proxy = build(config);
            try {
                proxy.apply(config);
                return proxy;
            } catch (RuntimeException e) {
                proxy.close();
                throw e;
            }
        }
    }

    /**
     * Starts the configuration, or replaces the one in force. Connections there are go on with the chains and
     * clusters they started with; listeners whose address stays keep their sockets, so no connection is refused;
     * listeners that are gone stop accepting, and their connections drain.
     *
     * @throws ConfigException with all problems; then nothing has changed
     * @throws IllegalStateException if an address cannot be bound; then nothing has changed
     */
    public void apply(ProxyConfig config) {
        engine.apply(config);
    }

    /**
     * The same, with something to be done when all addresses are bound and none of the new ones accepts yet: to give up rights that are needed for
     * binding. What it throws ends the attempt as an address does that cannot be bound.
     */
    public void apply(ProxyConfig config, Runnable bound) {
        engine.apply(config, bound);
    }

    /**
     * Finds all problems that {@link #apply} would find but for busy addresses, without starting anything, and
     * reports them to the {@link dev.weir.core.config.ConfigErrors} that {@code config} was read with.
     */
    public static void check(ProxyConfig config, ClassLoader loader) {
        Engine.check(config, Extensions.load(loader));
    }

    /** The configuration in force, or null before the first {@link #apply}. */
    public @Nullable ProxyConfig config() {
        return engine.config();
    }

    /**
     * The address a listener is bound to, with the real port.
     *
     * @throws IllegalArgumentException if there is no such listener
     */
    public Address address(String listener) {
        return listeners().stream()
                .filter(l -> l.name().equals(listener))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no listener \"" + listener + "\""))
                .address();
    }

    /** All listeners. */
    public List<ListenerStatus> listeners() {
        return engine.listeners();
    }

    /** Whether limits are reached, and what is done about it. */
    public OverloadStatus overload() {
        return engine.overload();
    }

    /** All clusters of the configuration in force. */
    public List<ClusterStatus> clusters() {
        return engine.clusters();
    }

    /** The sinks, to read percentiles, tables and logs from. */
    public ExchangeSinks exchanges() {
        return engine.sinks();
    }

    /** Which transport is used: epoll, io_uring or nio. */
    public Transport transport() {
        return engine.transport();
    }

    /**
     * Switches the sniffers of a listener on or off at once; off also for open connections, on for new ones.
     *
     * @return false if there is no such listener
     */
    public boolean decode(String listener, boolean enabled) {
        return engine.decode(listener, enabled);
    }

    /**
     * Stops accepting and closes each connection at its next boundary; those still open at the drain timeout are
     * closed then.
     *
     * @return completes when all connections are closed
     */
    public CompletableFuture<Void> drain() {
        return engine.drain();
    }

    /**
     * The sockets that listeners accept from, to be passed to another process, which may accept from them at once. Their
     * descriptors stay the proxy's.
     *
     * @throws IllegalStateException if the transport is not epoll
     */
    public List<ListenSocket> listenSockets() {
        return engine.listenSockets();
    }

    /**
     * Drains like {@link #drain}, in favour of another process.
     *
     * @param kept where that process accepts from the sockets of this one; other listeners take who still waits
     * @return completes when all connections are closed
     */
    public CompletableFuture<Void> handOver(Set<Address> kept) {
        return engine.handOver(kept);
    }

    /** Whether {@link #drain} or {@link #handOver} was called. */
    public boolean draining() {
        return engine.draining();
    }

    /** Closes everything at once. */
    @Override
    public void close() {
        engine.close();
    }
}
