package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Commands that several shards answer a part of. One per loop. */
final class Scattering {
    /** The bits of a cursor that are a shard's own. */
    private static final int CURSOR_BITS = 48;

    private static final long CURSOR_MASK = (1L << CURSOR_BITS) - 1;

    private final ProxyLoop home;
    private final Dispatch dispatch;
    private final Placement places;
    /** For the running call: to which shard each key goes. */
    private int[] owners = new int[64];

    private @Nullable Endpoint[] shards = new Endpoint[16];
    private Route[] routes = new Route[16];
    private int[] slots = new int[16];
    private int[] keysOf = new int[16];
    private int found;
    /** Of each slot, which part it is, if its stamp is that of the running call; null until there are slots. */
    private int @Nullable [] partOf;

    private int[] stampOf = new int[0];
    private int stamp;

    Scattering(ProxyLoop home, Dispatch dispatch, Placement places) {
        this.home = home;
        this.dispatch = dispatch;
        this.places = places;
    }

    // ---- by keys

    void byKeys(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        KeyFinder keys = home.keys;
        int step = call.info.keys.get(0).step();
        int tail = -call.info.keys.get(0).last() - 1; // arguments behind the keys
        keys.find(call.info, command, buf);
        int n = keys.size();
        if (n == 0 || (command.count() - 1 - tail) % step != 0) {
            home.fail(
                    call,
                    "ERR wrong number of arguments for '"
                            + call.info.operation.name().toLowerCase(java.util.Locale.ROOT) + "' command");
            return;
        }
        if (owners.length < n) {
            owners = new int[Math.max(n, owners.length * 2)];
        }
        found = 0;
        stamp++;
        for (int i = 0; i < n; i++) {
            Route route = places.route(command, buf, keys.position(i));
            if (route == null) {
                home.fail(call, "ERR no route takes the key '" + Dispatch.shown(command, buf, keys.position(i)) + "'");
                return;
            }
            Endpoint shard = places.pick(route, command, buf, keys.position(i));
            if (shard == null && !(plan == Plan.MGET && !copies())) {
                places.noOwner(call, route.cluster());
                return;
            }
            owners[i] = part(route, shard, places.slot());
        }
        if (found == 1) {
            toOne(client, call, command, buf, routes[0], shards[0]);
            return;
        }
        String[] refusals = new String[found];
        ShardLink[] links = links(client, call.info, refusals);
        for (String refusal : refusals) {
            if (refusal != null && plan != Plan.MGET) {
                home.fail(call, refusal);
                return;
            }
        }
        Merge merge = copies()
                ? null
                : switch (plan) {
                    case MGET -> new Merges.Elements(home, call, found, Arrays.copyOf(owners, n));
                    case MSET -> new Merges.AllOk(home, call, found);
                    default -> new Merges.Sum(home, call, found);
                };
        send(call, merge, links, refusals, command, buf, n, step, tail);
        if (owners.length > 4096) {
            owners = new int[64];
        }
    }

    /** All keys are one shard's; {@code owner} is null if nobody has them. */
    private void toOne(
            ProxyClient client, Call call, CommandReader command, ByteBuf buf, Route route, @Nullable Endpoint owner) {
        if (owner == null) {
            places.noOwner(call, route.cluster());
        } else if (copies()) {
            ShardLink link = client.links().to(route.cluster(), owner);
            dispatch.mirrors().send(call, link, slots[0], buf, command.start(), command.end() - command.start());
        } else {
            dispatch.send(client, call, command, buf, route, owner);
        }
    }

    /** Those that the parts go by; null, and a refusal, where there is none. */
    private @Nullable ShardLink[] links(ProxyClient client, CommandInfo info, @Nullable String[] refusals) {
        @Nullable ShardLink[] links = new ShardLink[found];
        for (int part = 0; part < found; part++) {
            Endpoint owner = shards[part];
            Route route = routes[part];
            links[part] = owner == null ? null : places.link(client, info, route, owner);
            if (owner == null) {
                refusals[part] = places.noShard(route.cluster(), slots[part]);
            } else if (links[part] == null) {
                refusals[part] = Placement.noReplica(route.cluster(), owner);
            }
        }
        return links;
    }

