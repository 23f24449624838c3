package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A table in which each endpoint has as many places as its weight says, chosen so that few change when endpoints do (D. Eisenbud and others,
 * "Maglev: A Fast and Reliable Software Network Load Balancer", 3.4); bit-exact with Envoy's {@code MAGLEV}.
 */
public final class Maglev implements LoadBalancer {
    /** As Envoy has it. */
    private static final int DEFAULT_SIZE = 65_537;

    private static final int MAX_SIZE = 5_000_011;

    /** For ServiceLoader. */
    public Maglev() {}

    @Override
    public String name() {
        return "maglev";
    }

    @Override
    public boolean usesHash() {
        return true;
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        ConfigNode node = cluster.section("maglev");
        int size = (int) node.integer("table_size", DEFAULT_SIZE, 2, MAX_SIZE);
        if (!BigInteger.valueOf(size).isProbablePrime(40)) {
            node.error("table_size", size + " (expected: a prime number)");
        }
        node.rejectUnknown();
        int balance = BoundedLoad.configure(cluster);
        return (endpoints, open) -> BoundedLoad.of(balance, endpoints, open, new Table(endpoints, size));
    }

    /** The table: an endpoint for each remainder of a hash. */
    static final class Table implements Picker {
        private final int[] table;

        Table(List<? extends Endpoint> endpoints, int size) {
            table = new int[size];
            Arrays.fill(table, -1);
            byte[][] keys = endpoints.stream()
                    .map(e -> RingHash.key(e).getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new);
            Integer[] order = IntStream.range(0, keys.length).boxed().toArray(Integer[]::new);
            Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(keys[a], keys[b]));
            double sum = endpoints.stream().mapToDouble(Endpoint::weight).sum();
            double most = endpoints.stream().mapToDouble(Endpoint::weight).max().orElse(1) / sum;
            fill(endpoints, keys, order, sum, most);
        }

        /** Endpoints take places in turn, each along its own permutation; lighter ones miss turns. */
        private void fill(List<? extends Endpoint> endpoints, byte[][] keys, Integer[] order, double sum, double most) {
            int n = order.length;
            long size = table.length;
            long[] at = new long[n];
            long[] skip = new long[n];
            double[] target = new double[n];
            for (int i = 0; i < n; i++) {
                byte[] key = keys[order[i]];
                at[i] = Long.remainderUnsigned(XxHash64.hash(key, 0), size);
                skip[i] = Long.remainderUnsigned(XxHash64.hash(key, 1), size - 1) + 1;
            }
            int filled = 0;
            for (int turn = 1; filled < size; turn++) {
                for (int i = 0; i < n && filled < size; i++) {
                    if (turn * (endpoints.get(order[i]).weight() / sum) < target[i]) {
                        continue;
                    }
                    target[i] += most;
                    while (table[(int) at[i]] >= 0) {
                        at[i] = (at[i] + skip[i]) % size;
                    }
                    table[(int) at[i]] = order[i];
                    at[i] = (at[i] + skip[i]) % size;
                    filled++;
                }
            }
        }

        @Override
        public int pick(long hash, int attempt) {
            // As Envoy: another attempt looks elsewhere, by 2^64 - attempt.
            long h = attempt == 0 ? hash : hash ^ -(long) attempt;
            return table[(int) Long.remainderUnsigned(h, table.length)];
        }
    }
}
