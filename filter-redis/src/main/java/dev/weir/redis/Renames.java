package dev.weir.redis;

import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where routes call keys otherwise at the shards than clients do: a command is written anew with the stored names before it is dispatched, and names in
 * answers become those of clients again. One per loop; for the running command only.
 */
final class Renames {
    /** Where an answer names keys. */
    enum Place {
        /** Its first element is one. */
        FIRST,
        /** It is a map by keys, or an array of pairs that begin with them. */
        MAP
    }

    private static final Map<String, Place> PLACES = Map.ofEntries(
            Map.entry("BLPOP", Place.FIRST),
            Map.entry("BRPOP", Place.FIRST),
            Map.entry("BZPOPMIN", Place.FIRST),
            Map.entry("BZPOPMAX", Place.FIRST),
            Map.entry("LMPOP", Place.FIRST),
            Map.entry("BLMPOP", Place.FIRST),
            Map.entry("ZMPOP", Place.FIRST),
            Map.entry("BZMPOP", Place.FIRST),
            Map.entry("XREAD", Place.MAP),
            Map.entry("XREADGROUP", Place.MAP));

    private static final Set<String> LISTS = Set.of("KEYS", "SCAN", "RANDOMKEY");

    private final ProxyLoop home;
    private final Dispatch dispatch;
    private CommandReader reader;
    /** The running command as the client has sent it, if it was written anew. */
    private @Nullable CommandReader sent;

    private @Nullable ByteBuf sentIn;
    /** Of the running command, the route of each argument that is a key; null if it was not written anew. */
    private @Nullable Route @Nullable [] routeOf;

    /** Of the running command, if its answer names keys: what clients call them, by their stored names. */
    private Map<ByteBuf, byte[]> names = Map.of();

    private @Nullable FirstKey key;
    private @Nullable String forbidden;
    private int wireBytes;

    Renames(ProxyLoop home, Dispatch dispatch) {
        this.home = home;
        this.dispatch = dispatch;
        this.reader = new CommandReader(home.settings.limits());
    }

    /** As {@link Dispatch#take}, with the names that keys have at the shards. */
    boolean command(ProxyClient client, CommandReader command, ByteBuf buf) {
        CommandInfo info = dispatch.info(command, buf);
        KeyFinder keys = home.keys;
        if (!info.readsKeys() || !keys.find(info, command, buf) || keys.size() == 0) {
            return dispatch.take(client, command, buf);
        }
        @Nullable Route[] found = new Route[command.count()];
        boolean renames = false;
        for (int i = 0; i < keys.size(); i++) {
            Route route = dispatch.places().route(command, buf, keys.position(i));
            found[keys.position(i)] = route;
            renames |= route != null && route.rename() != null;
        }
        if (!renames) {
            return dispatch.take(client, command, buf);
        }
        key = FirstKey.of(home, info, command, buf);
        forbidden = dispatch.forbidden(client, info, command, buf);
        wireBytes = command.end() - command.start();
        if (inAnswer(info)) {
            names = new HashMap<>();
        }
        ByteBuf stored = write(command, buf, found);
        try {
            reader.keep();
            CommandReader.Step step = reader.next(stored, stored.readerIndex(), stored.writerIndex());
            if (step != CommandReader.Step.COMMAND) {
                reader = new CommandReader(home.settings.limits()); // this one would pass over what comes next
                ProxyTransaction transaction = client.transaction(false);
                if (transaction != null) {
                    transaction.spoil();
                }
                home.fail(
                        client.open(info, wireBytes),
                        "ERR with the names that its keys have at the shards, the command is too long");
                return true;
            }
            routeOf = found;
            sent = command;
            sentIn = buf;
            return dispatch.take(client, reader, stored);
        } finally {
            routeOf = null;
            sent = null;
            sentIn = null;
            names = Map.of();
            key = null;
            forbidden = null;
            wireBytes = 0;
            reader.done();
            stored.release();
        }
    }

