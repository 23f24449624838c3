package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.cluster.Limit;
import dev.weir.core.cluster.Snapshot;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Routes of a configuration that tests write as maps, and requests for them. Clusters are all there, and have no endpoints. */
final class RouteFixture {
    static final RouteDefaults DEFAULTS = new RouteDefaults(UpstreamProtocol.HTTP1, 15_000_000_000L, 300_000_000_000L);

    private RouteFixture() {}

    /** A cluster that is only named. */
    private record Named(String name) implements Cluster {
        @Override
        public @Nullable Endpoint pick(long hash, int attempt, Exclusions excluded) {
            return null;
        }

        @Override
        public boolean acquire(Limit limit) {
            return true;
        }

        @Override
        public void release(Limit limit) {}

        @Override
        public boolean usesHash() {
            return true;
        }

        @Override
        public KeyHash keyHash() {
            return KeyHash.XX_HASH;
        }

        @Override
        public String loadBalancing() {
            return "maglev";
        }

        @Override
        public Snapshot snapshot() {
            return new Snapshot(1, List.of());
        }

        @Override
        public boolean wantsOutcomes() {
            return false;
        }

        @Override
        public int connectTimeoutMillis() {
            return 1_000;
        }
    }

    private static FilterEnvironment environment() {
        Map<String, Cluster> clusters = new HashMap<>();
        return (FilterEnvironment) Proxy.newProxyInstance(
                RouteFixture.class.getClassLoader(),
                new Class<?>[] {FilterEnvironment.class},
                (proxy, method, arguments) -> {
                    if (!method.getName().equals("cluster") || arguments.length != 2) {
                        throw new UnsupportedOperationException(method.toString());
                    }
                    String name = ((ConfigNode) arguments[0]).string((String) arguments[1]);
                    return clusters.computeIfAbsent(name, Named::new);
                });
    }

    /** A table without mistakes. */
    static RouteTable table(List<Map<String, Object>> routes) {
        return table(Map.of("routes", routes));
    }

    static RouteTable table(Map<String, Object> terminal) {
        ConfigErrors errors = new ConfigErrors();
        RouteTable table = RouteTable.read(ConfigNode.of(terminal, errors), environment(), DEFAULTS);
        errors.throwIfAny("test");
        return table;
    }

    /** The problems of a terminal, each as {@code path: problem}. */
    static List<String> problems(Map<String, Object> terminal) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(terminal, errors);
        PathRules.read(node);
        RouteTable.read(node, environment(), DEFAULTS);
        return errors.problems().stream().map(Object::toString).toList();
    }

    /** The problems of one route, its path left out. */
    static List<String> problemsOf(Map<String, Object> route) {
        return problems(Map.of("routes", List.of(route))).stream()
                .map(text -> text.startsWith("routes[0].") ? text.substring(10) : text)
                .toList();
    }

    /** A route to cluster {@code a} with these keys: name, value, … */
    static Map<String, Object> route(Object... keys) {
        Map<String, Object> route = map(keys);
        if (!route.containsKey("clusters") && !route.containsKey("redirect") && !route.containsKey("direct_response")) {
            route.putIfAbsent("cluster", "a");
        }
        return route;
    }

    static Map<String, Object> map(Object... keys) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keys.length; i += 2) {
            map.put((String) keys[i], keys[i + 1]);
        }
        return map;
    }

    /** A request with {@code Host: h} unless headers name another: name, value, … */
    static HttpRequest request(String method, String uri, String... headers) {
        HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), uri);
        for (int i = 0; i < headers.length; i += 2) {
            head.headers().add(headers[i], headers[i + 1]);
        }
        if (!head.headers().contains("host")) {
            head.headers().set("host", "h");
        }
        return head;
    }

    static RequestTarget target(HttpRequest head) throws BadTarget {
        return RequestTarget.parse(head, "http", PathRules.DEFAULT);
    }

    /** The name of the route that takes a request; null for none. */
    static @Nullable String find(RouteTable table, HttpRequest head) throws BadTarget {
        Route route = table.match(head, target(head), false);
        return route == null ? null : route.template();
    }

    /** The only route of a table, for a request that it takes. */
    static Route only(Object... keys) throws BadTarget {
        Route route =
                table(List.of(route(keys))).match(request("GET", "/users"), target(request("GET", "/users")), false);
        if (route == null) {
            throw new AssertionError("does not take GET /users");
        }
        return route;
    }
}
