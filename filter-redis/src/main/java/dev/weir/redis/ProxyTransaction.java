package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.Exchange;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The transaction of one client, which lies on one shard: that of the first key it names. From there on, and from a WATCH on, the client has a
 * connection to that shard of its own. What is queued before is kept here.
 *
 * <pre>
 *   none ──WATCH──▶ watching ──MULTI──▶ open, with a shard ──EXEC, DISCARD──▶ none
 *     └──MULTI──▶ open, without one ──first key──▲
 * </pre>
 */
final class ProxyTransaction {
    /** Most bytes that are kept before there is a shard. */
    private static final int MAX_KEPT = 64 << 10;

    private final ProxyLoop home;
    private final ProxyClient client;

    private boolean open;
    /** A command could not be queued: EXEC must fail. */
    private boolean spoilt;
    /** What was watched was lost with its connection: EXEC must fail. */
    private boolean unwatched;
    /** Something is watched. */
    private boolean watching;
    /** Number of WATCH that have not been answered. */
    private int asked;
    /** Whether the shard itself has answered them. */
    private boolean clean = true;
    /** EXEC, DISCARD or UNWATCH is on its way. */
    private boolean ending;
    /** And it is EXEC. */
    private boolean executes;

    private @Nullable ShardLink lease;
    private @Nullable LinkSet owner;
    /** What was queued before there was a shard. */
    private @Nullable ByteBuf kept;

    private int keptCommands;
    /** Of a Redis Cluster the slot that its keys are in; -1 as long as none is known. */
    private int slot = -1;

    private int queued;
    private final QueuedCommands commands;

    ProxyTransaction(ProxyLoop home, ProxyClient client) {
        this.home = home;
        this.client = client;
        this.commands = new QueuedCommands(home, client);
    }

    /** Whether MULTI has been said. */
    boolean isOpen() {
        return open && !ending;
    }

    /** Whether it ends with the next answer. */
    boolean isEnding() {
        return ending;
    }

    /** Commands that EXEC will carry out. */
    int queued() {
        return queued;
    }

    /** The connection to the shard, or null. */
    @Nullable
    ShardLink lease() {
        return lease;
    }

    /** Whether the command concerns transactions, or belongs to one. */
    boolean takes(Plan plan) {
        return plan == Plan.TRANSACTION || isOpen() && plan != Plan.QUIT && plan != Plan.RESET;
    }

    void command(Plan plan, Call call, CommandReader command, ByteBuf buf) {
        switch (call.info.kind) {
            case MULTI:
                multi(call);
                return;
            case EXEC:
                exec(call, command, buf);
                return;
            case DISCARD:
                discard(call, command, buf);
                return;
            default:
        }
        String name = call.info.operation.name();
        if (isWatch(call.info)) {
            watch(call, command, buf);
        } else if (name.equals("UNWATCH") && !open) {
            unwatch(call, command, buf);
        } else {
            call.transaction = this;
            queue(plan, call, command, buf);
            queued += spoilt ? 0 : 1;
        }
    }

    private static boolean isWatch(CommandInfo info) {
        return info.operation.name().equals("WATCH");
    }

    private static boolean endsIt(CommandInfo info) {
        return info.kind == CommandInfo.Kind.EXEC
                || info.kind == CommandInfo.Kind.DISCARD
                || info.operation.name().equals("UNWATCH");
    }

    private void ok(Call call) {
        LocalCommands.answer(home, call, client, out -> Resp.status(out, "OK"));
    }

    private void multi(Call call) {
        if (open) {
            home.fail(call, "ERR MULTI calls can not be nested");
            return;
        }
        // Answered here in any case: should the shard be lost, it is EXEC that fails, and nothing is carried out by
        // itself.
        open = true;
        queued = 0;
        spoilt = unwatched || lease != null && lease.lost();
        ok(call);
        if (lease != null && !lease.lost()) {
            sendMulti();
        }
    }

    private void watch(Call call, CommandReader command, ByteBuf buf) {
        if (open) {
            home.fail(call, "ERR WATCH inside MULTI is not allowed");
            return;
        }
        ShardLink shard = shard(call, command, buf);
        if (shard != null) {
            call.transaction = this;
            asked++;
            forward(call, command, buf);
        }
    }

    /** WATCH was answered: if in vain, and nothing was watched before, there is nothing to be kept. */
    private void watched(Call call) {
        if (asked == 0) {
            return; // of a transaction that has ended meanwhile
        }
        asked--;
        clean &= !call.byWeir;
        watching |= call.status != Exchange.Status.ERROR;
        if (asked == 0 && !watching && !open && !ending) {
            boolean was = unwatched; // what was watched before, on a connection that was lost, still counts
            end(clean);
            unwatched = was;
        }
    }

