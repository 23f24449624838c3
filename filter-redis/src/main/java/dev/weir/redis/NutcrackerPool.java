package dev.weir.redis;

import dev.weir.core.cluster.KeyHash;
import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pool of {@code nutcracker.yml}, and the same in the language of Weir.
 *
 * @param name its name
 * @param address where it listens, as Weir writes it; empty if that is wrong
 * @param servers in the order of their names, which is that of the statistics
 * @param listener the listener
 * @param cluster the cluster
 */
record NutcrackerPool(
        String name,
        String address,
        List<NutcrackerServer> servers,
        Map<String, Object> listener,
        Map<String, Object> cluster) {
    private static final int HOUR = 3_600_000;
    private static final int DAY = 24 * HOUR;
    private static final int LEAST_MILLIS = 10;
    private static final int MOST_FAILURES = 1_000_000;
    private static final int MOST_BACKLOG = 65_535;
    /** Where twemproxy has no limit: far above what its users send, but a client must not be able to use up the memory. */
    private static final String LARGEST = "64MiB";

    private static final String MEMCACHED =
            "a memcached pool, as redis is not true (expected: redis: true). Weir speaks Redis"
                    + " only: keep this pool in a file of its own for twemproxy, or add redis: true if its servers are Redis";

    /** Reads it; {@code notes} gets what has no effect. */
    static NutcrackerPool read(String name, ConfigNode node, List<String> notes) {
        NutcrackerFields fields = new NutcrackerFields(node, notes);
        Map<String, Object> listener = new LinkedHashMap<>();
        Map<String, Object> proxy = new LinkedHashMap<>();
        Map<String, Object> cluster = new LinkedHashMap<>();
        listener.put("name", name);
        String address = listen(fields, node, listener);
        cluster.put("name", name);
        proxy.put("type", "redis_proxy");
        proxy.put("cluster", name);
        boolean hashes = sharding(fields, node, proxy, cluster);
        List<NutcrackerServer> servers = servers(node, cluster, hashes);
        protocol(fields, node, proxy, servers);
        connections(fields, listener, proxy, cluster);
        ejection(fields, cluster);
        node.rejectUnknown();
        listener.put("filters", List.of(proxy));
        return new NutcrackerPool(name, address, servers, listener, cluster);
    }

    private static String listen(NutcrackerFields fields, ConfigNode node, Map<String, Object> listener) {
        if (!node.has("listen")) {
            node.required("listen");
            return "";
        }
        String text = fields.text("listen");
        if (text == null) {
            return "";
        }
        String address;
        if (text.startsWith("/")) {
            int space = text.indexOf(' ');
            address = "unix:" + (space < 0 ? text : text.substring(0, space));
            String mode = space < 0 ? null : text.substring(space + 1);
            if (mode != null && !mode.matches("0?[0-7]{3}")) {
                node.error("listen", "\"" + text + "\", mode \"" + mode + "\" (expected: octal digits, as in 0660)");
            } else if (mode != null) {
                listener.put("socket_mode", mode);
            }
        } else {
            int colon = text.lastIndexOf(':');
            String found =
                    colon <= 0 ? null : NutcrackerServer.address(text.substring(0, colon), text.substring(colon + 1));
            if (found == null) {
                node.error("listen", "\"" + text + "\" (expected: host:port with a port of 1..65535, or /path [mode])");
                return "";
            }
            address = found;
        }
        listener.put("address", fields.at("listen", address));
        return address;
    }

    /** Answers whether keys are hashed. */
    private static boolean sharding(
            NutcrackerFields fields, ConfigNode node, Map<String, Object> proxy, Map<String, Object> cluster) {
        String hash = fields.oneOf("hash", "fnv1a_64", List.copyOf(KeyHash.twemproxyNames()));
        String distribution = fields.oneOf("distribution", "ketama", List.of("ketama", "modula", "random"));
        boolean hashes = !distribution.equals("random");
        cluster.put("load_balancing", distribution);
        if (hashes) {
            cluster.put("hash", hash);
        } else {
            proxy.put("any_shard", true);
        }
        ConfigNode tag = node.child("hash_tag");
        if (tag != null) {
            String text = tag.isMap() || tag.isList() || tag.plain() == null ? "" : tag.text();
            if (!text.matches("[!-~]{2}")) {
                tag.error((text.isEmpty() ? "" : "\"" + text + "\" ")
                        + "(expected: exactly two characters of printable ASCII in quotes, as \"{}\")");
            } else {
                proxy.put("hash_tag", fields.at("hash_tag", text));
            }
        }
        proxy.put("cross_shard", "first_key");
        return hashes;
    }

    private static List<NutcrackerServer> servers(ConfigNode node, Map<String, Object> cluster, boolean weighted) {
        ConfigNode list = node.child("servers");
        if (list == null) {
            node.required("servers");
            return List.of();
        }
        if (!list.isList() || list.elements().isEmpty()) {
            list.error("(expected: a list with at least one server, host:port:weight [name])");
            return List.of();
        }
        List<NutcrackerServer> servers = new ArrayList<>();
        List<Object> endpoints = new ArrayList<>();
        Map<String, String> names = new HashMap<>();
        Map<String, String> addresses = new HashMap<>();
        for (ConfigNode element : list.elements()) {
            NutcrackerServer server = NutcrackerServer.read(element);
            if (server == null) {
                continue;
            }
            if (names.put(server.ringName(), server.address()) != null) {
                element.error("\"" + server.ringName() + "\" is the name of another server (expected: each name once)");
            } else if (addresses.containsKey(server.address())) {
                element.error("\"" + server.address() + "\" is the address of \"" + addresses.get(server.address())
                        + "\", too (expected: each address once; Weir has one connection and one state of health per"
                        + " address: give one server the weight of both, or another address)");
            }
            addresses.put(server.address(), server.ringName());
            servers.add(server);
            endpoints.add(server.endpoint(element, weighted));
        }
        cluster.put("endpoints", endpoints);
        servers.sort(NutcrackerServer.ORDER);
        return List.copyOf(servers);
    }

    private static void protocol(
            NutcrackerFields fields, ConfigNode node, Map<String, Object> proxy, List<NutcrackerServer> servers) {
        boolean redis = fields.flag("redis");
        if (!redis && (!node.has("redis") || "false".equals(fields.text("redis")))) {
            node.error("redis", MEMCACHED);
        }
        @Nullable String password = node.has("redis_auth") ? fields.text("redis_auth") : null;
        if (password != null) {
            proxy.put("auth", List.of(Map.of("password", password)));
            proxy.put("upstream_auth", Map.of("password", password));
        }
        int database = fields.number("redis_db", 0, 0);
        if (database > 0) {
            proxy.put("database", database);
            if (servers.stream().anyMatch(server -> server.address().startsWith("unix:"))) {
                // It misses to select on connections that are there at once; what it has stored is in database 0.
                proxy.put("unix_database", 0);
                fields.note("redis_db", "is database 0 for servers on Unix sockets, as in twemproxy");
            }
        }
        proxy.put("max_request", LARGEST);
        proxy.put("client_output_limit", LARGEST);
    }

    private static void connections(
            NutcrackerFields fields,
            Map<String, Object> listener,
            Map<String, Object> proxy,
            Map<String, Object> cluster) {
        int timeout = fields.number("timeout", 0, 0);
        if (timeout > 0) {
            timeout = fields.bounded("timeout", timeout, LEAST_MILLIS, HOUR, " ms");
        }
        proxy.put("timeout", timeout == 0 ? "0" : timeout + "ms");
        // The system gives up sooner than after the longest time there is.
        cluster.put("connect_timeout", (timeout == 0 ? HOUR / 6 : Math.min(timeout, HOUR / 6)) + "ms");
        listener.put("backlog", fields.bounded("backlog", fields.number("backlog", 512, 0), 1, MOST_BACKLOG, ""));
        boolean keepAlive = fields.flag("tcpkeepalive");
        listener.put("keep_alive", keepAlive);
        cluster.put("keep_alive", keepAlive);
        if (fields.flag("preconnect")) {
            proxy.put("preconnect", true);
        }
        if (fields.flag("reuseport")) {
            fields.note(
                    "reuseport",
                    "an accept socket per event loop is there in any case; an address that another process listens on is"
                            + " refused");
        }
        if (fields.number("client_connections", 0, 0) > 0) {
            fields.note("client_connections", "has no effect, as in twemproxy, where it always becomes 0 for no limit");
        }
        if (fields.number("server_connections", 1, 1) > 1) {
            fields.note(
                    "server_connections",
                    "has no effect: there is a connection per event loop and server, which keeps each client's commands"
                            + " in order");
        }
    }

    private static void ejection(NutcrackerFields fields, Map<String, Object> cluster) {
        boolean ejects = fields.flag("auto_eject_hosts");
        int retry = fields.number("server_retry_timeout", 30_000, 0);
        int failures = fields.number("server_failure_limit", 2, 0);
        if (!ejects) {
            return;
        }
        retry = fields.bounded("server_retry_timeout", retry, LEAST_MILLIS, DAY, " ms");
        failures = fields.bounded("server_failure_limit", failures, 1, MOST_FAILURES, "");
        Map<String, Object> outliers = new LinkedHashMap<>();
        outliers.put("consecutive_failures", failures);
        // How often it is looked who may return.
        outliers.put("interval", Math.max(LEAST_MILLIS, Math.min(250, retry / 10)) + "ms");
        outliers.put("base_ejection_time", retry + "ms");
        outliers.put("max_ejection_time", retry + "ms");
        outliers.put("max_ejection_percent", 100);
        outliers.put("success_rate_minimum_hosts", 0);
        cluster.put("panic_threshold", 0);
        cluster.put("outlier_detection", outliers);
    }
}
