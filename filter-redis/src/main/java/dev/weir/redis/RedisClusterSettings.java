package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings of {@link RedisClusterDiscovery}.
 *
 * @param seeds nodes that are asked first, and as long as nothing else is known
 * @param login for the nodes
 * @param pace how often they are asked
 */
record RedisClusterSettings(List<Address> seeds, RedisLogin login, AskingPace pace) {
    private static final Address PLACEHOLDER = new Address("127.0.0.1", 6379);
    private static final int MOST_SEEDS = 64;

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
                AskingPace.read(node, Duration.ofSeconds(5)));
    }
}
