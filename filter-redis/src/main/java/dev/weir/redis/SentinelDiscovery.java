package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.ConfigNode;

/** {@code sentinel}: the master, the replicas or all servers of what Redis Sentinels watch under a name; follows fail-overs as they happen. */
public final class SentinelDiscovery implements Discovery {
    /** For ServiceLoader. */
    public SentinelDiscovery() {}

    @Override
    public String type() {
        return "sentinel";
    }

    @Override
    public Source configure(ConfigNode node) {
        SentinelSettings settings = SentinelSettings.read(node);
        return context -> {
            SentinelWatch watch = new SentinelWatch(settings, context);
            watch.start();
            return watch;
        };
    }
}
