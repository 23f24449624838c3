package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The shared connections of one loop and one {@link LinkKind}, by endpoint. On that loop. */
final class LinkSet {
    private final ProxyLoop home;
    private final LinkKind kind;
    /** Most connections that are kept for clients to come, for each shard. */
    private static final int IDLE = 16;

    /** Where a connection leads to, whatever else is known of the endpoint. */
    private record Place(Cluster cluster, Address address) {}

    private final Map<Place, ArrayDeque<ShardLink>> idle = new HashMap<>();
    private final IdentityHashMap<Endpoint, ShardLink> links = new IdentityHashMap<>();

    /** Whether one client has them alone. */
    private final boolean pinned;

    private boolean broken;
    private int users;
    private boolean closed;

    LinkSet(ProxyLoop home, LinkKind kind, boolean pinned) {
        this.home = home;
        this.kind = kind;
        this.pinned = pinned;
    }

    /** A client begins, or ends, to use these connections. */
    void used(int by) {
        users += by;
    }

    /** Whether nobody uses them. */
    boolean unused() {
        return users == 0;
    }

    LinkKind kind() {
        return kind;
    }

    /** The connection to an endpoint, made when it is first needed. */
    ShardLink to(Cluster cluster, Endpoint endpoint) {
        ShardLink link = links.get(endpoint);
        if (link == null) {
            link = again(cluster, endpoint);
            links.put(endpoint, link);
        }
        return link;
    }

    /** What is known of an endpoint has changed, and so it is another object; what was sent to it before must not be overtaken. */
    private ShardLink again(Cluster cluster, Endpoint endpoint) {
        for (ShardLink link : links.values()) {
            if (link.cluster() == cluster && link.endpoint().address().equals(endpoint.address())) {
                boolean turned = LinkGreeting.isReplica(endpoint) && !LinkGreeting.isReplica(link.endpoint());
                links.remove(link.endpoint());
                link.endpoint(endpoint);
                if (turned && link.isReady() && link.redirects()) {
                    Call saying = home.open(home.table.other(), home.clock.nanoTime(), 0);
                    link.send(saying, Resp.READONLY, 0, Resp.READONLY.readableBytes());
                }
                return link;
            }
        }
        return made(new ShardLink(home, this, cluster, endpoint, false));
    }

    /** Nobody looks after those of a set that has ended: they end with what they are made for. */
    private ShardLink made(ShardLink link) {
        if (closed) {
            link.leave();
        }
        return link;
    }

    /** Makes all of them. */
    void open(Shards shards) {
        shards.owners().forEach(endpoint -> to(shards.cluster(), endpoint).open());
    }

    /** A connection for one client alone: it belongs to it until {@link #giveBack}, or until it is aborted. */
    ShardLink lease(Cluster cluster, Endpoint endpoint) {
        ArrayDeque<ShardLink> free = idle.get(new Place(cluster, endpoint.address()));
        while (free != null && !free.isEmpty()) {
            ShardLink link = free.removeLast();
            if (!link.lost()) {
                return link;
            }
        }
        return made(new ShardLink(home, this, cluster, endpoint, true));
    }

    /** The client needs its connection no more, and nothing has been left behind on it. */
    void giveBack(ShardLink link) {
        Place place = new Place(link.cluster(), link.endpoint().address());
        ArrayDeque<ShardLink> free = idle.computeIfAbsent(place, key -> new ArrayDeque<>(2));
        if (link.lost() || closed || home.closed() || free.size() >= IDLE) {
            link.leave();
        } else {
            free.addLast(link);
        }
    }

    /** Ends those whose endpoint has left its cluster, as soon as nothing waits on them. */
    void sweep() {
        List<ShardLink> ending = new ArrayList<>();
        links.values().stream().filter(link -> !known(link)).forEach(ending::add);
        ending.forEach(link -> links.remove(link.endpoint()));
        for (ArrayDeque<ShardLink> free : idle.values()) {
            free.removeIf(ShardLink::lost);
            // One goes with each sweep: what was needed in a rush is not kept for ever. One client's have carried its
            // writes.
            ShardLink oldest = pinned ? null : free.pollFirst();
            if (oldest != null) {
                ending.add(oldest);
            }
            free.removeIf(link -> !known(link) && ending.add(link));
        }
        idle.values().removeIf(ArrayDeque::isEmpty);
        ending.forEach(this::lost);
        ending.forEach(ShardLink::leave); // whereupon clients go on, and may need new ones
    }

    private static boolean known(ShardLink link) {
        List<Endpoint> endpoints = link.cluster().snapshot().endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            if (endpoints.get(i).address().equals(link.endpoint().address())) {
                return true;
            }
        }
        return false;
    }

    /** All there are that lead to endpoints which have keys, with those that wait to be leased. */
    List<ShardLink> all() {
        List<ShardLink> all = new ArrayList<>(links.values());
        idle.values().forEach(all::addAll);
        return all;
    }

    /** Those that the client's writes may have gone by. */
    List<ShardLink> writers() {
        return all().stream().filter(this::carriesWrites).toList();
    }

    private boolean carriesWrites(ShardLink link) {
        return home.shards(link.cluster()).isReached() && !LinkGreeting.isReplica(link.endpoint());
    }

    /** A connection has ended, and with it the knowledge of what replicas have of its writes. */
    void lost(ShardLink link) {
        broken |= pinned && carriesWrites(link);
    }

    /** The client's connections were these until now. */
    void follows(LinkSet before) {
        broken |= before.broken || !before.writers().isEmpty();
    }

    /** Whether one was lost since this was asked last. */
    boolean takeLost() {
        boolean was = broken;
        broken = false;
        return was;
    }

    /** Nobody uses them any more. Those of one client end at once, whatever it still waited for. */
    void close() {
        closed = true;
        List<ShardLink> all = all();
        links.clear();
        idle.clear();
        for (ShardLink link : all) {
            if (pinned && carriesWrites(link)) {
                link.abort();
            } else {
                link.leave();
            }
        }
    }
}