    /** Which part the key at hand belongs to: one for each shard, of a Redis Cluster one for each slot, as its nodes want it. */
    private int part(Route route, @Nullable Endpoint shard, int slot) {
        int known = slot >= 0 ? bySlot(slot) : -1;
        if (known >= 0 && shards[known] == shard && (shard != null || routes[known].equals(route))) {
            keysOf[known]++;
            return known;
        }
        for (int i = 0; slot < 0 && i < found; i++) {
            if (shards[i] == shard && (shard != null || routes[i].equals(route))) {
                keysOf[i]++;
                return i;
            }
        }
        if (found == shards.length) {
            shards = Arrays.copyOf(shards, found * 2);
            routes = Arrays.copyOf(routes, found * 2);
            slots = Arrays.copyOf(slots, found * 2);
            keysOf = Arrays.copyOf(keysOf, found * 2);
        }
        shards[found] = shard;
        routes[found] = route;
        slots[found] = slot;
        if (slot >= 0 && partOf != null) {
            partOf[slot] = found;
            stampOf[slot] = stamp;
        }
        keysOf[found] = 1;
        return found++;
    }

    /** Which part a slot is, or -1. Of two Redis Clusters it is that of the one whose key came last: then the other gets a part more. */
    private int bySlot(int slot) {
        if (partOf == null) {
            partOf = new int[Slots.COUNT];
            stampOf = new int[Slots.COUNT];
        }
        return stampOf[slot] == stamp ? partOf[slot] : -1;
    }

    /** Whether a copy is sent, whose answers nobody waits for. */
    private boolean copies() {
        return dispatch.mirrors().way() != null;
    }

    private void send(
            Call call,
            @Nullable Merge merge,
            @Nullable ShardLink[] links,
            @Nullable String[] refusals,
            CommandReader command,
            ByteBuf buf,
            int n,
            int step,
            int tail) {
        KeyFinder keys = home.keys;
        int count = found;
        int[] first = new int[count + 1]; // of each part, in the order of the parts
        for (int part = 0; part < count; part++) {
            first[part + 1] = first[part] + keysOf[part];
        }
        int[] positions = new int[n];
        int[] next = Arrays.copyOf(first, count);
        for (int i = 0; i < n; i++) {
            positions[next[owners[i]]++] = keys.position(i);
        }
        ReadPolicy reads = routes[0].reads();
        int[] its = Arrays.copyOf(slots, count);
        ByteBuf[] requests = new ByteBuf[count];
        for (int part = 0; part < count; part++) {
            ByteBuf request = home.allocator().buffer(Math.min(command.end() - command.start(), 512));
            Resp.arrayHeader(request, 1L + (long) keysOf[part] * step + tail);
            copy(request, command, buf, 0);
            for (int i = first[part]; i < first[part + 1]; i++) {
                for (int k = 0; k < step; k++) {
                    copy(request, command, buf, positions[i] + k);
                }
            }
            for (int k = command.count() - tail; k < command.count(); k++) {
                copy(request, command, buf, k);
            }
            requests[part] = request;
        }
        Arrays.fill(shards, 0, count, null);
        Arrays.fill(routes, 0, count, null);
        if (merge != null) {
            sendParts(merge, reads, its, links, refusals, requests);
            return;
        }
        for (int i = 0; i < count; i++) {
            Call copy = home.open(call.info, call.start, requests[i].readableBytes());
            ShardLink link = Objects.requireNonNull(links[i]); // copies have been refused before
            dispatch.mirrors()
                    .send(copy, link, its[i], requests[i], requests[i].readerIndex(), requests[i].readableBytes());
            requests[i].release();
        }
        call.free();
    }

    /** From here on answers may come, and with them other commands that use the fields. */
    private static void sendParts(
            Merge merge,
            ReadPolicy reads,
            int @Nullable [] slots,
            @Nullable ShardLink[] links,
            @Nullable String @Nullable [] refusals,
            ByteBuf[] requests) {
        Call[] parts = new Call[links.length];
        merge.home.metrics.fragments.add(links.length);
        for (int i = 0; i < links.length; i++) {
            parts[i] = merge.part(requests[i].readableBytes());
            parts[i].reads = reads;
            parts[i].slot = slots == null ? -1 : slots[i];
        }
        for (int i = 0; i < links.length; i++) {
            ShardLink link = links[i];
            String refusal = refusals == null ? null : refusals[i];
            if (link != null) {
                link.send(parts[i], requests[i], requests[i].readerIndex(), requests[i].readableBytes());
            } else {
                merge.home.metrics.forwardErrors.increment();
                merge.home.fail(parts[i], refusal == null ? "ERR no shard to ask" : refusal);
            }
            requests[i].release();
        }
    }

