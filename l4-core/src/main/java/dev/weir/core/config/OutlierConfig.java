package dev.weir.core.config;

import java.time.Duration;

/**
 * When an endpoint is taken out because of how it behaves (Envoy's "outlier detection", with its defaults).
 *
 * @param consecutiveFailures failures in a row; 0 for never
 * @param interval between two looks at success rates and at who may return
 * @param baseEjection how long the first time; the n-th time n times as long
 * @param maxEjection at most
 * @param maxEjectedPercent how many of the endpoints may be out at a time; one always may
 * @param successRateHosts endpoints with enough requests that success rates are compared; 0 for never
 * @param successRateRequests requests in an interval that are enough
 * @param successRateFactor standard deviations below the mean
 */
public record OutlierConfig(
        int consecutiveFailures,
        Duration interval,
        Duration baseEjection,
        Duration maxEjection,
        int maxEjectedPercent,
        int successRateHosts,
        int successRateRequests,
        double successRateFactor) {

    static OutlierConfig from(ConfigNode node) {
        OutlierConfig config = new OutlierConfig(
                (int) node.integer("consecutive_failures", 5, 0, 1_000_000),
                node.duration("interval", Duration.ofSeconds(10)),
                node.duration("base_ejection_time", Duration.ofSeconds(30)),
                node.duration("max_ejection_time", Duration.ofSeconds(300)),
                (int) node.integer("max_ejection_percent", 10, 0, 100),
                (int) node.integer("success_rate_minimum_hosts", 5, 0, 1_000_000),
                (int) node.integer("success_rate_request_volume", 100, 1, 1_000_000_000),
                node.number("success_rate_stdev_factor", 1.9, 0, 100));
        limit(node, "interval", config.interval);
        limit(node, "base_ejection_time", config.baseEjection);
        limit(node, "max_ejection_time", config.maxEjection);
        node.rejectUnknown();
        return config;
    }

    private static void limit(ConfigNode node, String key, Duration value) {
        if (value.toMillis() < 10 || value.toHours() > 24) {
            node.error(key, Units.format(value) + " (expected: 10ms..24h)");
        }
    }
}
