package dev.weir.core.cluster;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Draws endpoints at random, by weight, in constant time (Walker's alias method, in whole numbers). Immutable. */
final class WeightedDraw {
    private final int size;
    private final boolean equal;
    private final long[] limits;
    private final int[] aliases;
    private final long sum;

    WeightedDraw(List<? extends Endpoint> endpoints) {
        size = endpoints.size();
        limits = new long[size];
        aliases = new int[size];
        long total = 0;
        boolean same = true;
        for (Endpoint endpoint : endpoints) {
            total += endpoint.weight();
            same &= endpoint.weight() == endpoints.get(0).weight();
        }
        sum = total;
        equal = same;
        // Each column holds `sum`: what an endpoint's own share lacks is filled up by one that has more than that.
        int[] small = new int[size];
        int[] large = new int[size];
        int smalls = 0;
        int larges = 0;
        for (int i = 0; i < size; i++) {
            limits[i] = (long) endpoints.get(i).weight() * size;
            if (limits[i] < sum) {
                small[smalls++] = i;
            } else {
                large[larges++] = i;
            }
        }
        while (smalls > 0 && larges > 0) {
            int less = small[--smalls];
            int more = large[larges - 1];
            aliases[less] = more;
            limits[more] -= sum - limits[less];
            if (limits[more] < sum) {
                larges--;
                small[smalls++] = more;
            }
        }
    }

    /** Whether all have the same weight. */
    boolean equal() {
        return equal;
    }

    /** An index. */
    int draw() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        int column = random.nextInt(size);
        return equal || random.nextLong(sum) < limits[column] ? column : aliases[column];
    }
}
