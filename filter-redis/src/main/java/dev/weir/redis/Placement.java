package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the keys of commands are: by their names, routes and shards. One per loop; what it says holds for the running command. */
final class Placement {
    static final String NO_ROUTE = "ERR no route takes this key";

    private final ProxyLoop home;
    private final ProxyRoutes routes;
    private final Renames renames;
    private final Mirrors mirrors;
    /** The slot of the key that was picked for last, or -1. */
    private int slot = -1;

    Placement(ProxyLoop home, Renames renames, Mirrors mirrors) {
        this.home = home;
        this.routes = home.settings.routes();
        this.renames = renames;
        this.mirrors = mirrors;
    }

    /**
     * Where the keys of a command are.
     *
     * @param route how they are reached
     * @param endpoint its endpoint
     */
    record Shard(Route route, Endpoint endpoint) {
        Cluster cluster() {
            return route.cluster();
        }
    }

    /** The route of a key, whose bytes lie in the loop's scratch afterwards; null if there is none. */
    @Nullable
    Route route(CommandReader command, ByteBuf buf, int argument) {
        int length = command.length(argument);
        byte[] key = home.scratch(length);
        buf.getBytes(command.start() + command.at(argument), key, 0, length);
        Route way = mirrors.way();
        if (way != null) {
            return way;
        }
        return renames.active() ? renames.routeOf(argument) : routes.find(key, length);
    }

    /** The shard of the key whose bytes {@link #route} has just read. */
    @Nullable
    Endpoint pick(Route route, CommandReader command, ByteBuf buf, int argument) {
        return pick(route, home.scratch(0), command.length(argument));
    }

    /** The shard of a key. */
    @Nullable
    Endpoint pick(Route route, byte[] key, int length) {
        Shards shards = home.shards(route);
        slot = shards.slot(key, length);
        return slot >= 0 ? shards.owner(slot) : shards.owner(routes.hash(route, key, length));
    }

    /** Any shard, for what has no keys. */
    @Nullable
    Endpoint any(Route route, ProxyClient client) {
        slot = -1;
        return home.shards(route).any(client.hash());
    }

    /** The slot of the key that was picked for last; -1 where there are none. */
    int slot() {
        return slot;
    }

    /** The one shard that all keys of a command are on; any for one without keys. Null if there is none: then the call has failed. */
    @Nullable
    Shard shardOf(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        CommandInfo info = call.info;
        KeyFinder keys = home.keys;
        if (!keys.find(info, command, buf)) {
            home.fail(call, "ERR the keys of " + info.operation.name() + " cannot be told: wrong number of keys");
            return null;
        }
        slot = -1;
        Route route = keys.size() == 0 ? routes.keyless() : route(command, buf, keys.position(0));
        if (route == null) {
            home.fail(call, NO_ROUTE);
            return null;
        }
        slot = -1;
        Endpoint endpoint =
                keys.size() == 0 ? home.shards(route).any(client.hash()) : pick(route, command, buf, keys.position(0));
        int common = slot;
        if (endpoint == null) {
            noOwner(call, route.cluster());
            return null;
        }
        boolean first =
                home.settings.variant().firstKey() || home.settings.variant().anyShard();
        int compared = first ? 1 : keys.size();
        for (int i = 1; i < compared; i++) {
            Route other = route(command, buf, keys.position(i));
            if (other == null || pick(other, command, buf, keys.position(i)) != endpoint || slot != common) {
                crossSlot(call, command, buf, keys.position(0), keys.position(i));
                return null;
            }
        }
        return new Shard(route, endpoint);
    }

    /** The shard, if there is only one. */
    @Nullable
    Shard single(ProxyClient client) {
        if (routes.clusters().size() > 1) {
            return null;
        }
        Route route = routes.keyless();
        Shards shards = home.shards(route);
        List<Endpoint> all = shards.owners();
        return all.size() == 1 && !shards.bySlots() ? new Shard(route, all.get(0)) : null;
    }

    /** Whether a command has no keys. */
    boolean keyless(CommandInfo info, CommandReader command, ByteBuf buf) {
        return home.keys.find(info, command, buf) && home.keys.size() == 0;
    }

    /** The connection to the owner of keys, or to who may answer in its place what only reads; null if nobody may. */
    @Nullable
    ShardLink link(ProxyClient client, CommandInfo info, Route route, Endpoint owner) {
        LinkSet links = client.links();
        Endpoint asked = route.reads() == ReadPolicy.PRIMARY || !info.onlyReads()
                ? owner
                : home.shards(route).reader(owner, route.reads(), links);
        return asked == null ? null : links.to(route.cluster(), asked);
    }

    static String noReplica(Cluster cluster, Endpoint owner) {
        return "ERR shard " + owner.address() + " of cluster " + cluster.name() + " has no replica to read from";
    }

    private void crossSlot(Call call, CommandReader command, ByteBuf buf, int first, int other) {
        if (mirrors.way() == null) {
            home.metrics.crossShard.increment();
        }
        home.fail(
                call,
                "CROSSSLOT Keys in request don't hash to the same shard: '" + renames.shown(command, buf, first)
                        + "' and '" + renames.shown(command, buf, other) + "'");
    }

    /** Nobody has the key that was picked for last. */
    void noOwner(Call call, Cluster cluster) {
        noShard(call, cluster, slot);
    }

    /** There is nobody to ask. */
    void noShard(Call call, Cluster cluster) {
        noShard(call, cluster, -1);
    }

    private void noShard(Call call, Cluster cluster, int itsSlot) {
        if (mirrors.way() == null) {
            home.metrics.forwardErrors.increment();
        }
        home.fail(call, noShard(cluster, itsSlot));
    }

    /** Why there is no shard for a key, whose slot is told where there are slots. */
    String noShard(Cluster cluster, int itsSlot) {
        String why = home.shards(cluster).ambiguous()
                ? " has several endpoints and does not hash"
                : itsSlot >= 0 ? ": no shard is known to have slot " + itsSlot : " has no shard to ask";
        return "ERR cluster " + cluster.name() + why;
    }
}
