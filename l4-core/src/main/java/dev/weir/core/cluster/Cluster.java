package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import dev.weir.core.tls.TlsClient;
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

    /**
     * As {@link #pick}, for who is going to connect at once: an endpoint that may have one more connection. Null also if there is none (left)
     * that may, or if the cluster has all of its connections; that is counted.
     */
    default @Nullable Endpoint pickToConnect(long hash, int attempt, Exclusions excluded) {
        return pick(hash, attempt, excluded);
    }

    /**
     * Takes a place of {@link Limit#PENDING}, {@link Limit#REQUESTS} or {@link Limit#RETRIES}; those of connections are taken by connecting. Does
     * not wait, does not allocate.
     *
     * @return whether there was one; if so {@link #release} is owed, exactly once. If not, that is counted.
     */
    boolean acquire(Limit limit);

    /** Gives a place back. */
    void release(Limit limit);

    /** Whether {@link #pick} looks at the hash; where not, callers need not compute one. */
    boolean usesHash();

    /** The function that makes the hash of a key for {@link #pick}. */
    KeyHash keyHash();

    /** Name of its policy. */
    String loadBalancing();

    /**
     * An endpoint that is none of this cluster's: at an address that a client chose, connected to with the settings of this cluster and within
     * its limits. Made for one connection. Null if the cluster makes none.
     */
    default @Nullable Endpoint elsewhere(Address target) {
        return null;
    }

    /** TLS toward its endpoints, for those who connect in another way than by {@link Endpoint#connect}; null for none. It ends with the cluster. */
    default @Nullable TlsClient tls() {
        return null;
    }

    /** All endpoints at this moment, with a version that grows with every change. */
    Snapshot snapshot();

    /** Whether anybody wants to know how exchanges went: {@link Endpoint#done} has an effect. */
    boolean wantsOutcomes();

    /** Longest time one connection attempt may take, in milliseconds. */
    int connectTimeoutMillis();
}
