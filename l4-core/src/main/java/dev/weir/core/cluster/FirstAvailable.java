package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;

/** The endpoints in their order: the first one, and the next one only where that could not be had. Weights do not count. */
public final class FirstAvailable implements LoadBalancer {
    /** For ServiceLoader. */
    public FirstAvailable() {}

    @Override
    public String name() {
        return "first_available";
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        return (endpoints, open) -> {
            int size = endpoints.size();
            return (hash, attempt) -> Math.floorMod(attempt, size);
        };
    }
}
