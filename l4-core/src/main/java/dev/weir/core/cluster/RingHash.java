package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Consistent hashing on a ring, bit-exact with Envoy's {@code RING_HASH} (ring_hash_lb.cc): a
 * virtual node is the hash of {@code <address>_<i>}; a hash belongs to the first node at or after it.
 */
public final class RingHash implements LoadBalancer {
    private static final long MAX_RING = 8 << 20;

    /** For ServiceLoader. */
    public RingHash() {}

    @Override
    public String name() {
        return "ring_hash";
    }

    @Override
    public boolean usesHash() {
        return true;
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        ConfigNode node = cluster.section("ring_hash");
        long min = node.integer("minimum_ring_size", 1024, 1, MAX_RING);
        long max = node.integer("maximum_ring_size", MAX_RING, 1, MAX_RING);
        if (min > max) {
            node.error("minimum_ring_size", min + " (expected: at most maximum_ring_size, " + max + ")");
        }
        String function = node.oneOf("hash_function", "xx_hash", List.of("xx_hash", "murmur_hash_2"));
        node.rejectUnknown();
        KeyHash hash = function.equals("xx_hash") ? KeyHash.XX_HASH : KeyHash.MURMUR_HASH_2;
        int balance = BoundedLoad.configure(cluster);
        return (endpoints, open) ->
                BoundedLoad.of(balance, endpoints, open, new Ring(endpoints, Math.min(min, max), max, hash));
    }

    /** What Envoy's policies hash of an endpoint. */
    static String key(Endpoint endpoint) {
        String name = endpoint.name();
        return name != null ? name : endpoint.address().toString();
    }

    /** Nodes sorted by unsigned hash, with the index of their endpoint. */
    static final class Ring implements Picker {
        private final long[] hashes;
        private final int[] owners;

        Ring(List<? extends Endpoint> endpoints, long minSize, long maxSize, KeyHash hash) {
            double total = endpoints.stream().mapToDouble(Endpoint::weight).sum();
            double least = endpoints.stream()
                    .mapToDouble(e -> e.weight() / total)
                    .min()
                    .orElse(1);
            double scale = Math.min(Math.ceil(least * minSize) / least, (double) maxSize);
            record Node(long hash, int owner) {}
            Node[] nodes = new Node[(int) Math.ceil(scale)];
            int size = 0;
            double target = 0;
            for (int i = 0; i < endpoints.size(); i++) {
                target += scale * (endpoints.get(i).weight() / total);
                String key = key(endpoints.get(i)) + "_";
                for (int n = 0; size < target; n++) {
                    if (size == nodes.length) {
                        nodes = Arrays.copyOf(nodes, size + 1);
                    }
                    byte[] text = (key + n).getBytes(StandardCharsets.UTF_8);
                    nodes[size++] = new Node(hash.hash(text, text.length), i);
                }
            }
            Node[] ring = Arrays.copyOf(nodes, size);
            Arrays.sort(ring, (a, b) -> Long.compareUnsigned(a.hash, b.hash));
            hashes = new long[size];
            owners = new int[size];
            for (int i = 0; i < size; i++) {
                hashes[i] = ring[i].hash;
                owners[i] = ring[i].owner;
            }
        }

        @Override
        public int pick(long hash, int attempt) {
            int low = 0;
            int high = hashes.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (Long.compareUnsigned(hashes[middle], hash) < 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return owners[(low + attempt) % hashes.length];
        }

        int size() {
            return hashes.length;
        }

        long hashAt(int i) {
            return hashes[i];
        }

        int ownerAt(int i) {
            return owners[i];
        }
    }
}
