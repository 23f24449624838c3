package dev.weir.testbeds;

import dev.weir.core.Proxy;
import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalFactory;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The terminal {@code lent_cluster}: does nothing, but hands its cluster to tests and benchmarks that ask it whom it would choose. A cluster of a running proxy
 * is what terminals see; there is no other way to one.
 */
public final class LentCluster implements TerminalFactory {
    private static final Map<String, Cluster> BY_NAME = new ConcurrentHashMap<>();

    /** For ServiceLoader. */
    public LentCluster() {}

    /** A proxy with these clusters, each in use; {@code clusters} as in a configuration. */
    public static Proxy start(List<Map<String, Object>> clusters) {
        return Proxy.builder().start(config(clusters));
    }

    /** The configuration of such a proxy. */
    public static ProxyConfig config(List<Map<String, Object>> clusters) {
        List<Map<String, Object>> listeners = clusters.stream()
                .map(cluster -> {
                    Map<String, Object> listener = new HashMap<>();
                    listener.put("name", "l-" + cluster.get("name"));
                    listener.put("address", "127.0.0.1:0");
                    listener.put("filters", List.of(Map.of("type", "lent_cluster", "cluster", cluster.get("name"))));
                    return listener;
                })
                .toList();
        return ProxyConfig.of(Map.of("event_loops", 1, "listeners", listeners, "clusters", clusters));
    }

    /** The cluster of that name in the proxy that was configured last. */
    public static Cluster named(String name) {
        Cluster cluster = BY_NAME.get(name);
        if (cluster == null) {
            throw new IllegalArgumentException("no cluster " + name + " (there are: " + BY_NAME.keySet() + ")");
        }
        return cluster;
    }

    /** The endpoint that a cluster chooses for a hash. */
    public static Endpoint choice(Cluster cluster, long hash) {
        Endpoint chosen = cluster.pick(hash, 0, Exclusions.NONE);
        if (chosen == null) {
            throw new IllegalStateException(cluster.name() + " chooses nobody");
        }
        return chosen;
    }

    @Override
    public String type() {
        return "lent_cluster";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        Cluster cluster = environment.cluster(config, "cluster");
        BY_NAME.put(cluster.name(), cluster);
        return loop -> context -> new ChannelInboundHandlerAdapter();
    }
}
