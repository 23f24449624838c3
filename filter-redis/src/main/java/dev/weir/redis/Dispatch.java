package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Sends each command where its {@link Plan} says. One per loop, without a state of its own. */
final class Dispatch {
    static final String SORTS_BY_OTHERS =
            "ERR BY and GET of SORT name keys that may be on other shards: not supported by redis_proxy";

    private static final int SHOWN = 48;

    private final ProxyLoop home;
    private final CommandTable table;
    private final ProxyRoutes routes;
    private final LocalCommands local;
    private final Scattering scattering;
    private final Renames renames;
    private final Mirrors mirrors;
    private final Placement places;

    private final ServerCommands servers;
    private final RandomKey randomKey;

    Dispatch(ProxyLoop home) {
        this.home = home;
        this.table = home.table;
        this.routes = home.settings.routes();
        this.local = new LocalCommands(home);
        this.renames = new Renames(home, this);
        this.mirrors = new Mirrors(home, this);
        this.places = new Placement(home, renames, mirrors);
        this.scattering = new Scattering(home, this, places);
        this.servers = new ServerCommands(home, scattering);
        this.randomKey = new RandomKey(home, scattering);
    }

    /**
     * A client has sent a command, which lies whole in the buffer.
     *
     * @return whether it was taken; if not it has to come again when the client's other commands have been answered
     */
    boolean command(ProxyClient client, CommandReader command, ByteBuf buf) {
        return routes.renames() ? renames.command(client, command, buf) : take(client, command, buf);
    }

    /** The same, with the names that keys have at the shards. */
    boolean take(ProxyClient client, CommandReader command, ByteBuf buf) {
        CommandInfo info = info(command, buf);
        Plan plan = home.plans.of(info);
        boolean listens = !client.session().resp3() && home.pubSub.subscribed(client);
        ProxyTransaction transaction = client.transaction(plan == Plan.TRANSACTION);
        boolean transacts = !listens && transaction != null && transaction.takes(plan);
        ClientLane lane = client.lane();
        boolean busy = transacts && transaction != null
                ? lane.busyFor(transaction, info.kind == CommandInfo.Kind.EXEC && transaction.isSpoilt())
                : alone(plan, info) ? lane.busyForOther() : lane.busyForShared();
        if (busy || lane.busyForMove(home.topology()) || toAllNodes(plan) && lane.busyForAll()) {
            return false;
        }
        boolean renamed = renames.active();
        Call call = client.open(info, renamed ? renames.wireBytes() : command.end() - command.start());
        int count = command.count();
        String forbidden = renamed ? renames.forbidden() : forbidden(client, info, command, buf);
        if (info.index != 0 && (info.arity > 0 ? count != info.arity : count < -info.arity)) {
            if (transacts && transaction != null) {
                transaction.spoil();
            }
            refuse(client, call, wrongNumber(info));
        } else if (client.mustLogIn()
                && plan != Plan.AUTH
                && plan != Plan.HELLO
                && plan != Plan.QUIT
                && plan != Plan.RESET) {
            home.fail(call, "NOAUTH Authentication required.");
        } else if (forbidden != null) {
            if (transacts && transaction != null) {
                transaction.spoil();
            }
            home.metrics.denied.increment();
            home.fail(call, forbidden);
        } else if (noted(call, command, buf) && listens && plan != Plan.PUBSUB) {
            subscribed(plan, client, call, command, buf);
        } else if (transacts && transaction != null) {
            transaction.command(plan, call, command, buf);
        } else if (transaction != null && transaction.lease() != null && changesLinks(plan)) {
            home.fail(call, "ERR " + info.operation.name() + " is not supported by redis_proxy while keys are watched");
        } else {
            run(plan, client, call, command, buf);
        }
        return true;
    }

    /** Whoever may send a command: its key is shown and counted. */
    private boolean noted(Call call, CommandReader command, ByteBuf buf) {
        call.key = renames.active() ? renames.key() : FirstKey.of(home, call.info, command, buf);
        return true;
    }

    /** Whether what follows goes by other connections. */
    private boolean changesLinks(Plan plan) {
        return plan == Plan.SELECT
                || plan == Plan.HELLO
                || plan == Plan.AUTH && home.settings.upstream().fromClient();
    }

    /** The error of a command that the client's user may not send, or null. */
    @Nullable
    String forbidden(ProxyClient client, CommandInfo info, CommandReader command, ByteBuf buf) {
        UserRules rules = client.session().rules();
        return rules == null ? null : rules.refusal(info, command, buf, home.keys);
    }

    /** Whether a command waits until those before it have been answered, as it changes the way of all that follow or goes a way of its own. */
    private boolean alone(Plan plan, CommandInfo info) {
        return switch (plan) {
            case OWN_CONNECTION, PUBSUB, SELECT, HELLO, RESET -> true;
            case RANDOMKEY -> true; // asks twice, between which nothing may change
            case AUTH -> home.settings.upstream().fromClient();
            case CLIENT -> ClientCommands.concernsOthers(info); // each asks all loops
            default -> false;
        };
    }

