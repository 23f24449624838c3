package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;

/**
 * How long a request of a route may take. Section {@code timeouts} of a route.
 *
 * @param requestNanos from its first byte to the last of its answer; 0 for ever
 * @param idleNanos how long nothing may move; 0 for ever
 */
record RouteTimeouts(long requestNanos, long idleNanos) {
    private static final Duration LONGEST = Duration.ofDays(1);

    static RouteTimeouts read(ConfigNode route, RouteDefaults defaults) {
        ConfigNode node = route.section("timeouts");
        RouteTimeouts timeouts = new RouteTimeouts(
                nanos(node, "request", defaults.requestNanos()), nanos(node, "idle", defaults.idleNanos()));
        node.rejectUnknown();
        return timeouts;
    }

    /** A time, or 0 for none. */
    static long nanos(ConfigNode node, String key, long absent) {
        Duration time = node.duration(key, Duration.ofNanos(absent));
        if (!time.isZero() && (time.toMillis() < 1 || time.compareTo(LONGEST) > 0)) {
            node.error(key, Units.format(time) + " (expected: 0s for none, or 1ms..24h)");
            return absent;
        }
        return time.toNanos();
    }
}
