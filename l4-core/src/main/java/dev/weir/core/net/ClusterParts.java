package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.config.ClusterConfig;
import org.jspecify.annotations.Nullable;

/**
 * What a cluster is made of.
 *
 * @param config its settings
 * @param balancer makes pickers; null if the configuration has none that is known
 * @param usesHash whether these look at the hash
 * @param source finds hosts; null where the configuration names them
 * @param probe checks hosts; null for none
 * @param secure begins TLS on connections; null for none
 * @param connector makes connections
 * @param shared what clusters share
 */
record ClusterParts(
        ClusterConfig config,
        LoadBalancer.@Nullable Builder balancer,
        boolean usesHash,
        Discovery.@Nullable Source source,
        HealthCheck.@Nullable Probe probe,
        @Nullable UpstreamTls secure,
        Connector connector,
        Clusters shared) {
    /** Closes what it alone has. */
    void close() {
        if (secure != null) {
            secure.close();
        }
    }
}
