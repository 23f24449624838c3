package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * How the requests of a route are carried. Immutable.
 *
 * @param hash for clusters that choose by it
 * @param upgrades the protocols that connections may change to
 * @param connect whether CONNECT passes
 */
record RouteTraffic(
        HashPolicy hash,
        RouteTimeouts timeouts,
        Retries retries,
        List<RouteMirror> mirrors,
        List<String> upgrades,
        boolean connect) {
    private static final Set<String> FORBIDDEN = Set.of("h2c", "h2", "tls");

    static RouteTraffic read(
            ConfigNode route,
            RouteDefaults defaults,
            UpstreamProtocol protocol,
            FilterEnvironment environment,
            RouteClusters.Numbering numbers,
            boolean observe) {
        List<RouteMirror> mirrors = new ArrayList<>();
        for (ConfigNode node : route.list("mirrors")) {
            if (!node.isMap()) {
                node.error("a single value (expected: { cluster: …, percent: … })");
                continue;
            }
            UpstreamProtocol own = UpstreamProtocol.read(node, protocol);
            RouteCluster to = RouteClusters.one(node, own, environment, numbers);
            mirrors.add(new RouteMirror(to, node.number("percent", 100, 0, 100)));
            node.rejectUnknown();
        }
        List<String> upgrades = new ArrayList<>();
        for (ConfigNode node : route.list("upgrades")) {
            upgrades.add(node.as(RouteTraffic::upgrade, "websocket"));
        }
        return new RouteTraffic(
                HashPolicy.read(route, observe),
                RouteTimeouts.read(route, defaults),
                Retries.read(route),
                List.copyOf(mirrors),
                List.copyOf(upgrades),
                route.bool("connect", false));
    }

    private static String upgrade(String text) {
        HeaderEdits.token(text, "the name of a protocol, as websocket");
        if (FORBIDDEN.contains(text.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" (expected: no upgrade behind which requests would pass unseen)");
        }
        return text;
    }

    boolean upgrades(String protocol) {
        for (int i = 0; i < upgrades.size(); i++) {
            if (upgrades.get(i).equalsIgnoreCase(protocol)) {
                return true;
            }
        }
        return false;
    }
}
