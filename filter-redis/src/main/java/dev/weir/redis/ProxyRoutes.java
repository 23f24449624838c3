package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which cluster a key belongs to: that of its longest prefix, else the catch-all. And how keys are hashed. Immutable. */
final class ProxyRoutes {
    /**
     * One way.
     *
     * @param prefix what the keys begin with; empty for the catch-all
     * @param cluster where they are
     * @param number of the cluster, among {@link ProxyRoutes#clusters()}
     * @param reads who is asked by commands that only read
     * @param rename how they are called there; null for as they are
     * @param mirrors where copies of commands go
     */
    record Route(
            byte[] prefix,
            Cluster cluster,
            int number,
            ReadPolicy reads,
            @Nullable KeyRename rename,
            List<Mirrors.Mirror> mirrors) {
        /** Whether a key of {@code length} bytes goes this way. */
        boolean takes(byte[] key, int length) {
            if (length < prefix.length) {
                return false;
            }
            for (int i = 0; i < prefix.length; i++) {
                if (key[i] != prefix[i]) {
                    return false;
                }
            }
            return true;
        }

        /** The hash of {@code length} bytes from {@code from} on. */
        long hash(byte[] key, int from, int length) {
            return hashOf(cluster).hash(key, from, length);
        }

        /** Envoy hashes the keys of its rings by another function than everything else. */
        private static KeyHash hashOf(Cluster cluster) {
            KeyHash own = cluster.keyHash();
            return own == KeyHash.XX_HASH ? KeyHash.MURMUR_HASH_2 : own;
        }
    }

    /** The longest prefix first, the catch-all last. */
    private final List<Route> routes;

    private final @Nullable Route only;
    private final Route first;
    private final List<Cluster> clusters;
    /** The same, and behind them those that copies go to. */
    private final List<Cluster> all;

    private final boolean renames;
    private final boolean mirrored;
    private final int open;
    private final int close;

    private ProxyRoutes(List<Route> routes, String hashTag) {
        this.routes = routes;
        this.only = routes.size() == 1 && routes.get(0).prefix.length == 0 ? routes.get(0) : null;
        this.first = routes.get(routes.size() - 1);
        Map<Integer, Cluster> reached = new TreeMap<>();
        Map<Integer, Cluster> known = new TreeMap<>();
        for (Route route : routes) {
            reached.put(route.number, route.cluster);
            route.mirrors.forEach(
                    mirror -> known.put(mirror.route().number(), mirror.route().cluster()));
        }
        known.putAll(reached);
        this.clusters = List.copyOf(reached.values());
        this.all = List.copyOf(known.values());
        this.renames = routes.stream().anyMatch(route -> route.rename != null);
        this.mirrored = routes.stream().anyMatch(route -> !route.mirrors.isEmpty());
        this.open = hashTag.isEmpty() ? -1 : hashTag.charAt(0);
        this.close = hashTag.isEmpty() ? -1 : hashTag.charAt(1);
    }

    /** Reads {@code cluster} or {@code routes}, and {@code hash_tags} or {@code hash_tag}. */
    static ProxyRoutes read(ConfigNode config, FilterEnvironment environment) {
        boolean several = config.has("routes");
        if (several && config.has("cluster")) {
            config.error("cluster", "beside routes (expected: one of both)");
        }
        List<ConfigNode> nodes = several ? config.list("routes") : List.of(config);
        if (nodes.isEmpty()) {
            config.error("routes", "empty (expected: at least one { prefix, cluster } or { cluster })");
            nodes = List.of(config);
        }
        boolean anyShard = ProxyVariant.anyShard(config);
        ReadPolicy reads = reads(config, ReadPolicy.PRIMARY);
        // Those that routes lead to have the first numbers, in the order in which they are named; mirrors those behind.
        Set<Cluster> numbered = new LinkedHashSet<>();
        List<Cluster> clusters = new ArrayList<>();
        for (ConfigNode node : nodes) {
            Cluster cluster = cluster(node, anyShard, environment);
            clusters.add(cluster);
            numbered.add(cluster);
        }
        Mirrors.Numbering numbers = cluster -> {
            numbered.add(cluster);
            return List.copyOf(numbered).indexOf(cluster);
        };
        List<Route> routes = new ArrayList<>();
        Set<String> prefixes = new LinkedHashSet<>();
        for (ConfigNode node : nodes) {
            String named = several ? node.string("prefix", "") : "";
            String prefix = named == null ? "" : named;
            if (!prefixes.add(prefix)) {
                node.error("prefix", "\"" + prefix + "\" (expected: each prefix once)");
            }
            Cluster cluster = clusters.get(routes.size());
            KeyRename rename = KeyRename.read(node, prefix);
            byte[] bytes = ProxySettings.bytes(prefix);
            List<Mirrors.Mirror> mirrors = Mirrors.read(node, bytes, rename, numbers, environment);
            routes.add(new Route(bytes, cluster, numbers.of(cluster), reads(node, reads), rename, mirrors));
            if (several) {
                node.rejectUnknown();
            }
        }
        routes.sort(
                Comparator.comparingInt((Route route) -> route.prefix.length).reversed());
        return new ProxyRoutes(List.copyOf(routes), hashTag(config));
    }

