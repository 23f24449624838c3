package dev.weir.core.cluster;

import org.jspecify.annotations.Nullable;

/**
 * A named set of endpoints with a policy to pick among them. All methods may be called from any thread;
 * {@link #pick} neither blocks nor allocates nor connects.
 */
public interface Cluster {
    /** Its name. */
    String name();

    /**
     * Picks an endpoint, or null if there is none (left).
     *
     * @param hash what hash policies hash by; others ignore it
     * @param attempt 0 for the first try of a connection or exchange, then counting up: a further try should
     *     get another endpoint if there is one
     * @param excluded endpoints that failed this connection or exchange already, as {@link Exclusions}
     */
    @Nullable
    Endpoint pick(long hash, int attempt, Exclusions excluded);

    /** Whether {@link #pick} looks at the hash; where not, callers need not compute one. */
    boolean usesHash();

    /** The function that makes the hash of a key for {@link #pick}. */
    KeyHash keyHash();

    /** Name of its policy. */
    String loadBalancing();

    /** All endpoints at this moment, with a version that grows with every change. */
    Snapshot snapshot();

    /** Longest time one connection attempt may take, in milliseconds. */
    int connectTimeoutMillis();
}
