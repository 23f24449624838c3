package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.util.List;

/**
 * Of two endpoints drawn at random (by weight) the one with fewer open connections for its weight: nearly as even as asking
 * all of them, without the stampede to one that has just become the emptiest (M. Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001).
 */
public final class LeastRequest implements LoadBalancer {
    private static final int MAX_CHOICES = 100;

    /** For ServiceLoader. */
    public LeastRequest() {}

    @Override
    public String name() {
        return "least_request";
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        ConfigNode node = cluster.section("least_request");
        int choices = (int) node.integer("choice_count", 2, 2, MAX_CHOICES);
        node.rejectUnknown();
        return (endpoints, open) -> new Choices(endpoints, choices);
    }

    private static final class Choices implements Picker {
        private final Endpoint[] endpoints;
        private final WeightedDraw draw;
        private final int choices;

        Choices(List<? extends Endpoint> endpoints, int choices) {
            this.endpoints = endpoints.toArray(new Endpoint[0]);
            this.draw = new WeightedDraw(endpoints);
            this.choices = choices;
        }

        @Override
        public int pick(long hash, int attempt) {
            int best = draw.draw();
            for (int i = 1; i < choices; i++) {
                int other = draw.draw();
                if (less(endpoints[other], endpoints[best])) {
                    best = other;
                }
            }
            return best;
        }

        /** Whether {@code a} has fewer connections for its weight, the new one counted. */
        private static boolean less(Endpoint a, Endpoint b) {
            return (a.activeConnections() + 1L) * b.weight() < (b.activeConnections() + 1L) * a.weight();
        }
    }
}
