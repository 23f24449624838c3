package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

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
 * @param pace how often they are asked
 */
record SentinelSettings(
        List<String> masters,
        boolean sharded,
        List<Address> sentinels,
        Role role,
        boolean fallback,
        RedisLogin sentinelLogin,
        RedisLogin login,
        AskingPace pace) {
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
                AskingPace.read(node, Duration.ofSeconds(10)));
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
}
