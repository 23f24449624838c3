package dev.weir.core.net;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.cluster.Snapshot;
import dev.weir.core.config.ClusterConfig;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A cluster whose endpoints are written in the configuration. Immutable but for its endpoints' counters. */
final class StaticCluster implements Cluster {
    private final ClusterConfig config;
    private final Snapshot snapshot;
    private final boolean usesHash;
    private final LoadBalancer.@Nullable Picker picker;

    private final KeyHash keyHash;

    /** {@code open} counts the connections of all endpoints. */
    StaticCluster(
            ClusterConfig config,
            boolean usesHash,
            LoadBalancer.@Nullable Builder balancer,
            List<Endpoint> endpoints,
            AtomicInteger open) {
        this.config = config;
        this.usesHash = usesHash;
        this.snapshot = new Snapshot(1, List.copyOf(endpoints));
        this.picker = balancer == null || endpoints.isEmpty() ? null : balancer.build(snapshot.endpoints(), open::get);
        this.keyHash = balancer == null ? KeyHash.XX_HASH : balancer.keyHash();
    }

    ClusterConfig config() {
        return config;
    }

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public String loadBalancing() {
        return config.loadBalancing();
    }

    @Override
    public boolean usesHash() {
        return usesHash;
    }

    @Override
    public KeyHash keyHash() {
        return keyHash;
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt, Exclusions excluded) {
        if (picker == null) {
            return null;
        }
        List<Endpoint> all = snapshot.endpoints();
        for (int i = 0; i < all.size(); i++) {
            Endpoint endpoint = all.get(picker.pick(hash, attempt + i));
            if (excluded.size() == 0 || !excluded.contains(endpoint)) {
                return endpoint;
            }
        }
        // Weights may hide an endpoint behind the others: take whichever is left.
        for (Endpoint endpoint : all) {
            if (!excluded.contains(endpoint)) {
                return endpoint;
            }
        }
        return null;
    }

    @Override
    public Snapshot snapshot() {
        return snapshot;
    }

    @Override
    public int connectTimeoutMillis() {
        return (int) config.connectTimeout().toMillis();
    }
}