    private void unwatch(Call call, CommandReader command, ByteBuf buf) {
        if (lease == null || lease.lost()) {
            ok(call);
            end(false);
        } else {
            call.transaction = this;
            ending = true;
            forward(call, command, buf);
        }
    }

    /** A command between MULTI and EXEC. */
    private void queue(Plan plan, Call call, CommandReader command, ByteBuf buf) {
        if (plan.concernsAll()) {
            queueForAll(call, command, buf);
            return;
        }
        switch (plan) {
            case KEYED, SORT, MGET, MSET, SUM, OWN_CONNECTION:
                if (plan == Plan.SORT && home.dispatch.sortsByOthers(client, command, buf)) {
                    spoil(call, Dispatch.SORTS_BY_OTHERS);
                } else if (home.dispatch.places().keyless(call.info, command, buf)) {
                    queueAnywhere(call, command, buf);
                } else if (home.dispatch.namesKeys(call.info)) {
                    spoilAsNamingKeys(call);
                } else if (shard(call, command, buf) != null) {
                    forward(call, command, buf);
                } else {
                    spoilt = true;
                }
                break;
            case PING, ECHO, TIME, TRANSACTION, ANY, COMMANDS:
                queueAnywhere(call, command, buf);
                break;
            case UNKNOWN:
                spoil(call, Dispatch.unknown(command, buf));
                break;
            default:
                spoil(
                        call,
                        "ERR " + call.info.operation.name() + " is not supported within a transaction by redis_proxy");
        }
    }

    /** The shard of the transaction speaks for all only if there is no other. */
    private void queueForAll(Call call, CommandReader command, ByteBuf buf) {
        if (home.dispatch.places().single(client) == null) {
            spoil(
                    call,
                    "ERR " + call.info.operation.name()
                            + " concerns all shards and cannot be part of a transaction, which lies on one");
        } else if (home.dispatch.namesKeys(call.info)) {
            spoilAsNamingKeys(call);
        } else {
            queueAnywhere(call, command, buf);
        }
    }

    private void spoilAsNamingKeys(Call call) {
        spoil(
                call,
                "ERR " + call.info.operation.name() + " is not supported within a transaction by redis_proxy"
                        + " where keys have other names at the shards, as its answer names keys");
    }

    private void spoil(Call call, String error) {
        spoilt = true;
        home.fail(call, error);
    }

    /** A command may not be queued at all: EXEC must fail. */
    void spoil() {
        spoilt = true;
    }

    private void queueAnywhere(Call call, CommandReader command, ByteBuf buf) {
        if (lease != null) {
            forward(call, command, buf);
            return;
        }
        int length = command.end() - command.start();
        if (kept == null) {
            kept = home.allocator().buffer(length);
        }
        if (kept.readableBytes() + length > MAX_KEPT) {
            spoil(call, "ERR too much is queued before the first key of a transaction");
            return;
        }
        kept.writeBytes(buf, command.start(), length);
        keptCommands++;
        LocalCommands.answer(home, call, client, out -> Resp.status(out, "QUEUED"));
    }

    private void exec(Call call, CommandReader command, ByteBuf buf) {
        if (!open) {
            home.fail(call, "ERR EXEC without MULTI");
            return;
        }
        if (spoilt) {
            commands.end(Exchange.Status.ABORTED, lease);
            home.fail(call, "EXECABORT Transaction discarded because of previous errors.");
            end(false);
            return;
        }
        if (lease == null && keptCommands == 0) {
            LocalCommands.answer(home, call, client, out -> Resp.arrayHeader(out, 0));
            end(true);
            return;
        }
        if (lease == null && !leaseAny(call)) {
            end(false);
            return;
        }
        call.transaction = this;
        ending = true;
        executes = lease != null && !lease.lost();
        forward(call, command, buf);
    }

    private boolean leaseAny(Call call) {
        Route route = home.settings.routes().keyless();
        Endpoint endpoint = home.shards(route).any(client.hash());
        if (endpoint == null) {
            home.dispatch.places().noShard(call, route.cluster());
            return false;
        }
        take(client.links(), client.links().lease(route.cluster(), endpoint));
        return true;
    }

    private void discard(Call call, CommandReader command, ByteBuf buf) {
        if (!open) {
            home.fail(call, "ERR DISCARD without MULTI");
        } else if (lease == null || lease.lost()) {
            ok(call);
            end(false);
        } else {
            call.transaction = this;
            ending = true;
            forward(call, command, buf);
        }
    }

    // ---- the shard

