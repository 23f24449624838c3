package dev.weir.proxy;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/** {@code file}: the endpoints that a YAML or JSON file lists, read anew when it changes. In the program, as the core reads no YAML. */
public final class FileDiscovery implements Discovery {
    private static final Duration LEAST = Duration.ofMillis(10);
    private static final Duration MOST = Duration.ofHours(1);

    /** For ServiceLoader. */
    public FileDiscovery() {}

    @Override
    public String type() {
        return "file";
    }

    @Override
    public Source configure(ConfigNode node) {
        String path = path(node).toString();
        Duration refresh = node.duration("refresh", Duration.ofSeconds(1));
        if (refresh.compareTo(LEAST) < 0 || refresh.compareTo(MOST) > 0) {
            node.error("refresh", Units.format(refresh) + " (expected: 10ms..1h)");
        }
        boolean authoritative = node.bool("authoritative", false);
        return context -> {
            EndpointsWatch watch = new EndpointsWatch(path, refresh, authoritative, context);
            watch.start();
            return watch;
        };
    }

    private static Path path(ConfigNode node) {
        String text = node.string("path");
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            node.error("path", "\"" + text + "\" (expected: the path of a file)");
            return Path.of("");
        }
    }
}
