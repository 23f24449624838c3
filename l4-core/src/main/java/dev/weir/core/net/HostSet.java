package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.cluster.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster at a moment, and who chooses among them. Immutable.
 *
 * @param snapshot all of them
 * @param used those that are chosen from, in the picker's order
 * @param picker chooses an index of these; null if there are none
 * @param panic whether they are used although too many are not healthy
 * @param shards whether each has keys that no other one has, so that none stands in for another
 */
record HostSet(
        Snapshot snapshot, List<Host> used, LoadBalancer.@Nullable Picker picker, boolean panic, boolean shards) {
    static final HostSet EMPTY = new HostSet(new Snapshot(0, List.of()), List.of(), null, false, false);

    @Nullable
    Endpoint pick(long hash, int attempt, Exclusions excluded) {
        return pick(hash, attempt, excluded, null);
    }

    /** Leaves out who is at one of its limits: hash policies go on to the next one of that hash. */
    @Nullable
    Endpoint pick(long hash, int attempt, Exclusions excluded, @Nullable ClusterLimits limits) {
        if (picker == null) {
            return null;
        }
        Limit reached = null;
        int tries = shards ? 1 : used.size();
        for (int i = 0; i < tries; i++) {
            Host host = used.get(picker.pick(hash, shards ? 0 : attempt + i));
            if (excluded.size() == 0 || !excluded.contains(host)) {
                reached = limits == null ? null : limits.reached(host.kept());
                if (reached == null) {
                    return host;
                }
            }
        }
        // Weights may hide an endpoint behind the others: take whichever is left.
        for (Host host : shards ? List.<Host>of() : used) {
            if (!excluded.contains(host)) {
                reached = limits == null ? null : limits.reached(host.kept());
                if (reached == null) {
                    return host;
                }
            }
        }
        if (limits != null && reached != null) {
            limits.overflow(reached);
        }
        return null;
    }
}
