package dev.weir.http;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.FilterEnvironment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the routes of one terminal. Used once. */
final class RouteReader {
    private static final List<String> ACTIONS = List.of("cluster", "clusters", "redirect", "direct_response");
    /** What makes no sense where the route answers by itself. */
    private static final List<String> UPSTREAM_ONLY = List.of(
            "upstream_protocol",
            "rewrite",
            "request_headers",
            "hash",
            "timeouts",
            "retries",
            "mirrors",
            "upgrades",
            "connect");

    private static final List<String> NOT_OBSERVING = List.of("rewrite", "request_headers", "response_headers");

    final RouteClusters.Numbering numbers = new RouteClusters.Numbering();
    final Operations.Builder operations = Operations.builder();

    private final FilterEnvironment environment;
    private final RouteDefaults defaults;
    private final PathRules rules;

    RouteReader(ConfigNode terminal, FilterEnvironment environment, RouteDefaults defaults) {
        this.environment = environment;
        this.defaults = defaults;
        // Problems there are reported by who reads the section for itself.
        this.rules = PathRules.read(ConfigNode.of(terminal.plain(), new ConfigErrors()));
    }

    Route read(ConfigNode node) {
        RouteMatch match = RouteMatch.read(node, rules);
        RouteNames names = RouteNames.read(node, match, operations);
        UpstreamProtocol protocol = UpstreamProtocol.read(node, defaults.protocol());
        String action = action(node);
        RouteClusters clusters = RouteClusters.NONE;
        RouteAnswer answer = null;
        if (action.startsWith("cluster")) {
            clusters = RouteClusters.read(node, protocol, environment, numbers);
        } else if (!action.isEmpty()) {
            answer = answer(node, action, match);
        }
        String scheme = answer instanceof Redirect redirect ? redirect.onlyScheme() : null;
        if (scheme != null) {
            boolean toTls = scheme.equals("https");
            if (match.tls() != null && match.tls() == toTls) {
                node.error("redirect", "leads to where it came from (expected: tls: " + !toTls + ")");
            }
            match = match.onlyTls(!toTls); // who has it already goes on, and does not go round
        }
        if (rules.observe()) {
            reject(node, NOT_OBSERVING, "with observe: true, where nothing is changed (expected: none)");
        }
        Route.Edits edits = new Route.Edits(
                Rewrite.read(node, match.path(), rules),
                HeaderEdits.read(node, "request_headers"),
                HeaderEdits.read(node, "response_headers"));
        RouteTraffic traffic = RouteTraffic.read(node, defaults, protocol, environment, numbers, rules.observe());
        node.rejectUnknown();
        return new Route(match, names, clusters, answer, edits, traffic);
    }

    private @Nullable RouteAnswer answer(ConfigNode node, String action, RouteMatch match) {
        reject(node, UPSTREAM_ONLY, "beside " + action + " (expected: none, no upstream is asked)");
        ConfigNode section = node.section(action);
        return action.equals("redirect")
                ? Redirect.read(section, match.path(), rules)
                : RouteAnswer.Direct.read(section);
    }

    private static void reject(ConfigNode node, List<String> keys, String problem) {
        for (String key : keys) {
            if (node.has(key)) {
                node.error(key, problem);
            }
        }
    }

    private static String action(ConfigNode node) {
        List<String> given = new ArrayList<>();
        for (String action : ACTIONS) {
            if (node.has(action)) {
                given.add(action);
            }
        }
        if (given.isEmpty()) {
            node.error("nothing to do (expected: one of " + String.join(", ", ACTIONS) + ")");
            return "";
        }
        if (given.size() > 1) {
            node.error(
                    given.get(1), "beside " + given.get(0) + " (expected: one of " + String.join(", ", ACTIONS) + ")");
        }
        return given.get(0);
    }
}
