package dev.weir.http;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Where copies of requests go.
 *
 * @param percent how many of them, in hundredths
 */
record RouteMirror(RouteCluster to, double percent) {
    /** Whether this request is one of them. */
    boolean chosen() {
        return percent >= 100 || ThreadLocalRandom.current().nextDouble(100) < percent;
    }
}
