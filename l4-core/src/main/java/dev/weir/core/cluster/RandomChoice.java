package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;

/** An endpoint at random, by weight. */
public final class RandomChoice implements LoadBalancer {
    /** For ServiceLoader. */
    public RandomChoice() {}

    @Override
    public String name() {
        return "random";
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        return (endpoints, open) -> {
            WeightedDraw draw = new WeightedDraw(endpoints);
            return (hash, attempt) -> draw.draw();
        };
    }
}
