package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import java.util.HashMap;
import java.util.Map;

/**
 * How connections log in to shards. Immutable. Never shown itself.
 *
 * @param everywhere where nothing else is said; perhaps not at all
 * @param endpoints at some endpoints, by their addresses
 * @param fromClient whether clients log in at the shards as what they log in as here
 */
record UpstreamAuth(RedisLogin everywhere, Map<Address, RedisLogin> endpoints, boolean fromClient) {
    private static final Address PLACEHOLDER = new Address("127.0.0.1", 6379);

    /** Reads {@code upstream_auth} and reports problems. */
    static UpstreamAuth read(ConfigNode config) {
        if (!config.has("upstream_auth")) {
            return new UpstreamAuth(RedisLogin.of(null, null), Map.of(), false);
        }
        ConfigNode section = config.section("upstream_auth");
        RedisLogin everywhere = RedisLogin.from(section, "");
        Map<Address, RedisLogin> endpoints = new HashMap<>();
        for (ConfigNode node : section.list("endpoints")) {
            Address address = node.required("address").as(Address::parse, PLACEHOLDER);
            RedisLogin login = RedisLogin.from(node, "");
            if (login.command().isEmpty() && !node.has("password")) {
                node.error("password", "missing (expected: a password)");
            }
            if (endpoints.put(address, login) != null) {
                node.error("address", "\"" + address + "\" (expected: each address once)");
            }
            node.rejectUnknown();
        }
        boolean fromClient = section.bool("from_client", false);
        if (fromClient && (!everywhere.command().isEmpty() || !endpoints.isEmpty())) {
            section.error("from_client", "true, beside a password (expected: one of both)");
        }
        if (fromClient && config.has("auth")) {
            section.error("from_client", "true, beside auth (expected: one of both; the shards know who may log in)");
        }
        section.rejectUnknown();
        return new UpstreamAuth(everywhere, Map.copyOf(endpoints), fromClient);
    }

    /** That of the proxy itself at a shard. */
    RedisLogin at(Address shard) {
        return endpoints.isEmpty() ? everywhere : endpoints.getOrDefault(shard, everywhere);
    }

    @Override
    public String toString() {
        return "upstream_auth"; // no secrets
    }
}
