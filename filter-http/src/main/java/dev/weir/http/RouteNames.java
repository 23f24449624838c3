package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import io.netty.handler.codec.http.HttpMethod;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the requests of a route are called, by method: a set that the configuration makes, and clients cannot grow. Immutable. */
final class RouteNames {
    private static final List<String> ALL =
            List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");
    private static final int LONGEST = 200;

    private final String template;
    private final Map<String, Operation> byMethod;
    private final Operation other;

    private RouteNames(String template, Map<String, Operation> byMethod, Operation other) {
        this.template = template;
        this.byMethod = Map.copyOf(byMethod);
        this.other = other;
    }

    /** The names of what no route takes: methods alone. */
    static RouteNames unrouted(Operations.Builder operations) {
        return of("", Set.of(), operations);
    }

    /** Reads {@code name} of a route. */
    static RouteNames read(ConfigNode route, RouteMatch match, Operations.Builder operations) {
        ConfigNode name = route.child("name");
        String template = name == null ? match.path().name() : name.as(RouteNames::name, "x");
        return of(template, match.methods(), operations);
    }

    private static String name(String text) {
        boolean good = !text.isBlank() && text.equals(text.strip()) && text.length() <= LONGEST;
        for (int i = 0; i < text.length(); i++) {
            good &= !Character.isISOControl(text.charAt(i));
        }
        if (!good) {
            throw new IllegalArgumentException(
                    "\"" + HeaderEdits.shown(text) + "\" (expected: a name of 1..200 characters)");
        }
        return text;
    }

    private static RouteNames of(String template, Set<String> methods, Operations.Builder operations) {
        String end = template.isEmpty() ? "" : " " + template;
        Map<String, Operation> byMethod = new HashMap<>();
        List<String> names = methods.isEmpty() ? ALL : methods.stream().sorted().toList();
        for (String method : names) {
            byMethod.put(method, operations.add(method + end, READS.contains(method)));
        }
        return new RouteNames(template, byMethod, operations.add(Operation.OTHER + end, false));
    }

    String template() {
        return template;
    }

    Operation operation(HttpMethod method) {
        return byMethod.getOrDefault(method.name(), other);
    }
}
