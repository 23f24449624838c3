package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Consistent hashing as twemproxy's {@code ketama} does it, to the point (src/hashkit/nc_ketama.c, 0.5): 160 points for a server of average weight,
 * four from each MD5 of {@code <name>-<i>}.
 */
public final class Ketama implements LoadBalancer {
    private static final int POINTS = 160;

    /** For ServiceLoader. */
    public Ketama() {}

    @Override
    public String name() {
        return "ketama";
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
                return new Continuum(endpoints);
            }

            @Override
            public KeyHash keyHash() {
                return hash;
            }
        };
    }

    /** Points in ascending order; each holds its hash in the upper half, and its number and its owner below. */
    static final class Continuum implements Picker {
        private final long[] points;
        private final int[] owners;

        Continuum(List<? extends Endpoint> endpoints) {
            int[] order = Twemproxy.order(endpoints);
            long sum = endpoints.stream().mapToLong(Endpoint::weight).sum();
            int[] sizes = new int[order.length];
            int size = 0;
            for (int i = 0; i < order.length; i++) {
                sizes[i] = points(endpoints.get(order[i]).weight(), sum, order.length);
                size += 4 * sizes[i];
            }
            points = new long[size];
            owners = new int[size];
            int n = 0;
            for (int i = 0; i < order.length; i++) {
                String name = new String(Twemproxy.ringName(endpoints.get(order[i])), StandardCharsets.UTF_8);
                for (int j = 0; j < sizes[i]; j++) {
                    byte[] text = (name + '-' + j).getBytes(StandardCharsets.UTF_8);
                    byte[] digest = TwemproxyHashes.md5Bytes(text, 0, text.length);
                    for (int part = 0; part < 4; part++) {
                        owners[n] = order[i];
                        points[n] = TwemproxyHashes.littleEndian(digest, 4 * part) << 32 | n++;
                    }
                }
            }
            sort();
        }

        /** By hash; equal ones stay in the order in which they were made. */
        private void sort() {
            int[] made = owners.clone();
            // Hashes have no sign: the upper half is turned so that signed order is theirs.
            for (int i = 0; i < points.length; i++) {
                points[i] ^= Long.MIN_VALUE;
            }
            java.util.Arrays.sort(points);
            for (int i = 0; i < points.length; i++) {
                points[i] ^= Long.MIN_VALUE;
                owners[i] = made[(int) points[i]];
                points[i] >>>= 32;
            }
        }

        /** A quarter of the points of a server: in floats, as the original reckons. */
        private static int points(int weight, long sum, int servers) {
            float share = (float) weight / (float) sum;
            float quarter = share * POINTS / 4 * servers;
            return (int) Math.floor((float) (quarter + 1e-10));
        }

        @Override
        public int pick(long hash, int attempt) {
            if (points.length == 0) {
                return 0; // weights so far apart that nobody has a point
            }
            int low = 0;
            int high = points.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (points[middle] < hash) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return owners[(low + attempt) % points.length];
        }

        int size() {
            return points.length;
        }

        long pointAt(int i) {
            return points[i];
        }

        int ownerAt(int i) {
            return owners[i];
        }
    }
}
