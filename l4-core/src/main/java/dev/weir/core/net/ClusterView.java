package dev.weir.core.net;

import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.Proxy.LimitStatus;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Limit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** How clusters are, to be shown. */
final class ClusterView {
    private ClusterView() {}

    static ClusterStatus of(LiveCluster cluster) {
        HostSet hosts = cluster.hosts();
        List<EndpointStatus> endpoints = new ArrayList<>();
        for (Endpoint endpoint : hosts.snapshot().endpoints()) {
            if (endpoint instanceof Host host) {
                endpoints.add(of(host));
            }
        }
        List<LimitStatus> limits = new ArrayList<>();
        for (Limit limit : Limit.values()) {
            limits.add(new LimitStatus(
                    limit.label(),
                    ClusterMetrics.BOUNDED.contains(limit)
                            ? cluster.metrics().usage().of(limit).get()
                            : -1,
                    cluster.limits().bounds(limit)
                            ? Math.max(0, cluster.limits().most(limit))
                            : -1,
                    cluster.metrics().overflows(limit)));
        }
        UpstreamTls secure = cluster.parts().secure();
        return new ClusterStatus(
                cluster.name(),
                cluster.loadBalancing(),
                hosts.snapshot().version(),
                hosts.panic(),
                secure == null ? null : secure.client().verification(),
                List.copyOf(limits),
                List.copyOf(endpoints));
    }

    private static EndpointStatus of(Host host) {
        Host.State state = host.state();
        long until = host.ejectedUntil();
        long ejected = host.kept().ejectedAt;
        return new EndpointStatus(
                host.address().toString(),
                host.name(),
                host.weight(),
                host.activeConnections(),
                host.connects(),
                host.connectFailures(),
                host.health(),
                state.reason(),
                Instant.ofEpochMilli(state.since()),
                until == 0 ? null : Instant.ofEpochMilli(until),
                ejected == 0 ? null : Instant.ofEpochMilli(ejected),
                host.found().metadata());
    }
}
