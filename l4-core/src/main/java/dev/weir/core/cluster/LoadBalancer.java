package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * A policy to choose among endpoints. Found by {@link java.util.ServiceLoader}, one object per proxy. The policy itself
 * holds no state; a {@link Picker} is made anew, off the data path, whenever the endpoints change.
 */
public interface LoadBalancer {
    /** The name after {@code load_balancing:}. */
    String name();

    /** Whether pickers look at the hash. */
    default boolean usesHash() {
        return false;
    }

    /**
     * Reads the policy's own keys of the cluster's configuration and reports problems. Called once per cluster and
     * configuration, off the event loops, also by {@code weir check}.
     */
    Builder configure(ConfigNode cluster);

    /** Makes pickers. */
    @FunctionalInterface
    interface Builder {
        /**
         * Off the event loops, once per change of the endpoints.
         *
         * @param endpoints immutable and not empty
         * @param open tells how many connections to all of them are open, from any thread
         */
        Picker build(List<? extends Endpoint> endpoints, IntSupplier open);

        /** The function that makes the hash of a key. */
        default KeyHash keyHash() {
            return KeyHash.XX_HASH;
        }
    }

    /** Chooses among a fixed list. Called on all event loops at once, per connection or exchange; neither blocks nor allocates. */
    @FunctionalInterface
    interface Picker {
        /**
         * The index of the endpoint to try.
         *
         * @param hash for hash policies
         * @param attempt 0 for the first try; further ones should answer something else if they can
         */
        int pick(long hash, int attempt);
    }
}
