package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.FilterEnvironment;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a terminal: the first that matches counts. Immutable, shared by all loops. Each host that routes name has an index of the routes that
 * may match there, also those for all hosts, so that a request is compared with few.
 */
final class RouteTable {
    private final RegionMap<PathIndex> exact;
    private final RegionMap<PathIndex> ends;
    private final PathIndex others;
    private final RouteNames unrouted;
    private final Operations operations;
    private final List<Cluster> clusters;

    private RouteTable(List<Route> routes, List<RouteHosts> hosts, RouteNames unrouted, RouteReader reader) {
        Map<List<Route>, PathIndex> indexes = new HashMap<>(); // hosts with the same routes share one
        Set<String> exactHosts = new HashSet<>();
        Set<String> endings = new HashSet<>();
        hosts.forEach(host -> {
            exactHosts.addAll(host.exact());
            endings.addAll(host.ends());
        });
        this.exact = index(exactHosts, routes, hosts, indexes);
        this.ends = index(endings, routes, hosts, indexes);
        this.others = indexes.computeIfAbsent(routesOf("", routes, hosts), PathIndex::new);
        this.unrouted = unrouted;
        this.operations = reader.operations.build();
        this.clusters = reader.numbers.all();
    }

    /** Reads {@code routes} of a terminal, and reports problems. */
    static RouteTable read(ConfigNode terminal, FilterEnvironment environment, RouteDefaults defaults) {
        RouteReader reader = new RouteReader(terminal, environment, defaults);
        RouteNames unrouted = RouteNames.unrouted(reader.operations);
        List<Route> routes = new ArrayList<>();
        List<RouteHosts> hosts = new ArrayList<>();
        List<ConfigNode> nodes = terminal.list("routes");
        if (nodes.isEmpty()) {
            terminal.error("routes", "none (expected: at least one, as { path_prefix: /, cluster: … })");
        }
        for (ConfigNode node : nodes) {
            if (!node.isMap()) {
                node.error("a single value (expected: a route, as { path_prefix: /, cluster: … })");
                continue;
            }
            RouteHosts its = RouteHosts.read(node);
            for (int i = 0; i < routes.size(); i++) {
                if (routes.get(i).match().isAll() && its.isWithin(hosts.get(i))) {
                    node.error("never matches, as a route before it takes all (expected: before "
                            + nodes.get(i).path() + ")");
                    break;
                }
            }
            hosts.add(its);
            routes.add(reader.read(node));
        }
        return new RouteTable(routes, hosts, unrouted, reader);
    }

    private static RegionMap<PathIndex> index(
            Set<String> names, List<Route> routes, List<RouteHosts> hosts, Map<List<Route>, PathIndex> indexes) {
        Map<String, PathIndex> all = new HashMap<>();
        for (String name : names) {
            all.put(name, indexes.computeIfAbsent(routesOf(name, routes, hosts), PathIndex::new));
        }
        return new RegionMap<>(all);
    }

    /** The routes that take a host, or all hosts with an end such as {@code .example.com}. */
    private static List<Route> routesOf(String name, List<Route> routes, List<RouteHosts> hosts) {
        List<Route> taking = new ArrayList<>();
        for (int i = 0; i < routes.size(); i++) {
            RouteHosts host = hosts.get(i);
            if (host.all()
                    || host.exact().contains(name)
                    || host.ends().stream().anyMatch(name::endsWith)) {
                taking.add(routes.get(i));
            }
        }
        return List.copyOf(taking);
    }

    /**
     * The route of a request, or null.
     *
     * @param tls whether the client's connection is encrypted
     */
    @Nullable
    Route match(HttpRequest head, RequestTarget target, boolean tls) {
        String host = target.host();
        PathIndex index = exact.get(host, 0, host.length());
        if (index == null && !ends.isEmpty()) {
            index = ends.longestEnd(host, '.');
        }
        return (index == null ? others : index).match(head, target, tls);
    }

    /** What a request is called that has no route: by its method alone. */
    Operation operation(HttpMethod method) {
        return unrouted.operation(method);
    }

    /** What requests are called: for each route its methods, and methods alone for those without a route. */
    Operations operations() {
        return operations;
    }

    /** All clusters that routes lead to or copy to, each once. */
    List<Cluster> clusters() {
        return clusters;
    }
}