    /** The connection that the keys of the command lie behind; null if the call has failed, as they do not. */
    private @Nullable ShardLink shard(Call call, CommandReader command, ByteBuf buf) {
        Placement.Shard shard = home.dispatch.places().shardOf(client, call, command, buf);
        if (shard == null) {
            return null;
        }
        if (lease != null && lease.lost() && !open) {
            unwatched = true; // EXEC must not succeed as if it were still watched
            end(false);
            unwatched = true;
        }
        if (lease == null) {
            take(client.links(), client.links().lease(shard.cluster(), shard.endpoint()));
        } else if (!lease.endpoint().address().equals(shard.endpoint().address())
                && !home.settings.variant().anyShard()) {
            if (slot >= 0 && slot == home.dispatch.places().slot()) {
                return lease; // whether it still has the slot it says itself, before anything is carried out
            }
            home.metrics.crossShard.increment();
            home.fail(
                    call,
                    "CROSSSLOT a transaction lies on one shard, and this one's is " + lease.text() + ", the keys of "
                            + call.info.operation.name() + " are on "
                            + shard.endpoint().address());
            return null;
        }
        int its = home.dispatch.places().slot();
        if (slot >= 0 && slot != its) {
            home.metrics.crossShard.increment();
            home.fail(
                    call,
                    "CROSSSLOT a transaction lies in one slot, and this one's is " + slot + ", the keys of "
                            + call.info.operation.name() + " are in " + its);
            return null;
        }
        slot = its;
        return lease;
    }

    private void take(LinkSet from, ShardLink taken) {
        owner = from;
        lease = taken;
        client.lane().enter(taken);
        if (open) {
            sendMulti();
            ByteBuf before = kept;
            if (before != null) {
                kept = null;
                resend(before);
                before.release();
            }
        }
    }

    /** What has been answered here already goes to the shard, one command after the other. */
    private void resend(ByteBuf before) {
        CommandReader reader = new CommandReader(home.settings.limits());
        reader.keep();
        while (before.isReadable()
                && reader.next(before, before.readerIndex(), before.writerIndex()) == CommandReader.Step.COMMAND) {
            send(home.open(home.table.other(), home.clock.nanoTime(), 0), before, reader.start(), reader.end());
            before.readerIndex(reader.end());
            reader.done();
        }
        keptCommands = 0;
    }

    /** MULTI was answered here already; should the shard refuse it, what follows must not be carried out by itself. */
    private void sendMulti() {
        ByteBuf request = home.allocator().buffer(32);
        Resp.arrayHeader(request, 1);
        Resp.bulk(request, "MULTI");
        ShardLink begun = lease;
        Call multi = home.open(home.table.other(), home.clock.nanoTime(), 0);
        multi.whenDone = () -> {
            if (multi.status == Exchange.Status.ERROR && begun != null) {
                failed(begun);
                begun.abort();
            }
        };
        send(multi, request, 0, request.writerIndex());
        request.release();
    }

    private void send(Call call, ByteBuf buf, int from, int to) {
        if (lease == null) {
            throw new IllegalStateException("no shard");
        }
        lease.send(call, buf, from, to - from);
    }

    private void forward(Call call, CommandReader command, ByteBuf buf) {
        call.slot = slot;
        send(call, buf, command.start(), command.end());
    }

    // ---- the end

    /** A command of it has failed on the way. */
    void failed(ShardLink link) {
        if (link == lease) {
            spoilt = true;
        }
    }

    /** Whether EXEC will fail. */
    boolean isSpoilt() {
        return spoilt;
    }

    /** Whether nothing has been begun. */
    boolean isNone() {
        return !open && lease == null;
    }

    /** What is known of what was queued, if that ends it; for its connection's answers to EXEC. */
    QueuedCommands commands() {
        return commands;
    }

    /** Whether a command that has been answered has ended with that; if it was queued it ends with the transaction. */
    boolean tells(Call call) {
        return !open || isWatch(call.info) || commands.tells(call);
    }

    /** One of its commands, or one that watches for it, has been answered and told of. */
    void answered(Call call) {
        if (isWatch(call.info)) {
            watched(call);
            return;
        }
        if (!endsIt(call.info) || open && call.info.operation.name().equals("UNWATCH")) {
            return; // it was queued
        }
        boolean clean = !call.byWeir && (call.status != Exchange.Status.ERROR || "EXECABORT".equals(call.error));
        end(clean);
    }

    /** @param tidy whether nothing is left of it on its connection */
    private void end(boolean tidy) {
        commands.end(executes ? Exchange.Status.NO_REPLY : Exchange.Status.ABORTED, lease);
        executes = false;
        ending = false;
        watching = false;
        asked = 0;
        clean = true;
        open = false;
        spoilt = false;
        unwatched = false;
        keptCommands = 0;
        slot = -1;
        if (kept != null) {
            kept.release();
            kept = null;
        }
        ShardLink link = lease;
        LinkSet from = owner;
        lease = null;
        owner = null;
        if (link != null && from != null) {
            client.lane().leave();
            if (tidy) {
                from.giveBack(link);
            } else {
                link.abort();
            }
        }
    }

    /** The client has left, or wants to hear no more of it: the shard forgets what was begun with the connection. */
    void abort() {
        end(false);
    }
}
