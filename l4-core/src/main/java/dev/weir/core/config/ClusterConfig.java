package dev.weir.core.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A cluster.
 *
 * @param name its name
 * @param endpoints its servers, at least one; empty where they are discovered
 * @param discovery where they come from otherwise, or null
 * @param health how they are checked, or null
 * @param outliers when they are taken out, or null
 * @param limits what it lets in
 * @param panicThreshold percent: if fewer are healthy, all are used
 * @param closesOnRemoval whether the connections of a host that leaves are closed
 * @param slowStart how long a host that is new or returns gets less than its share; zero for not at all
 * @param loadBalancing name of the policy
 * @param connectTimeout longest connection attempt, 1 ms…10 min
 * @param sourceAddress local address to connect from, or null
 * @param noDelay TCP_NODELAY on upstream connections
 * @param keepAlive TCP keep-alive on upstream connections
 * @param proxyHeader the PROXY protocol header that upstream connections begin with, or null
 * @param tls how TLS begins on upstream connections, or null
 * @param node where it stands in the configuration; the policy reads its own keys from it
 */
public record ClusterConfig(
        String name,
        List<EndpointConfig> endpoints,
        @Nullable ConfigNode discovery,
        @Nullable HealthConfig health,
        @Nullable OutlierConfig outliers,
        LimitsConfig limits,
        int panicThreshold,
        boolean closesOnRemoval,
        Duration slowStart,
        String loadBalancing,
        Duration connectTimeout,
        @Nullable Address sourceAddress,
        boolean noDelay,
        boolean keepAlive,
        @Nullable ProxyHeaderConfig proxyHeader,
        @Nullable ConfigNode tls,
        ConfigNode node) {

    /**
     * A server.
     *
     * @param address its address
     * @param name what hash policies hash in place of the address, or null
     * @param weight its share, 1…1,000,000
     * @param metadata what else is said of it
     */
    public record EndpointConfig(Address address, @Nullable String name, int weight, Map<String, String> metadata) {
        /** Copies the map. */
        public EndpointConfig {
            metadata = Map.copyOf(metadata);
        }

        /** Reads a list of endpoints, as it stands below {@code endpoints}. */
        public static List<EndpointConfig> list(ConfigNode list) {
            List<EndpointConfig> endpoints = new ArrayList<>();
            for (ConfigNode endpoint : list.isMap() ? List.<ConfigNode>of() : list.elements()) {
                endpoints.add(from(endpoint));
            }
            duplicates(endpoints, list);
            if (endpoints.isEmpty()) {
                list.error("empty (expected: a list of addresses)");
            }
            return List.copyOf(endpoints);
        }

        private static EndpointConfig from(ConfigNode node) {
            if (!node.isMap()) {
                return new EndpointConfig(address(node), null, 1, Map.of());
            }
            Address address = address(node.required("address"));
            int weight = (int) node.integer("weight", 1, 1, 1_000_000);
            String name = node.has("name") ? node.string("name") : null;
            Map<String, String> metadata = new LinkedHashMap<>();
            node.section("metadata").entries().forEach((key, value) -> metadata.put(key, value.text()));
            node.rejectUnknown();
            return new EndpointConfig(address, name, weight, metadata);
        }

        /** Hash policies tell endpoints apart by their names. */
        private static void duplicates(List<EndpointConfig> endpoints, ConfigNode list) {
            Set<String> names = new HashSet<>();
            for (int i = 0; i < endpoints.size(); i++) {
                String name = endpoints.get(i).name();
                if (name != null && !names.add(name)) {
                    list.elements()
                            .get(i)
                            .error("name", "\"" + name + "\" twice in a cluster (expected: a name of its own)");
                }
            }
        }

        private static Address address(ConfigNode node) {
            Address address = node.as(Address::parse, new Address("127.0.0.1", 1));
            if (address.port() == 0) {
                node.error("\"" + address + "\" (expected: a port of 1..65535)");
            }
            return address;
        }
    }

    static ClusterConfig from(ConfigNode node) {
        Duration timeout = node.duration("connect_timeout", Duration.ofSeconds(5));
        if (timeout.toMillis() < 1 || timeout.toMinutes() > 10) {
            node.error("connect_timeout", Units.format(timeout) + " (expected: 1ms..10m)");
        }
        Duration slowStart = node.duration("slow_start", Duration.ZERO);
        if (slowStart.toHours() >= 24) {
            node.error("slow_start", Units.format(slowStart) + " (expected: 0 for none, or up to 24h)");
        }
        LimitsConfig limits = LimitsConfig.from(node.section("circuit_breakers"));
        return new ClusterConfig(
                node.string("name"),
                endpoints(node),
                node.has("discovery") ? node.required("discovery") : null,
                node.has("health_check") ? HealthConfig.from(node.required("health_check")) : null,
                node.has("outlier_detection") ? OutlierConfig.from(node.required("outlier_detection")) : null,
                limits,
                (int) node.integer("panic_threshold", 50, 0, 100),
                node.oneOf("on_host_removal", "drain", List.of("drain", "close"))
                        .equals("close"),
                slowStart,
                String.valueOf(node.string("load_balancing", "round_robin")),
                timeout,
                node.has("source_address") ? source(node) : null,
                node.bool("tcp_nodelay", true),
                node.bool("keep_alive", true),
                ProxyHeaderConfig.from(node),
                node.has("tls") ? node.section("tls") : null,
                node);
    }

    /** A cluster that does not exist. */
    public static ClusterConfig unknown(String name, ConfigNode node) {
        return new ClusterConfig(
                name,
                List.of(),
                null,
                null,
                null,
                LimitsConfig.NONE,
                0,
                false,
                Duration.ZERO,
                "none",
                Duration.ofSeconds(1),
                null,
                true,
                true,
                null,
                null,
                node);
    }

    private static List<EndpointConfig> endpoints(ConfigNode node) {
        if (node.has("discovery")) {
            if (node.has("endpoints")) {
                node.error("endpoints", "beside discovery (expected: one of the two)");
            }
            return List.of();
        }
        return EndpointConfig.list(node.required("endpoints"));
    }

    /** A source is an IP address, with a port only where a fixed one is wanted. */
    private static Address source(ConfigNode node) {
        ConfigNode child = node.required("source_address");
        return child.as(
                text -> {
                    Address address = new Address(text, 0);
                    if (address.literal() == null) {
                        throw new IllegalArgumentException("\"" + text + "\" (expected: an IP address)");
                    }
                    return address;
                },
                new Address("127.0.0.1", 0));
    }
}
