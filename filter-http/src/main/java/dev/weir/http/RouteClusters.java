package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The clusters of a route with their weights. Immutable. */
final class RouteClusters {
    /** Gives clusters their numbers while routes are read. */
    static final class Numbering {
        private final List<Cluster> clusters = new ArrayList<>();

        int of(Cluster cluster) {
            int known = clusters.indexOf(cluster);
            if (known < 0) {
                clusters.add(cluster);
            }
            return known < 0 ? clusters.size() - 1 : known;
        }

        List<Cluster> all() {
            return List.copyOf(clusters);
        }
    }

    /** No cluster: the route answers by itself. */
    static final RouteClusters NONE = new RouteClusters(new RouteCluster[0], new int[0]);

    private final RouteCluster[] clusters;
    /** Sums of weights up to and with each. */
    private final int[] sums;

    private RouteClusters(RouteCluster[] clusters, int[] sums) {
        this.clusters = clusters;
        this.sums = sums;
    }

    /** Reads {@code cluster} or {@code clusters} of a route. */
    static RouteClusters read(
            ConfigNode route, UpstreamProtocol protocol, FilterEnvironment environment, Numbering numbers) {
        if (!route.has("clusters")) {
            return new RouteClusters(new RouteCluster[] {one(route, protocol, environment, numbers)}, new int[] {1});
        }
        List<RouteCluster> clusters = new ArrayList<>();
        List<Integer> sums = new ArrayList<>();
        int sum = 0;
        for (ConfigNode node : route.list("clusters")) {
            if (!node.isMap()) {
                node.error("a single value (expected: { cluster: …, weight: … })");
                continue;
            }
            int weight = (int) node.integer("weight", 1, 0, 1_000_000);
            RouteCluster cluster = one(node, UpstreamProtocol.read(node, protocol), environment, numbers);
            node.rejectUnknown();
            if (weight > 0 && clusters.size() < 1_000) {
                sum += weight;
                clusters.add(cluster);
                sums.add(sum);
            }
        }
        if (clusters.isEmpty()) {
            route.error("clusters", "none with a weight (expected: at least one)");
        }
        return new RouteClusters(
                clusters.toArray(RouteCluster[]::new),
                sums.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Reads {@code cluster} of a node. */
    static RouteCluster one(
            ConfigNode node, UpstreamProtocol protocol, FilterEnvironment environment, Numbering numbers) {
        Cluster cluster = environment.cluster(node, "cluster");
        return new RouteCluster(cluster, protocol, numbers.of(cluster));
    }

    /** One of them, by chance and weight; null if there is none. */
    @Nullable
    RouteCluster choose() {
        if (clusters.length <= 1) {
            return clusters.length == 0 ? null : clusters[0];
        }
        int drawn = ThreadLocalRandom.current().nextInt(sums[sums.length - 1]);
        int i = 0;
        while (drawn >= sums[i]) {
            i++;
        }
        return clusters[i];
    }
}
