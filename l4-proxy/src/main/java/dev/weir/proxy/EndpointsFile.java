package dev.weir.proxy;

import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.ClusterConfig.EndpointConfig;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigErrors.Problem;
import dev.weir.core.config.ConfigNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a file of endpoints says: a list as it stands below {@code endpoints} of a cluster, alone or below that key.
 *
 * @param endpoints the endpoints; empty if there is a problem
 * @param problem what is wrong, on one line; or null
 */
record EndpointsFile(List<Found> endpoints, @Nullable String problem) {
    private static final YamlReader.Root ROOT =
            new YamlReader.Root("a list of endpoints, or a map with endpoints", true);
    /** So many problems are told, and how many there are besides. */
    private static final int MAX_TOLD = 5;

    /** Reads a file. Blocks. */
    static EndpointsFile read(String name) {
        ConfigErrors errors = new ConfigErrors();
        Path path = Path.of(name);
        if (Files.exists(path) && !Files.isDirectory(path) && !Files.isRegularFile(path)) {
            // To open a pipe may take for ever.
            errors.add("", "not a regular file (expected: a YAML file)", 0, 0);
        }
        String text = errors.isEmpty() ? TextFile.read(name, errors) : "";
        List<EndpointConfig> endpoints = errors.isEmpty() ? parse(text, errors) : List.of();
        if (!errors.isEmpty()) {
            return new EndpointsFile(List.of(), told(name, errors.problems()));
        }
        return new EndpointsFile(
                endpoints.stream()
                        .map(e -> new Found(e.address(), e.name(), e.weight(), e.metadata()))
                        .toList(),
                null);
    }

    private static List<EndpointConfig> parse(String text, ConfigErrors errors) {
        ConfigNode root = YamlReader.read(text, ROOT, errors);
        if (root == null) {
            return List.of();
        }
        if (!root.isMap()) {
            return EndpointConfig.list(root);
        }
        List<EndpointConfig> endpoints =
                root.has("endpoints") ? EndpointConfig.list(root.required("endpoints")) : List.of();
        root.rejectUnknown();
        if (!root.has("endpoints")) {
            root.required("endpoints");
        }
        return endpoints;
    }

    private static String told(String name, List<Problem> problems) {
        String more = problems.size() > MAX_TOLD ? "; and " + (problems.size() - MAX_TOLD) + " more" : "";
        return problems.stream()
                .limit(MAX_TOLD)
                .map(p -> (p.path().isEmpty() ? "" : p.path() + ": ")
                        + p.problem()
                        + (p.line() > 0 ? " at " + p.line() + ":" + p.column() : ""))
                .collect(Collectors.joining("; ", name + ": ", more));
    }
}