    private static void copy(ByteBuf out, CommandReader command, ByteBuf buf, int argument) {
        Resp.bulk(out, buf, command.start() + command.at(argument), command.length(argument));
    }

    // ---- to all

    /** WAIT: on all connections of the client's own, as its writes may have gone by any of them. */
    void waitFor(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        ProxyTransaction transaction = client.transaction(false);
        if (transaction != null && transaction.lease() != null) {
            home.fail(
                    call,
                    "ERR " + call.info.operation.name() + " is not supported by redis_proxy while keys are watched");
            return;
        }
        call.waits = true;
        if (client.links().takeLost()) {
            home.fail(call, "ERR what was written on connections to shards that have ended cannot be waited for");
            return;
        }
        all(client); // those to the shards that it has not used yet
        ShardLink[] all = client.links().writers().toArray(new ShardLink[0]);
        if (all.length == 0) {
            places.noShard(call, home.settings.routes().keyless().cluster());
        } else {
            Merge merge = new Merges.Least(home, call, all.length);
            toEach(merge, all, buf, command.start(), command.end() - command.start());
        }
    }

    void toAll(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (home.settings.routes().renames() && call.info.operation.name().equals("KEYS")) {
            keys(client, call, LocalCommands.bytes(command, buf, 1));
            return;
        }
        long most = plan == Plan.ALL_LATEST ? latest(command, buf) : 0;
        IntFunction<Merge> merge = shards -> switch (plan) {
            case ALL_SUM -> new Merges.Sum(home, call, shards);
            case ALL_ELEMENTS -> new Merges.Joined(home, call, shards);
            case ALL_LATEST -> new Merges.Latest(home, call, shards, most);
            case ALL_DISTINCT -> new Merges.Distinct(home, call, shards);
            case ALL_PAIRS -> new Merges.Pairs(home, call, shards);
            case ALL_MOST -> new Merges.Most(home, call, shards);
            case ALL_SAME -> new Merges.Same(home, call, shards);
            case ALL_LEAST -> new Merges.Least(home, call, shards);
            default -> new Merges.AllOk(home, call, shards);
        };
        toAll(client, call, buf.slice(command.start(), command.end() - command.start()), merge);
    }

    /** How many entries SLOWLOG GET asks for; what is no number, or too great a one, the shards refuse. */
    private static long latest(CommandReader command, ByteBuf buf) {
        String number = command.count() < 3 ? "10" : LocalCommands.text(command, buf, 2);
        return number.matches("-?[0-9]{1,18}") ? Long.parseLong(number) : Long.MAX_VALUE;
    }

    /** Sends a request to all shards; {@code merge} is told how many there are. */
    void toAll(ProxyClient client, Call call, ByteBuf request, IntFunction<Merge> merge) {
        ShardLink[] all = all(client);
        if (all.length == 0) {
            places.noShard(call, home.settings.routes().keyless().cluster());
        } else {
            toEach(merge.apply(all.length), all, request, request.readerIndex(), request.readableBytes());
        }
    }

    /** KEYS where keys have other names at the shards: all of these are asked for, and those whose name fits are told. */
    private void keys(ProxyClient client, Call call, byte[] pattern) {
        if (pattern.length > Glob.LONGEST) {
            home.fail(call, Glob.TOO_LONG);
            return;
        }
        Glob glob = new Glob(pattern);
        ByteBuf request = home.allocator().buffer(32);
        Resp.arrayHeader(request, 2);
        Resp.bulk(request, "KEYS");
        Resp.bulk(request, "*");
        ShardLink[] all = all(client);
        toAll(client, call, request, shards -> new Merge(home, call, shards) {
            @Override
            void write(ByteBuf out) {
                ByteBuf names = home.allocator().buffer();
                try {
                    long count = 0;
                    for (int i = 0; i < all.length; i++) {
                        count += names(new AnswerWalk(text(i)), all[i].cluster(), glob, names);
                    }
                    Resp.arrayHeader(out, count);
                    out.writeBytes(names);
                } finally {
                    names.release();
                }
            }
        });
        request.release();
    }