    private static ReadPolicy reads(ConfigNode node, ReadPolicy absent) {
        return ReadPolicy.of(node.oneOf("read_policy", absent.label(), ReadPolicy.NAMES));
    }

    static Cluster cluster(ConfigNode node, boolean anyShard, FilterEnvironment environment) {
        Cluster cluster = environment.cluster(node, "cluster");
        long owners = cluster.snapshot().endpoints().stream()
                .filter(endpoint ->
                        !RedisClusterView.REPLICA.equals(endpoint.metadata().get(RedisClusterView.ROLE)))
                .count();
        if (!anyShard && !cluster.usesHash() && owners > 1) {
            node.error(
                    "cluster",
                    cluster.name() + " has several endpoints and load_balancing: " + cluster.loadBalancing()
                            + ", so that keys would be found by chance"
                            + " (expected: ring_hash, maglev, ketama or modula, or a single endpoint)");
        }
        return cluster;
    }

    private static String hashTag(ConfigNode config) {
        boolean tags = config.bool("hash_tags", false);
        String tag = config.string("hash_tag", null);
        if (tag == null) {
            return tags ? "{}" : "";
        }
        if (tag.length() != 2 || tag.chars().anyMatch(c -> c > 0x7e || c < 0x21)) {
            config.error("hash_tag", "\"" + tag + "\" (expected: two printable characters, as \"{}\")");
            return "";
        }
        return tag;
    }

    /** The way of a key, or null if there is none. */
    @Nullable
    Route find(byte[] key, int length) {
        if (only != null) {
            return only;
        }
        for (Route route : routes) {
            if (route.takes(key, length)) {
                return route;
            }
        }
        return null;
    }

    /** Whether some keys have other names at the shards. */
    boolean renames() {
        return renames;
    }

    /**
     * What clients call the key that a cluster has stored: by that name it is found there. Null if it is none of theirs. Where several fit, that
     * of the longest prefix.
     */
    byte @Nullable [] name(Cluster cluster, byte[] stored) {
        for (Route route : routes) {
            byte[] name =
                    route.cluster != cluster ? null : route.rename == null ? stored : route.rename.reverse(stored);
            if (name != null && route.equals(find(name, name.length))) {
                return name;
            }
        }
        return null;
    }

    /** Where what has no key goes: the catch-all, else the last one. */
    Route keyless() {
        return first;
    }

    /** All clusters, each once. */
    List<Cluster> clusters() {
        return clusters;
    }

    /** The same, and behind them those that copies go to. */
    List<Cluster> all() {
        return all;
    }

    /** Whether copies of commands are sent. */
    boolean mirrored() {
        return mirrored;
    }

    /** The hash of a key, or of what its tag encloses: between the first opening character and the first closing one behind it, if anything is. */
    long hash(Route route, byte[] key, int length) {
        if (!route.cluster.usesHash()) {
            return 0;
        }
        if (open >= 0) {
            int from = indexOf(key, 0, length, open) + 1;
            int to = from > 0 ? indexOf(key, from, length, close) : -1;
            if (to > from) {
                return route.hash(key, from, to - from);
            }
        }
        return length == 0 && route.cluster.keyHash() != KeyHash.XX_HASH ? 0 : route.hash(key, 0, length);
    }

    private static int indexOf(byte[] key, int from, int to, int wanted) {
        for (int i = from; i < to; i++) {
            if (key[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
