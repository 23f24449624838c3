package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Finds what a test says. */
public final class ToyDiscovery implements Discovery {
    /** The running sources by their clusters' names. */
    static final Map<String, Context> RUNNING = new ConcurrentHashMap<>();

    /** How often they were to ask again. */
    static final Map<String, Integer> AGAIN = new ConcurrentHashMap<>();

    /** For ServiceLoader. */
    public ToyDiscovery() {}

    @Override
    public String type() {
        return "toy";
    }

    @Override
    public Source configure(ConfigNode node) {
        node.string("note", null);
        return context -> {
            RUNNING.put(context.cluster(), context);
            return new Search() {
                @Override
                public void close() {
                    RUNNING.remove(context.cluster(), context);
                }

                @Override
                public void again() {
                    AGAIN.merge(context.cluster(), 1, Integer::sum);
                }
            };
        };
    }

    static void found(String cluster, String... addresses) {
        RUNNING.get(cluster)
                .found(Arrays.stream(addresses)
                        .map(Address::parse)
                        .map(Found::of)
                        .toList());
    }

    static void foundOnly(String cluster, String address) {
        RUNNING.get(cluster).foundOnly(List.of(Found.of(Address.parse(address))));
    }

    static void weighted(String cluster, String address, int weight) {
        RUNNING.get(cluster).found(List.of(new Found(Address.parse(address), null, weight, Map.of())));
    }
}
