package dev.weir.redis;

import java.util.List;
import java.util.Locale;

/** Who is asked by commands that only read, where a shard has replicas. */
enum ReadPolicy {
    /** Nobody else. */
    PRIMARY,
    /** Replicas; the primary where there is none that can be asked. */
    PREFER_REPLICA,
    /** Replicas only. */
    REPLICA,
    /** The primary and its replicas in turn. */
    ANY,
    /** Of all of them the one that has answered fastest of late. */
    LOWEST_LATENCY;

    static final List<String> NAMES = List.of("primary", "prefer_replica", "replica", "any", "lowest_latency");

    /** Its name in configurations. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static ReadPolicy of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
