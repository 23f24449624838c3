package dev.weir.core.config;

import java.time.Duration;

/**
 * When endpoints are checked, and how many results count.
 *
 * @param type the name of the check
 * @param interval between two checks of a healthy endpoint
 * @param unhealthyInterval between two checks of one that is not
 * @param timeout of a check
 * @param jitter share of the interval by which checks are moved at random, 0 to 1
 * @param healthyThreshold successes in a row that make it healthy again
 * @param unhealthyThreshold failures in a row that make it unhealthy
 * @param node where it stands; the check reads its own keys from it
 */
public record HealthConfig(
        String type,
        Duration interval,
        Duration unhealthyInterval,
        Duration timeout,
        double jitter,
        int healthyThreshold,
        int unhealthyThreshold,
        ConfigNode node) {

    static HealthConfig from(ConfigNode node) {
        Duration interval = node.duration("interval", Duration.ofSeconds(5));
        Duration unhealthy = node.duration("unhealthy_interval", interval);
        Duration timeout = node.duration("timeout", Duration.ofSeconds(2));
        limit(node, "interval", interval);
        limit(node, "unhealthy_interval", unhealthy);
        limit(node, "timeout", timeout);
        return new HealthConfig(
                node.string("type"),
                interval,
                unhealthy,
                timeout,
                node.number("jitter", 0.1, 0, 1),
                (int) node.integer("healthy_threshold", 1, 1, 1_000),
                (int) node.integer("unhealthy_threshold", 2, 1, 1_000),
                node);
    }

    private static void limit(ConfigNode node, String key, Duration value) {
        if (value.toMillis() < 10 || value.toHours() > 24) {
            node.error(key, Units.format(value) + " (expected: 10ms..24h)");
        }
    }
}
