package dev.weir.core.ratelimit;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The buckets of a proxy, so that a reload which leaves a limit as it was does not fill them. An entry lives as long as a
 * configuration that asked for it. From any thread, while configuring.
 */
final class Kept {
    private static final class Entry {
        final Buckets buckets;
        int users;

        Entry(Buckets buckets) {
            this.buckets = buckets;
        }
    }

    private final Map<Object, Entry> entries = new HashMap<>();

    /** What is kept for {@code key}, or else {@code fresh}; to be given back with {@link #release}. */
    synchronized Buckets acquire(Object key, Supplier<Buckets> fresh) {
        Entry entry = entries.computeIfAbsent(key, k -> new Entry(fresh.get()));
        entry.users++;
        return entry.buckets;
    }

    synchronized void release(Object key) {
        Entry entry = entries.get(key);
        if (entry != null && --entry.users == 0) {
            entries.remove(key);
        }
    }

    synchronized int size() {
        return entries.size();
    }
}