    /** Writes what clients call the keys of an array, of those that have a name and whose name fits; answers how many these are. */
    private long names(AnswerWalk walk, Cluster cluster, @Nullable Glob glob, ByteBuf out) {
        ProxyRoutes routes = home.settings.routes();
        long stored = walk.count();
        long count = 0;
        for (long k = 0; k < stored; k++) {
            byte[] name = routes.name(cluster, walk.bytes());
            if (name != null && (glob == null || glob.matches(name))) {
                Resp.bulk(out, name, 0, name.length);
                count++;
            }
        }
        return count;
    }

    static void toEach(Merge merge, ShardLink[] all, ByteBuf buf, int from, int length) {
        ByteBuf[] requests = new ByteBuf[all.length];
        for (int i = 0; i < all.length; i++) {
            requests[i] = buf.retainedSlice(from, length);
        }
        sendParts(merge, ReadPolicy.PRIMARY, null, all, null, requests);
    }

    /** The links to all shards of all routes, always in the same order; a server that several clusters share is asked once. */
    ShardLink[] all(ProxyClient client) {
        Map<Address, ShardLink> links = new LinkedHashMap<>();
        for (Shards each : home.shards()) {
            for (Endpoint endpoint : each.owners()) {
                links.computeIfAbsent(endpoint.address(), one -> client.links().to(each.cluster(), endpoint));
            }
        }
        return links.values().toArray(new ShardLink[0]);
    }

    // ---- one after the other

    void scan(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        long cursor = cursor(LocalCommands.text(command, buf, 1));
        ShardLink[] all = all(client);
        int shard = (int) (cursor >>> CURSOR_BITS);
        if (cursor < 0 || all.length > 0 && shard >= all.length) {
            home.fail(call, "ERR invalid cursor");
            return;
        }
        if (all.length == 0) {
            places.noShard(call, home.settings.routes().keyless().cluster());
            return;
        }
        // Patterns are those of clients' names: where these are not those of the shards it is not for them to compare.
        boolean renames = home.settings.routes().renames();
        int match = renames ? option(command, buf, "MATCH") : -1;
        if (match >= 0 && command.length(match + 1) > Glob.LONGEST) {
            home.fail(call, Glob.TOO_LONG);
            return;
        }
        ByteBuf request = home.allocator().buffer(command.end() - command.start());
        Resp.arrayHeader(request, command.count() - (match < 0 ? 0 : 2));
        copy(request, command, buf, 0);
        Resp.bulk(request, Long.toString(cursor & CURSOR_MASK));
        for (int i = 2; i < command.count(); i++) {
            if (i != match && i != match + 1 || match < 0) {
                copy(request, command, buf, i);
            }
        }
        Glob glob = match < 0 ? null : new Glob(LocalCommands.bytes(command, buf, match + 1));
        Merges.Keys keys = renames ? (walk, out) -> renamed(walk, all[shard].cluster(), glob, out) : AnswerWalk::rest;
        Merge merge = new Merges.Scan(home, call, shard, all.length, CURSOR_BITS, keys);
        sendParts(merge, ReadPolicy.PRIMARY, null, new ShardLink[] {all[shard]}, null, new ByteBuf[] {request});
    }

    /** Where an option with a value stands, or -1. */
    private static int option(CommandReader command, ByteBuf buf, String name) {
        for (int i = 2; i + 1 < command.count(); i += 2) {
            if (command.is(buf, i, name)) {
                return i;
            }
        }
        return -1;
    }

    private void renamed(AnswerWalk walk, Cluster cluster, @Nullable Glob glob, ByteBuf out) {
        ByteBuf names = home.allocator().buffer();
        try {
            Resp.arrayHeader(out, names(walk, cluster, glob, names));
            out.writeBytes(names);
        } finally {
            names.release();
        }
    }

    private static long cursor(String text) {
        if (!text.matches("[0-9]{1,19}")) {
            return -1;
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** The text of a line of the protocol, without its first byte and its end. */
    static String line(ByteBuf answer) {
        return answer.toString(answer.readerIndex() + 1, answer.readableBytes() - 3, StandardCharsets.UTF_8);
    }
}
