package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import org.jspecify.annotations.Nullable;

/**
 * The settings {@code hot_keys}.
 *
 * @param size keys kept per ranking
 * @param sampling share of commands that are counted
 */
record HotKeySettings(int size, double sampling) {
    private static final double SAMPLING = 0.01;
    private static final int SIZE = 64;

    /** Reads them, if they are there, and reports problems. */
    static @Nullable HotKeySettings read(ConfigNode config) {
        if (!config.has("hot_keys")) {
            return null;
        }
        ConfigNode section = config.section("hot_keys");
        double sampling = section.number("sampling", SAMPLING, 0, 1);
        if (sampling <= 0) {
            section.error("sampling", sampling + " (expected: a number above 0, at most 1)");
        }
        int size = (int) section.integer("size", SIZE, 1, 10_000);
        section.rejectUnknown();
        return new HotKeySettings(size, sampling);
    }

    /** Opens the table of a loop. */
    HotKeys.Recorder recorder(FilterEnvironment environment, int loop) {
        return environment.hotKeys().recorder(environment.listener(), loop, size, sampling);
    }
}
