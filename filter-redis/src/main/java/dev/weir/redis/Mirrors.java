package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Sends copies of commands to other clusters. Nobody waits for their answers, which are dropped; nor for a cluster that does not keep up: then copies
 * are left out. One per loop.
 */
final class Mirrors {
    /**
     * Where copies go.
     *
     * @param route as the one whose commands are copied, with another cluster
     * @param percent how many of them, 0 to 100
     * @param reads whether those that only read are among them
     */
    record Mirror(Route route, double percent, boolean reads) {}

    /** Most copies that are not answered, for each shard. */
    static final int MOST_OPEN = 8_192;

    private final ProxyLoop home;
    private final Dispatch dispatch;
    /** While a copy is sent, the way that its keys go. */
    private @Nullable Route way;

    Mirrors(ProxyLoop home, Dispatch dispatch) {
        this.home = home;
        this.dispatch = dispatch;
    }

    /** Reads {@code mirror} of a route. */
    static List<Mirror> read(
            ConfigNode node,
            byte[] prefix,
            @Nullable KeyRename rename,
            Numbering numbers,
            FilterEnvironment environment) {
        List<Mirror> mirrors = new ArrayList<>();
        if (!node.has("mirror")) {
            return List.of();
        }
        List<ConfigNode> all = node.required("mirror").isMap() ? List.of(node.section("mirror")) : node.list("mirror");
        for (ConfigNode one : all) {
            Cluster cluster = ProxyRoutes.cluster(one, false, environment);
            double percent = one.number("percent", 100, 0, 100);
            boolean reads = one.bool("reads", true);
            one.rejectUnknown();
            Route route = new Route(prefix, cluster, numbers.of(cluster), ReadPolicy.PRIMARY, rename, List.of());
            mirrors.add(new Mirror(route, percent, reads));
        }
        return List.copyOf(mirrors);
    }

    /** Gives clusters their numbers. */
    interface Numbering {
        int of(Cluster cluster);
    }

    /** The way that the keys of the running copy go; null if none is sent. */
    @Nullable
    Route way() {
        return way;
    }

    /** Whether commands with a plan are copied: those with keys, if they neither block nor belong to a transaction. */
    static boolean copies(Plan plan) {
        return switch (plan) {
            case KEYED, SORT, MGET, MSET, SUM -> true;
            default -> false;
        };
    }

    /** A command with keys is about to go its own way. */
    void copy(Plan plan, ProxyClient client, CommandInfo info, CommandReader command, ByteBuf buf) {
        KeyFinder keys = home.keys;
        if (!keys.find(info, command, buf) || keys.size() == 0) {
            return;
        }
        Route route = dispatch.places().route(command, buf, keys.position(0));
        if (route == null) {
            return;
        }
        for (Mirror mirror : route.mirrors()) {
            boolean drawn = mirror.percent >= 100 || ThreadLocalRandom.current().nextDouble(100) < mirror.percent;
            if (drawn && (mirror.reads || !info.read || info.write)) {
                way = mirror.route;
                try {
                    send(plan, client, info, command, buf);
                } finally {
                    way = null;
                }
            }
        }
    }

    private void send(Plan plan, ProxyClient client, CommandInfo info, CommandReader command, ByteBuf buf) {
        int length = command.end() - command.start();
        if (plan == Plan.MGET || plan == Plan.MSET || plan == Plan.SUM) {
            Call copy = home.open(info, home.clock.nanoTime(), length);
            dispatch.scattering().byKeys(plan, client, copy, command, buf);
            return;
        }
        Call copy = home.open(info, home.clock.nanoTime(), length);
        Placement.Shard shard = dispatch.places().shardOf(client, copy, command, buf);
        if (shard == null) {
            home.metrics.mirrorsLeftOut.increment(); // its keys do not lie together there
            copy.free();
            return;
        }
        ShardLink link = client.links().to(shard.cluster(), shard.endpoint());
        send(copy, link, dispatch.places().slot(), buf, command.start(), length);
    }

    /** One copy, or a part of one. */
    void send(Call copy, ShardLink link, int slot, ByteBuf buf, int from, int length) {
        if (link.takesCopies()) {
            home.metrics.mirrored.increment();
            copy.copy = true;
            copy.slot = slot;
            link.send(copy, buf, from, length);
        } else {
            home.metrics.mirrorsLeftOut.increment();
            copy.free();
        }
    }
}
