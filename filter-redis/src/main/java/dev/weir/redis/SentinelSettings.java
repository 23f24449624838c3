package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The settings of {@link SentinelDiscovery}.
 *
 * @param masters the names that Sentinels know, each once
 * @param sharded whether each of them is a shard, whose endpoints have its name
 * @param sentinels those that are asked first
 * @param role which servers are endpoints
 * @param fallback whether the master is one where there is no healthy replica, with {@link Role#REPLICAS}
 * @param sentinelLogin for Sentinels
 * @param login for the servers
 * @param timeout of one conversation, from connecting to the last answer
 * @param refresh between two rounds of questions without a reason
 */
record SentinelSettings(
        List<String> masters,
        boolean sharded,
        List<Address> sentinels,
        Role role,
        boolean fallback,
        RedisLogin sentinelLogin,
        RedisLogin login,
        Duration timeout,
        Duration refresh) {
    /** Which servers are endpoints. */
    enum Role {
        MASTER,
        REPLICAS,
        ANY
    }

    /** To a configuration and to what Sentinels say of each other. */
    static final int MOST_SENTINELS = 32;

    /** Each of them is asked for by connections of its own. */
    private static final int MOST_MASTERS = 64;

    private static final Address PLACEHOLDER = new Address("127.0.0.1", 26_379);
    private static final long FIRST_RETRY_MILLIS = 100;

    static SentinelSettings read(ConfigNode node) {
        List<String> masters = masters(node);
        List<Address> sentinels = new ArrayList<>();
        for (ConfigNode sentinel :
                node.required("sentinels").isMap() ? List.<ConfigNode>of() : node.list("sentinels")) {
            Address address = sentinel.as(Address::parse, PLACEHOLDER);
            if (address.port() == 0) {
                sentinel.error("\"" + address + "\" (expected: a port of 1..65535)");
            }
            sentinels.add(address);
        }
        if (node.has("sentinels") && (sentinels.isEmpty() || sentinels.size() > MOST_SENTINELS)) {
            node.error("sentinels", sentinels.size() + " addresses (expected: 1.." + MOST_SENTINELS + ")");
        }
        Role role = switch (node.oneOf("role", "master", List.of("master", "replicas", "any"))) {
            case "replicas" -> Role.REPLICAS;
            case "any" -> Role.ANY;
            default -> Role.MASTER;
        };
        boolean fallback = node.bool("fallback_to_master", false);
        if (fallback && role != Role.REPLICAS) {
            node.error("fallback_to_master", "true (expected: only with role: replicas)");
        }
        return new SentinelSettings(
                masters,
                node.has("masters"),
                sentinels.stream().distinct().toList(),
                role,
                fallback,
                RedisLogin.from(node, "sentinel_"),
                RedisLogin.from(node, ""),
                duration(node, "timeout", Duration.ofSeconds(1), Duration.ofMinutes(1)),
                duration(node, "refresh", Duration.ofSeconds(10), Duration.ofHours(1)));
    }

    private static List<String> masters(ConfigNode node) {
        if (!node.has("masters")) {
            String master = node.string("master");
            if (blank(master)) {
                node.error("master", "\"" + master + "\" (expected: a name without blanks)");
            }
            return List.of(master);
        }
        if (node.has("master")) {
            node.error("master", "beside masters (expected: one of both)");
        }
        List<ConfigNode> names = node.required("masters").isMap() ? List.of() : node.list("masters");
        if (names.isEmpty() || names.size() > MOST_MASTERS) {
            node.error("masters", names.size() + " names (expected: 1.." + MOST_MASTERS + ")");
        }
        Set<String> masters = new LinkedHashSet<>();
        for (ConfigNode name : names) {
            String master = name.as(SentinelSettings::name, "");
            if (!master.isEmpty() && !masters.add(master)) {
                name.error("\"" + master + "\" (expected: each name once)");
            }
        }
        return List.copyOf(masters);
    }

    private static String name(String text) {
        if (text.isEmpty() || blank(text)) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: a name without blanks)");
        }
        return text;
    }

    private static boolean blank(String name) {
        return name.chars().anyMatch(c -> c <= ' ');
    }

    private static Duration duration(ConfigNode node, String key, Duration absent, Duration most) {
        Duration duration = node.duration(key, absent);
        if (duration.toMillis() < 10 || duration.compareTo(most) > 0) {
            node.error(key, Units.format(duration) + " (expected: 10ms.." + Units.format(most) + ")");
            return absent;
        }
        return duration;
    }

    /** Milliseconds to the next round after one that was good: the tenth part of it by chance. */
    long refreshMillis(RandomGenerator random) {
        long millis = refresh.toMillis();
        return millis - random.nextLong(millis / 10 + 1);
    }

    /** Milliseconds to the next attempt after so many failures in a row: doubled each time up to the refresh, the second half by chance. */
    long retryMillis(int failures, RandomGenerator random) {
        long delay = Math.min(refresh.toMillis(), FIRST_RETRY_MILLIS << Math.min(failures - 1, 20));
        return delay - random.nextLong(delay / 2 + 1);
    }
}