    /** Whether a command concerns all nodes of a Redis Cluster, whose keys may be on their way from one to another. */
    private boolean toAllNodes(Plan plan) {
        return (plan.concernsAll() || plan == Plan.WAIT)
                && home.shards().stream().anyMatch(Shards::bySlots);
    }

    /** Where keys are. */
    Placement places() {
        return places;
    }

    Scattering scattering() {
        return scattering;
    }

    Mirrors mirrors() {
        return mirrors;
    }

    private void run(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (routes.mirrored() && Mirrors.copies(plan)) {
            mirrors.copy(plan, client, call.info, command, buf);
        }
        switch (plan) {
            case SORT:
                if (sortsByOthers(client, command, buf)) {
                    home.fail(call, SORTS_BY_OTHERS);
                    break;
                }
                keyed(client, call, command, buf);
                break;
            case KEYED:
                keyed(client, call, command, buf);
                break;
            case MGET, MSET, SUM:
                scattering.byKeys(plan, client, call, command, buf);
                break;
            case ALL_OK, ALL_SUM, ALL_ELEMENTS, ALL_LATEST, ALL_DISTINCT, ALL_PAIRS, ALL_MOST, ALL_SAME, ALL_LEAST:
                scattering.toAll(plan, client, call, command, buf);
                break;
            case SCAN:
                scattering.scan(client, call, command, buf);
                break;
            case RANDOMKEY:
                randomKey.ask(client, call, command, buf);
                break;
            case ANY:
                any(client, call, command, buf);
                break;
            case INFO, CONFIG_GET, COMMANDS:
                servers.command(plan, client, call, command, buf);
                break;
            case OWN_CONNECTION:
                onOwnConnection(client, call, command, buf);
                break;
            case PUBSUB:
                pubSub(client, call, command, buf);
                break;
            case PUBLISH:
                publish(client, call, command, buf);
                break;
            case WAIT:
                scattering.waitFor(client, call, command, buf);
                break;
            case REFUSED:
                home.metrics.unsupported.increment();
                refuse(client, call, refusal(call.info));
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

    /** What may be said by a client of RESP2 that has subscribed. */
    private void subscribed(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (plan == Plan.PING) {
            LocalCommands.answer(home, call, client, out -> {
                Resp.arrayHeader(out, 2);
                Resp.bulk(out, "pong");
                if (command.count() > 1) {
                    LocalCommands.copy(out, command, buf, 1);
                } else {
                    Resp.bulk(out, "");
                }
            });
        } else if (plan == Plan.QUIT || plan == Plan.RESET) {
            run(plan, client, call, command, buf);
        } else {
            home.fail(
                    call,
                    "ERR Can't execute '" + nameInErrors(call.info)
                            + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
        }
    }

    private void pubSub(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (home.settings.upstream().fromClient()) {
            refuse(
                    client,
                    call,
                    "ERR " + call.info.operation.name()
                            + " is not supported by redis_proxy with the log-ins of clients:"
                            + " subscriptions at shards are shared");
            return;
        }
        switch (call.info.kind) {
            case SUBSCRIBE -> home.pubSub.subscribe(client, call, Topic.Kind.CHANNEL, command, buf);
            case PSUBSCRIBE -> home.pubSub.subscribe(client, call, Topic.Kind.PATTERN, command, buf);
            case SSUBSCRIBE -> home.pubSub.subscribe(client, call, Topic.Kind.SHARD, command, buf);
            case UNSUBSCRIBE -> home.pubSub.unsubscribe(client, call, Topic.Kind.CHANNEL, command, buf);
            case PUNSUBSCRIBE -> home.pubSub.unsubscribe(client, call, Topic.Kind.PATTERN, command, buf);
            case SUNSUBSCRIBE -> home.pubSub.unsubscribe(client, call, Topic.Kind.SHARD, command, buf);
            default -> throw new IllegalArgumentException(call.info + " is no subscription");
        }
    }

    /** To the shard where those have subscribed who want to hear it. */
    private void publish(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        Route route = routes.keyless();
        places.route(command, buf, 1); // reads the name
        Endpoint endpoint = places.pick(route, command, buf, 1);
        if (endpoint == null) {
            places.noOwner(call, route.cluster());
        } else {
            send(client, call, command, buf, route, endpoint);
        }
    }

    CommandInfo info(CommandReader command, ByteBuf buf) {
        int start = command.start();
        CommandInfo info = table.find(buf, start + command.at(0), command.length(0), command.end());
        if (info.container && command.count() > 1) {
            info = table.findSub(info, buf, start + command.at(1), command.length(1), command.end());
        }
        return info;
    }

    private static String wrongNumber(CommandInfo info) {
        return "ERR wrong number of arguments for '" + nameInErrors(info) + "' command";
    }

    /** As servers write the name of a command. */
    private static String nameInErrors(CommandInfo info) {
        return info.operation.name().toLowerCase(java.util.Locale.ROOT).replace(' ', '|');
    }

    private String refusal(CommandInfo info) {
        String name = info.operation.name();
        if (info.container && info.parent == null) {
            return "ERR unknown subcommand of '" + name + "', or one that this proxy does not know";
        }
        return "ERR " + name + " is not supported by redis_proxy: " + home.plans.reason(info);
    }

    static String unknown(CommandReader command, ByteBuf buf) {
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
        int only = call.info.onlyKey;
        if (only == 0 || only >= command.count()) {
            Placement.Shard shard = places.shardOf(client, call, command, buf);
            if (shard != null) {
                send(client, call, command, buf, shard.route(), shard.endpoint());
            }
            return;
        }
        Route route = places.route(command, buf, only);
        Endpoint endpoint = route == null ? null : places.pick(route, command, buf, only);
        if (route == null) {
            home.fail(call, Placement.NO_ROUTE);
        } else if (endpoint == null) {
            places.noOwner(call, route.cluster());
        } else {
            send(client, call, command, buf, route, endpoint);
        }
    }

    /** To the shard, or to who may answer in its place. */
    void send(ProxyClient client, Call call, CommandReader command, ByteBuf buf, Route route, Endpoint owner) {
        ShardLink link = places.link(client, call.info, route, owner);
        if (link == null) {
            home.fail(call, Placement.noReplica(route.cluster(), owner));
        } else {
            call.reads = route.reads();
            call.slot = places.slot();
            int length = command.end() - command.start();
            link.send(renames.answering(call, length), buf, command.start(), length);
        }
    }

    /**
     * A command comes whose next argument is large.
     *
     * @return how it is carried out; null if it has to be read whole, or if it has to wait for the client's other commands
     */
    @Nullable
    LargeCommand large(ProxyClient client, CommandReader command, ByteBuf buf) {
        CommandInfo info = info(command, buf);
        home.topology();
        ProxyTransaction transaction = client.transaction(false);
        boolean transacts = transaction != null && transaction.isOpen();
        int key = info.container ? 0 : info.onlyKey;
        boolean fits = info.arity > 0 ? command.count() == info.arity : command.count() >= -info.arity;
        if (transacts
                || key == 0
                || key >= command.read()
                || !fits
                || client.mustLogIn()
                || home.plans.of(info) != Plan.KEYED
                || forbidden(client, info, command, buf) != null) {
            return null;
        }
        if (!client.session().resp3() && home.pubSub.subscribed(client)
                || client.lane().busyForOther()) {
            return null;
        }
        Route route = places.route(command, buf, key);
        Endpoint endpoint = route == null ? null : places.pick(route, command, buf, key);
        if (route == null || endpoint == null || route.rename() != null) {
            return null; // a name can be changed only in a command that is read whole
        }
        LinkSet links = client.links();
        ByteBuf probe = Resp.PING;
        if (places.slot() >= 0) {
            probe = Unpooled.buffer(command.length(key) + 32);
            Resp.arrayHeader(probe, 2);
            Resp.bulk(probe, "EXISTS");
            Resp.bulk(probe, home.scratch(0), 0, command.length(key));
        }
        return new LargeCommand(
                home, client, info, links, links.lease(route.cluster(), endpoint), places.slot(), probe);
    }

    /** A command that may block, on a connection that nobody else waits for. */
    private void onOwnConnection(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        Placement.Shard shard = places.shardOf(client, call, command, buf);
        if (shard != null) {
            LinkSet links = client.links();
            ShardLink lease = links.lease(shard.cluster(), shard.endpoint());
            call.waits = call.info.blocking || command.has(buf, "BLOCK");
            call.lender = links;
            call.slot = places.slot();
            client.lane().enter(lease);
            call.link = lease;
            int length = command.end() - command.start();
            lease.send(renames.answering(call, length), buf, command.start(), length);
            client.waits(call);
        }
    }

    /** Whether SORT looks at keys that its arguments make up. */
    boolean sortsByOthers(ProxyClient client, CommandReader command, ByteBuf buf) {
        return (routes.renames() || places.single(client) == null) && SortPatterns.any(command, buf);
    }

    /** Whether the answer of a shard to the running command names keys otherwise than clients do. */
    boolean namesKeys(CommandInfo info) {
        return renames.active() ? Renames.inAnswer(info) : routes.renames() && Renames.lists(info);
    }

    /** To any shard of the catch-all. */
    private void any(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        Route route = routes.keyless();
        Endpoint endpoint = places.any(route, client);
        if (endpoint == null) {
            places.noShard(call, route.cluster());
        } else {
            send(client, call, command, buf, route, endpoint);
        }
    }
}
