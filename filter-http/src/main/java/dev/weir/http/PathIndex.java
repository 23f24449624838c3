package dev.weir.http;

import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes of a host, in their order, found by the first segment of the path: only those are tried that may match. Immutable. */
final class PathIndex {
    private final RegionMap<Route[]> bySegment;
    private final Route[] others;

    PathIndex(List<Route> routes) {
        Map<String, List<Route>> segments = new HashMap<>();
        for (Route route : routes) {
            String first = route.match().path().firstSegment();
            if (first != null) {
                segments.put(first, new ArrayList<>());
            }
        }
        List<Route> any = new ArrayList<>();
        for (Route route : routes) {
            String first = route.match().path().firstSegment();
            if (first == null) {
                any.add(route);
                segments.values().forEach(list -> list.add(route));
            } else {
                List<Route> list = segments.get(first);
                if (list != null) {
                    list.add(route);
                }
            }
        }
        Map<String, Route[]> arrays = new HashMap<>();
        segments.forEach((segment, list) -> arrays.put(segment, list.toArray(Route[]::new)));
        this.bySegment = new RegionMap<>(arrays);
        this.others = any.toArray(Route[]::new);
    }

    @Nullable
    Route match(HttpRequest head, RequestTarget target, boolean tls) {
        String path = target.path();
        Route[] routes = null;
        if (!bySegment.isEmpty() && path.startsWith("/")) {
            int slash = path.indexOf('/', 1);
            routes = bySegment.get(path, 1, slash < 0 ? path.length() : slash);
        }
        for (Route route : routes == null ? others : routes) {
            if (route.match().matches(head, target, tls)) {
                return route;
            }
        }
        return null;
    }
}
