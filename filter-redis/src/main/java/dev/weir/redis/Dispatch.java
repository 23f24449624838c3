package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Sends each command where its {@link Plan} says. One per loop, without a state of its own. */
final class Dispatch {
    private static final int SHOWN = 48;

    private final ProxyLoop home;
    private final CommandTable table;
    private final ProxyRoutes routes;
    private final LocalCommands local;
    private final Scattering scattering;

    Dispatch(ProxyLoop home) {
        this.home = home;
        this.table = home.table;
        this.routes = home.settings.routes();
        this.local = new LocalCommands(home);
        this.scattering = new Scattering(home, this);
    }

    /** A client has sent a command, which lies whole in the buffer. */
    void command(ProxyClient client, CommandReader command, ByteBuf buf) {
        CommandInfo info = info(command, buf);
        Call call = client.open(info, command.end() - command.start());
        int count = command.count();
        if (info.index != 0 && (info.arity > 0 ? count != info.arity : count < -info.arity)) {
            refuse(client, call, wrongNumber(info));
            return;
        }
        Plan plan = home.plans.of(info);
        if (client.mustLogIn() && plan != Plan.AUTH && plan != Plan.HELLO && plan != Plan.QUIT && plan != Plan.RESET) {
            home.fail(call, "NOAUTH Authentication required.");
            return;
        }
        switch (plan) {
            case KEYED:
                keyed(client, call, command, buf);
                break;
            case MGET, MSET, SUM:
                scattering.byKeys(plan, client, call, command, buf);
                break;
            case ALL_OK, ALL_SUM, ALL_ELEMENTS, ALL_SAME, ALL_LEAST:
                scattering.toAll(plan, client, call, command, buf);
                break;
            case SCAN:
                scattering.scan(client, call, command, buf);
                break;
            case RANDOMKEY:
                scattering.randomKey(client, call, command, buf);
                break;
            case ANY:
                any(client, call, command, buf);
                break;
            case OWN_CONNECTION, TRANSACTION, PUBSUB, REFUSED:
                home.metrics.unsupported.increment();
                refuse(client, call, refusal(plan, info));
                break;
            case UNKNOWN:
                home.metrics.unsupported.increment();
                refuse(client, call, unknown(command, buf));
                break;
            default:
                local.command(plan, client, call, command, buf);
        }
    }

    /** What this proxy does not do. */
    private void refuse(ProxyClient client, Call call, String error) {
        if (home.settings.variant().strict()) {
            client.hangUp(call);
        }
        home.fail(call, error);
    }

    private CommandInfo info(CommandReader command, ByteBuf buf) {
        int start = command.start();
        CommandInfo info = table.find(buf, start + command.at(0), command.length(0), command.end());
        if (info.container && command.count() > 1) {
            info = table.findSub(info, buf, start + command.at(1), command.length(1), command.end());
        }
        return info;
    }

    private static String wrongNumber(CommandInfo info) {
        return "ERR wrong number of arguments for '"
                + info.operation.name().toLowerCase(java.util.Locale.ROOT).replace(' ', '|') + "' command";
    }

    private String refusal(Plan plan, CommandInfo info) {
        String name = info.operation.name();
        if (info.container && info.parent == null) {
            return "ERR unknown subcommand of '" + name + "', or one that this proxy does not know";
        }
        String why = plan == Plan.REFUSED ? home.plans.reason(info) : "this proxy does not offer it";
        return "ERR " + name + " is not supported by redis_proxy: " + why;
    }

    private static String unknown(CommandReader command, ByteBuf buf) {
        StringBuilder text = new StringBuilder("ERR unknown command '")
                .append(shown(command, buf, 0))
                .append("', with args beginning with: ");
        for (int i = 1; i < Math.min(command.count(), 4); i++) {
            text.append('\'').append(shown(command, buf, i)).append("' ");
        }
        return text.toString();
    }

    /** The begin of an argument, as text that can be shown. */
    static String shown(CommandReader command, ByteBuf buf, int argument) {
        int length = Math.min(command.length(argument), SHOWN);
        String text = buf.toString(command.start() + command.at(argument), length, StandardCharsets.UTF_8);
        return text.replaceAll("[^\\x20-\\x7e]", "?") + (length < command.length(argument) ? "…" : "");
    }

    // ---- one shard

    private void keyed(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        CommandInfo info = call.info;
        Endpoint endpoint;
        Route route;
        if (info.onlyKey > 0 && info.onlyKey < command.count()) {
            route = route(command, buf, info.onlyKey);
            endpoint = route == null ? null : pick(route, command, buf, info.onlyKey);
        } else {
            KeyFinder keys = home.keys;
            if (!keys.find(info, command, buf)) {
                home.fail(call, "ERR the keys of " + info.operation.name() + " cannot be told: wrong number of keys");
                return;
            }
            if (keys.size() == 0) {
                any(client, call, command, buf);
                return;
            }
            route = route(command, buf, keys.position(0));
            endpoint = route == null ? null : pick(route, command, buf, keys.position(0));
            int compared = home.settings.variant().firstKey() ? 1 : keys.size();
            for (int i = 1; i < compared && route != null && endpoint != null; i++) {
                Route other = route(command, buf, keys.position(i));
                if (other == null || pick(other, command, buf, keys.position(i)) != endpoint) {
                    crossSlot(call, command, buf, keys.position(0), keys.position(i));
                    return;
                }
            }
        }
        if (route == null) {
            home.fail(call, "ERR no route takes this key");
        } else if (endpoint == null) {
            noShard(call, route.cluster());
        } else {
            client.links()
                    .to(route.cluster(), endpoint)
                    .send(call, buf, command.start(), command.end() - command.start());
        }
    }

    private void crossSlot(Call call, CommandReader command, ByteBuf buf, int first, int other) {
        home.metrics.crossShard.increment();
        home.fail(
                call,
                "CROSSSLOT Keys in request don't hash to the same shard: '" + shown(command, buf, first) + "' and '"
                        + shown(command, buf, other) + "'");
    }

    void noShard(Call call, Cluster cluster) {
        home.metrics.forwardErrors.increment();
        home.fail(call, "ERR cluster " + cluster.name() + " has no shard to ask");
    }

    /** To any shard of the catch-all. */
    private void any(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        Cluster cluster = routes.keyless().cluster();
        Endpoint endpoint = cluster.pick(client.hash(), 0, Exclusions.NONE);
        if (endpoint == null) {
            noShard(call, cluster);
        } else {
            client.links().to(cluster, endpoint).send(call, buf, command.start(), command.end() - command.start());
        }
    }

    @Nullable
    Route route(CommandReader command, ByteBuf buf, int argument) {
        int length = command.length(argument);
        byte[] key = home.scratch(length);
        buf.getBytes(command.start() + command.at(argument), key, 0, length);
        return routes.find(key, length);
    }

    /** The shard of the key whose bytes {@link #route} has just read. */
    @Nullable
    Endpoint pick(Route route, CommandReader command, ByteBuf buf, int argument) {
        int length = command.length(argument);
        return route.cluster().pick(routes.hash(route, home.scratch(length), length), 0, Exclusions.NONE);
    }

    /**
     * What could not be sent goes to another shard of its cluster, if there is one that may have the same keys.
     *
     * @return whether it was sent
     */
    boolean retry(Call call, ProxyClient client, ShardLink failed, ByteBuf request) {
        return false;
    }
}
