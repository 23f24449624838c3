package dev.weir.redis;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads {@code nutcracker.yml} of twemproxy 0.5. Each pool becomes a listener with {@code redis_proxy} and a cluster, both with its name. See
 * {@code docs/nutcracker.md}.
 */
public final class NutcrackerTranslator implements ConfigTranslator {
    /** For the service loader. */
    public NutcrackerTranslator() {}

    @Override
    public String name() {
        return "nutcracker";
    }

    @Override
    public Translation translate(ForeignFile file) {
        ConfigNode root = file.yaml("a map of pools");
        List<String> notes = new ArrayList<>();
        List<NutcrackerPool> pools = new ArrayList<>();
        Map<String, String> listens = new HashMap<>();
        root.entries().forEach((name, node) -> {
            if (!node.isMap()) {
                node.error("(expected: a pool, which is a map with listen and servers)");
                return;
            }
            NutcrackerPool pool = NutcrackerPool.read(name, node, notes);
            String other = listens.putIfAbsent(pool.address(), name);
            if (other != null && !pool.address().isEmpty()) {
                node.error(
                        "listen",
                        "\"" + pool.address() + "\" is where \"" + other
                                + "\" listens (expected: an address of its own)");
            }
            pools.add(pool);
        });
        Map<String, Object> configuration = new LinkedHashMap<>();
        configuration.put(
                "listeners", pools.stream().map(NutcrackerPool::listener).toList());
        configuration.put(
                "clusters", pools.stream().map(NutcrackerPool::cluster).toList());
        return new Translation(configuration, notes, new NutcrackerStatus(pools));
    }
}
