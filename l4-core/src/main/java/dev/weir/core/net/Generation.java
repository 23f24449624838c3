package dev.weir.core.net;

import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.tls.ClientHello;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One configuration in force: its clusters and chains. Immutable; it ends when it was replaced and its last
 * connection has closed, and then closes what its filters registered.
 */
final class Generation {
    private static final Logger LOG = LoggerFactory.getLogger(Generation.class);

    private final ProxyConfig config;
    private final Map<String, LiveCluster> clusters;
    private final Map<String, List<ChainPlan>> chains;
    private final Deque<AutoCloseable> resources;
    private final TlsSections tls;
    /** One for being current, and one for each connection. */
    private final AtomicInteger users = new AtomicInteger(1);

    private Runnable onEnd = () -> {};

    Generation(
            ProxyConfig config,
            Map<String, LiveCluster> clusters,
            Map<String, List<ChainPlan>> chains,
            Deque<AutoCloseable> resources,
            TlsSections tls) {
        this.config = config;
        this.clusters = Map.copyOf(clusters);
        this.chains = Map.copyOf(chains);
        this.resources = new ArrayDeque<>(resources);
        this.tls = tls;
        this.clusters.values().forEach(LiveCluster::retain);
    }

    /** The settings of a listener of this generation, or null. */
    @Nullable
    ListenerConfig listener(String name) {
        for (ListenerConfig listener : config.listeners()) {
            if (listener.name().equals(name)) {
                return listener;
            }
        }
        return null;
    }

    ProxyConfig config() {
        return config;
    }

    Map<String, LiveCluster> clusters() {
        return clusters;
    }

    /** What a client asks for that begins with {@code data}; null if that does not tell yet. */
    @Nullable
    ClientHello hello(ByteBuf data) {
        return tls.hello(data);
    }

    /** Chains of a listener of this generation. */
    List<ChainPlan> chains(String listener) {
        return chains.getOrDefault(listener, List.of());
    }

    /** Run behind the closing of the resources, on any thread; to be set before it is used. */
    void onEnd(Runnable task) {
        onEnd = task;
    }

    /** For one more connection. False if it has ended: there is a newer one. */
    boolean retain() {
        for (int n = users.get(); n > 0; n = users.get()) {
            if (users.compareAndSet(n, n + 1)) {
                return true;
            }
        }
        return false;
    }

    /** Of one connection, or of being current; the last one closes the resources, in reverse order. */
    void release() {
        if (users.decrementAndGet() == 0) {
            closeResources();
            clusters.values().forEach(LiveCluster::release);
            onEnd.run();
        }
    }

    private void closeResources() {
        for (AutoCloseable resource = resources.pollLast(); resource != null; resource = resources.pollLast()) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("a resource of an old configuration did not close", e);
            }
        }
    }
}
