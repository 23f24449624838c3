package dev.weir.core.config;

import java.time.Duration;

/**
 * What the process does when a limit is reached.
 *
 * @param maxConnections client connections of all listeners together; 0 for no limit
 * @param closeIdleAfter how long connections wait to be accepted before idle ones are closed for them
 * @param refuseAfter how long they wait before they are refused
 */
public record OverloadConfig(int maxConnections, Duration closeIdleAfter, Duration refuseAfter) {
    /** Reads the section {@code overload}. */
    static OverloadConfig from(ConfigNode root) {
        ConfigNode node = root.section("overload");
        OverloadConfig config = new OverloadConfig(
                (int) node.integer("max_connections", 0, 0, Integer.MAX_VALUE),
                node.duration("close_idle_after", Duration.ofSeconds(1)),
                node.duration("refuse_after", Duration.ofSeconds(10)));
        if (config.refuseAfter.compareTo(config.closeIdleAfter) < 0) {
            node.error(
                    "refuse_after",
                    Units.format(config.refuseAfter) + " (expected: at least close_idle_after, "
                            + Units.format(config.closeIdleAfter) + ")");
        }
        node.rejectUnknown();
        return config;
    }
}
