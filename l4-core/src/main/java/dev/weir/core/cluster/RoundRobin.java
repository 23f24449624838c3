package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Smooth weighted round robin: the order in which NGINX's algorithm would choose is laid out once, and picking
 * walks along it.
 */
public final class RoundRobin implements LoadBalancer {
    /** Longest schedule; weights whose sum is larger are scaled down. */
    private static final int MAX_SLOTS = 4_096;

    /** For ServiceLoader. */
    public RoundRobin() {}

    @Override
    public String name() {
        return "round_robin";
    }

    @Override
    public Builder configure(ConfigNode cluster) {
        return (endpoints, open) -> {
            int[] schedule =
                    schedule(endpoints.stream().mapToInt(Endpoint::weight).toArray());
            AtomicInteger next = new AtomicInteger();
            return (hash, attempt) -> schedule[Math.floorMod(next.getAndIncrement(), schedule.length)];
        };
    }

    static int[] schedule(int[] weights) {
        int divisor = 0;
        for (int weight : weights) {
            divisor = gcd(weight, divisor);
        }
        int[] scaled = weights.clone();
        long sum = 0;
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] /= divisor;
            sum += scaled[i];
        }
        if (sum > MAX_SLOTS) {
            long all = sum;
            sum = 0;
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] = (int) Math.max(1, Math.round((double) scaled[i] * MAX_SLOTS / all));
                sum += scaled[i];
            }
        }
        long[] current = new long[scaled.length];
        int[] schedule = new int[(int) sum];
        for (int slot = 0; slot < schedule.length; slot++) {
            int best = 0;
            for (int i = 0; i < scaled.length; i++) {
                current[i] += scaled[i];
                if (current[i] > current[best]) {
                    best = i;
                }
            }
            current[best] -= sum;
            schedule[slot] = best;
        }
        return schedule;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
