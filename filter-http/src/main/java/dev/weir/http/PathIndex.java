package dev.weir.http;

import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a host as a tree of segments: each node has the routes, in their order, whose paths may begin as far as it is from the root. So a request is
 * compared with few. Immutable.
 */
final class PathIndex {
    private static final int DEEPEST = 8;

    private final RegionMap<PathIndex> below;
    private final Route[] routes;

    PathIndex(List<Route> routes) {
        this(routes, 0);
    }

    /** A node for routes whose first {@code depth} segments, if they have as many that are literal, are those on the way here. */
    private PathIndex(List<Route> routes, int depth) {
        Map<String, List<Route>> segments = new HashMap<>();
        List<Route> here = new ArrayList<>();
        for (Route route : routes) {
            List<String> literals = route.match().path().literals();
            if (literals.size() > depth && depth < DEEPEST) {
                segments.put(literals.get(depth), new ArrayList<>());
            } else {
                here.add(route);
            }
        }
        Map<String, PathIndex> nodes = new HashMap<>();
        segments.forEach((segment, list) -> {
            for (Route route : routes) {
                List<String> literals = route.match().path().literals();
                if (literals.size() <= depth || literals.get(depth).equals(segment)) {
                    list.add(route);
                }
            }
            nodes.put(segment, new PathIndex(list, depth + 1));
        });
        this.below = new RegionMap<>(nodes);
        this.routes = here.toArray(Route[]::new);
    }

    @Nullable
    Route match(HttpRequest head, RequestTarget target, boolean tls) {
        for (Route route : node(target.path()).routes) {
            if (route.match().matches(head, target, tls)) {
                return route;
            }
        }
        return null;
    }

    /** The deepest node on the way of a path: all routes whose literal segments the path begins with are there. */
    private PathIndex node(String path) {
        PathIndex node = this;
        int at = 0;
        while (at < path.length() && path.charAt(at) == '/' && !node.below.isEmpty()) {
            int slash = path.indexOf('/', at + 1);
            int to = slash < 0 ? path.length() : slash;
            PathIndex next = node.below.get(path, at + 1, to);
            if (next == null) {
                break;
            }
            node = next;
            at = to;
        }
        return node;
    }
}
