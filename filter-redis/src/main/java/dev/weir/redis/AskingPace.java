package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often a discovery asks, and how long it waits for an answer.
 *
 * @param timeout of one conversation, from connecting to the last answer
 * @param refresh between two rounds of questions without a reason
 */
record AskingPace(Duration timeout, Duration refresh) {
    private static final long FIRST_RETRY_MILLIS = 100;

    /** {@code timeout} and {@code refresh} of a discovery's settings. */
    static AskingPace read(ConfigNode node, Duration refreshIfAbsent) {
        return new AskingPace(
                duration(node, "timeout", Duration.ofSeconds(1), Duration.ofMinutes(1)),
                duration(node, "refresh", refreshIfAbsent, Duration.ofHours(1)));
    }

    private static Duration duration(ConfigNode node, String key, Duration absent, Duration most) {
        Duration duration = node.duration(key, absent);
        if (duration.toMillis() < 10 || duration.compareTo(most) > 0) {
            node.error(key, Units.format(duration) + " (expected: 10ms.." + Units.format(most) + ")");
            return absent;
        }
        return duration;
    }

    /**
     * Milliseconds to the next attempt: after one that was good the refresh, the tenth part of it by chance; after failures 100, doubled each time up
     * to the refresh, the second half by chance.
     *
     * @param failures in a row
     */
    long pauseMillis(int failures, RandomGenerator random) {
        long longest = refresh.toMillis();
        if (failures == 0) {
            return longest - random.nextLong(longest / 10 + 1);
        }
        long delay = Math.min(longest, FIRST_RETRY_MILLIS << Math.min(failures - 1, 20));
        return delay - random.nextLong(delay / 2 + 1);
    }
}
