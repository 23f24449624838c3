package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Consistent hashing with bounded loads (V. Mirrokni and others, 2016): an endpoint that has more than its share of the open connections,
 * by a factor, is passed over. What is passed over goes the same way each time for the same hash.
 */
final class BoundedLoad implements LoadBalancer.Picker {
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /** So often another place is tried before all endpoints are looked at: hardly ever, as the factor leaves room. */
    private static final int TRIES = 32;

    private final Endpoint[] endpoints;
    private final LoadBalancer.Picker picker;
    private final double factor;
    private final double weights;

    private final IntSupplier open;

    private BoundedLoad(
            double factor, List<? extends Endpoint> endpoints, IntSupplier open, LoadBalancer.Picker picker) {
        this.open = open;
        this.factor = factor;
        this.endpoints = endpoints.toArray(new Endpoint[0]);
        this.picker = picker;
        this.weights = endpoints.stream().mapToDouble(Endpoint::weight).sum();
    }

    /** Reads {@code hash_balance_factor} in percent; 0 is none. */
    static int configure(ConfigNode cluster) {
        return cluster.has("hash_balance_factor") ? (int) cluster.integer("hash_balance_factor", 0, 100, 100_000) : 0;
    }

    static LoadBalancer.Picker of(
            int percent, List<? extends Endpoint> endpoints, IntSupplier open, LoadBalancer.Picker picker) {
        return percent == 0 ? picker : new BoundedLoad(percent / 100.0, endpoints, open, picker);
    }

    @Override
    public int pick(long hash, int attempt) {
        int first = picker.pick(hash, attempt);
        double share = factor * (open.getAsInt() + 1) / weights;
        if (fits(first, share)) {
            return first;
        }
        long h = hash;
        for (int i = 0; i < TRIES; i++) {
            h = (h ^ h >>> 32) * SPREAD + 1;
            int other = picker.pick(h, attempt);
            if (fits(other, share)) {
                return other;
            }
        }
        return emptiest();
    }

    private boolean fits(int i, double share) {
        return endpoints[i].activeConnections() + 1 <= Math.ceil(share * endpoints[i].weight());
    }

    private int emptiest() {
        int best = 0;
        for (int i = 1; i < endpoints.length; i++) {
            long mine = (long) endpoints[i].activeConnections() * endpoints[best].weight();
            if (mine < (long) endpoints[best].activeConnections() * endpoints[i].weight()) {
                best = i;
            }
        }
        return best;
    }
}
