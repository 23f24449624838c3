package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The shared connections of one loop and one {@link LinkKind}, by endpoint. On that loop. */
final class LinkSet {
    private final ProxyLoop home;
    private final LinkKind kind;
    private final Map<Endpoint, ShardLink> links = new IdentityHashMap<>();

    private @Nullable String refusal;

    LinkSet(ProxyLoop home, LinkKind kind) {
        this.home = home;
        this.kind = kind;
    }

    /** Why a shard did not let its connection begin, or null if the last one did. */
    @Nullable
    String refusal() {
        return refusal;
    }

    void refusal(@Nullable String error) {
        refusal = error;
    }

    LinkKind kind() {
        return kind;
    }

    /** The connection to an endpoint, made when it is first needed. */
    ShardLink to(Cluster cluster, Endpoint endpoint) {
        ShardLink link = links.get(endpoint);
        if (link == null) {
            link = new ShardLink(home, this, cluster, endpoint);
            links.put(endpoint, link);
        }
        return link;
    }

    /** Makes all of them. */
    void open(Cluster cluster) {
        cluster.snapshot().endpoints().forEach(endpoint -> to(cluster, endpoint).open());
    }

    /** Ends those whose endpoint has left its cluster, as soon as nothing waits on them. */
    void sweep() {
        Iterator<ShardLink> all = links.values().iterator();
        while (all.hasNext()) {
            ShardLink link = all.next();
            if (!known(link)) {
                link.leave();
                all.remove();
            }
        }
    }

    private static boolean known(ShardLink link) {
        List<Endpoint> endpoints = link.cluster().snapshot().endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            if (endpoints.get(i) == link.endpoint()) {
                return true;
            }
        }
        return false;
    }

    void close() {
        links.values().forEach(ShardLink::leave);
        links.clear();
    }
}
