package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/**
 * The hosts of a route. Immutable.
 *
 * @param exact in lower case
 * @param ends what {@code *.example.com} asks for: {@code .example.com}
 * @param all whether any host is taken, also none
 */
record RouteHosts(List<String> exact, List<String> ends, boolean all) {
    static RouteHosts read(ConfigNode route) {
        List<String> exact = new ArrayList<>();
        List<String> ends = new ArrayList<>();
        boolean all = !route.has("hosts");
        List<ConfigNode> nodes = route.list("hosts");
        if (!all && nodes.isEmpty()) {
            route.error("hosts", "empty (expected: host names, or no hosts for all)");
        }
        for (ConfigNode node : nodes) {
            String host = node.as(RouteHosts::host, "x");
            if (host.equals("*")) {
                all = true;
            } else if (host.startsWith("*")) {
                ends.add(host.substring(1));
            } else {
                exact.add(host);
            }
        }
        return new RouteHosts(List.copyOf(exact), List.copyOf(ends), all);
    }

    /** Whether whatever these take is taken by {@code before} as well. */
    boolean isWithin(RouteHosts before) {
        return before.all
                || !all
                        && new HashSet<>(before.exact).containsAll(exact)
                        && new HashSet<>(before.ends).containsAll(ends);
    }

    private static String host(String text) {
        if (text.equals("*")) {
            return text;
        }
        String plain = text.startsWith("*.") ? text.substring(2) : text;
        try {
            String host = Authority.host(plain);
            if (!host.isEmpty() && host.equals(plain.toLowerCase(Locale.ROOT))) {
                return text.startsWith("*.") ? "*." + host : host;
            }
        } catch (BadTarget e) {
            // reported below
        }
        throw new IllegalArgumentException("\"" + HeaderEdits.shown(text)
                + "\" (expected: a host without port, as api.example.com or *.example.com)");
    }
}
