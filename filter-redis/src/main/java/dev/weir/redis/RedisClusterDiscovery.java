package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.ConfigNode;

/** {@code redis_cluster}: the nodes of a Redis (or Valkey) Cluster, with the slots that each of them has. */
public final class RedisClusterDiscovery implements Discovery {
    /** For ServiceLoader. */
    public RedisClusterDiscovery() {}

    @Override
    public String type() {
        return "redis_cluster";
    }

    @Override
    public Source configure(ConfigNode node) {
        RedisClusterSettings settings = RedisClusterSettings.read(node);
        return context -> {
            RedisClusterWatch watch = new RedisClusterWatch(settings, context);
            watch.again();
            return watch;
        };
    }
}