    private ByteBuf write(CommandReader command, ByteBuf buf, @Nullable Route[] found) {
        ByteBuf stored = home.allocator().buffer(command.end() - command.start() + 64);
        Resp.arrayHeader(stored, command.count());
        for (int i = 0; i < command.count(); i++) {
            int at = command.start() + command.at(i);
            int length = command.length(i);
            Route route = found[i];
            KeyRename rename = route == null ? null : route.rename();
            if (rename == null) {
                Resp.bulk(stored, buf, at, length);
            } else {
                byte[] key = new byte[length];
                buf.getBytes(at, key);
                byte[] name = new byte[length + Math.max(0, rename.growth())];
                int used = rename.apply(key, length, name);
                Resp.bulk(stored, name, 0, used);
                if (names instanceof HashMap) {
                    names.putIfAbsent(Unpooled.wrappedBuffer(name, 0, used), key);
                }
            }
        }
        return stored;
    }

    /** The route of a key of the running command, if it was written anew; else null. */
    @Nullable
    Route routeOf(int argument) {
        @Nullable Route[] found = routeOf;
        return found == null ? null : found[argument];
    }

    /** Whether the running command was written anew. */
    boolean active() {
        return routeOf != null;
    }

    /** The begin of an argument of the running command, a key by its name for the client. */
    String shown(CommandReader command, ByteBuf buf, int argument) {
        return sent == null || sentIn == null
                ? Dispatch.shown(command, buf, argument)
                : Dispatch.shown(sent, sentIn, argument);
    }

    /** Of the running command, the first key by its name for the client, where that is wanted. */
    @Nullable
    FirstKey key() {
        return key;
    }

    /** The error of the running command, if the client's user may not send it: rules are about the names of clients. */
    @Nullable
    String forbidden() {
        return forbidden;
    }

    /** Its bytes as the client has sent them. */
    int wireBytes() {
        return wireBytes;
    }

    // ---- answers

    /** Whether the answer to a command names its keys. */
    static boolean inAnswer(CommandInfo info) {
        return PLACES.containsKey(info.operation.name());
    }

    /** Whether the answer to a command names keys that the command does not. */
    static boolean lists(CommandInfo info) {
        return LISTS.contains(info.operation.name());
    }

    /** What is sent in place of a call, so that keys in its answer get their names again; the call itself if there are none. */
    Call answering(Call call, int bytes) {
        Place place = names.isEmpty() ? null : PLACES.get(call.info.operation.name());
        if (place == null) {
            return call;
        }
        Call part = new Renamed(home, call, names, place).part(bytes);
        part.waits = call.waits;
        part.lender = call.lender;
        part.reads = call.reads;
        part.slot = call.slot;
        return part;
    }

    /** The answer of one shard, with other names. */
    private static final class Renamed extends Merge {
        private final Map<ByteBuf, byte[]> names;
        private final Place place;

        Renamed(ProxyLoop home, Call whole, Map<ByteBuf, byte[]> names, Place place) {
            super(home, whole, 1);
            this.names = names;
            this.place = place;
        }

        @Override
        void write(ByteBuf out) {
            AnswerWalk walk = new AnswerWalk(text(0));
            char type = walk.type();
            long count = walk.count();
            if (count <= 0) {
                copyFirst(out);
                return;
            }
            Resp.header(out, type, count);
            if (place == Place.FIRST) {
                name(walk, out);
                walk.rest(out);
                return;
            }
            for (long i = 0; i < count; i++) {
                if (type == '*') {
                    Resp.header(out, '*', walk.count());
                }
                name(walk, out);
                walk.value(out);
            }
        }

        private void name(AnswerWalk walk, ByteBuf out) {
            byte[] stored = walk.bytes();
            byte[] told = names.getOrDefault(Unpooled.wrappedBuffer(stored), stored);
            Resp.bulk(out, told, 0, told.length);
        }
    }
}
