package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The settings of {@link RedisClusterDiscovery}.
 *
 * @param seeds nodes that are asked first, and as long as nothing else is known
 * @param login for the nodes
 * @param timeout of one conversation, from connecting to the last answer
 * @param refresh between two rounds of questions without a reason
 */
record RedisClusterSettings(List<Address> seeds, RedisLogin login, Duration timeout, Duration refresh) {
    private static final Address PLACEHOLDER = new Address("127.0.0.1", 6379);
    private static final int MOST_SEEDS = 64;
    private static final long FIRST_RETRY_MILLIS = 100;

    static RedisClusterSettings read(ConfigNode node) {
        List<Address> seeds = new ArrayList<>();
        for (ConfigNode seed : node.required("seeds").isMap() ? List.<ConfigNode>of() : node.list("seeds")) {
            Address address = seed.as(Address::parse, PLACEHOLDER);
            if (address.port() <= 0) {
                seed.error("\"" + address + "\" (expected: host:port, with a port of 1..65535)");
            }
            seeds.add(address);
        }
        if (node.has("seeds") && (seeds.isEmpty() || seeds.size() > MOST_SEEDS)) {
            node.error("seeds", seeds.size() + " addresses (expected: 1.." + MOST_SEEDS + ")");
        }
        return new RedisClusterSettings(
                seeds.stream().distinct().toList(),
                RedisLogin.from(node, ""),
                duration(node, "timeout", Duration.ofSeconds(1), Duration.ofMinutes(1)),
                duration(node, "refresh", Duration.ofSeconds(5), Duration.ofHours(1)));
    }

    private static Duration duration(ConfigNode node, String key, Duration absent, Duration most) {
        Duration duration = node.duration(key, absent);
        if (duration.toMillis() < 10 || duration.compareTo(most) > 0) {
            node.error(key, Units.format(duration) + " (expected: 10ms.." + Units.format(most) + ")");
            return absent;
        }
        return duration;
    }

    /** Milliseconds to the next round: after one that was good the refresh, the tenth part of it by chance; else soon, then twice as long each time. */
    long pauseMillis(int failures, RandomGenerator random) {
        long longest = refresh.toMillis();
        if (failures == 0) {
            return longest - random.nextLong(longest / 10 + 1);
        }
        long delay = Math.min(longest, FIRST_RETRY_MILLIS << Math.min(failures - 1, 20));
        return delay - random.nextLong(delay / 2 + 1);
    }
}
