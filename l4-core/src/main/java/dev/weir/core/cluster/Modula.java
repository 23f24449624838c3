package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.function.IntSupplier;

/** The remainder of the hash, as twemproxy's {@code modula} takes it (src/hashkit/nc_modula.c, 0.5): each server as often as its weight. */
public final class Modula implements LoadBalancer {
    /** For ServiceLoader. */
    public Modula() {}

    @Override
    public String name() {
        return "modula";
    }

    @Override
    public boolean usesHash() {
        return true;
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        KeyHash hash = Twemproxy.hash(cluster);
        return new Builder() {
            @Override
            public Picker build(List<? extends Endpoint> endpoints, IntSupplier open) {
                return new Table(endpoints);
            }

            @Override
            public KeyHash keyHash() {
                return hash;
            }
        };
    }

    /** The servers in order, with the sum of weights up to each. */
    static final class Table implements Picker {
        private final int[] order;
        private final long[] sums;

        Table(List<? extends Endpoint> endpoints) {
            order = Twemproxy.order(endpoints);
            sums = new long[order.length];
            long sum = 0;
            for (int i = 0; i < order.length; i++) {
                sum += endpoints.get(order[i]).weight();
                sums[i] = sum;
            }
        }

        @Override
        public int pick(long hash, int attempt) {
            long slot = Long.remainderUnsigned(hash, sums[sums.length - 1]);
            int low = 0;
            int high = order.length - 1;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (sums[middle] <= slot) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return order[(low + attempt) % order.length];
        }
    }
}
