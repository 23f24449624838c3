package dev.weir.core.net;

import dev.weir.core.cluster.Limit;
import java.util.concurrent.atomic.AtomicInteger;

/** What is open of a cluster's name at this moment. Outlives its generations, as connections do. From any thread. */
final class ClusterUsage {
    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger pending = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger retries = new AtomicInteger();

    /** The count of what a cluster as a whole bounds. */
    AtomicInteger of(Limit limit) {
        return switch (limit) {
            case CONNECTIONS -> connections;
            case PENDING -> pending;
            case REQUESTS -> requests;
            case RETRIES -> retries;
            case HOST_CONNECTIONS, CONNECTION_RATE ->
                throw new IllegalArgumentException(limit + " (expected: a limit of the whole cluster)");
        };
    }
}
