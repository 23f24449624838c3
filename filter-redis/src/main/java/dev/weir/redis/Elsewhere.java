package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends calls once more: where a node of a Redis Cluster says that another one has their keys, where a connection was lost and nothing can have been
 * changed, and where a replica cannot be connected to. Never so that a command of a client overtakes an earlier one. One per loop.
 */
final class Elsewhere {
    /** As many as cluster clients follow. */
    private static final int MOST_REDIRECTIONS = 16;

    private static final int PAUSE_MILLIS = 10;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);

    /**
     * A call whose node is not known yet.
     *
     * @param call the call
     * @param link who has answered it
     * @param to where it is to go
     * @param since when that was said
     */
    private record Delayed(Call call, ShardLink link, Redirection to, long since) {}

    private final ProxyLoop home;
    private final List<Delayed> delayed = new ArrayList<>(0);
    /** Clients of which some wait there. */
    private final Set<ProxyClient> waiting = Collections.newSetFromMap(new IdentityHashMap<>());

    Elsewhere(ProxyLoop home) {
        this.home = home;
    }

    /** Whether a call that is about to be sent may have to be sent again, so that its request has to be kept. */
    boolean mayGo(Call call, boolean own, Shards shards) {
        if (call.isKept() || call.copy) {
            return false; // of copies nothing is kept: they would take memory that nobody bounds
        }
        return own
                ? shards.bySlots() && (call.lender != null || call.large != null)
                : shards.bySlots() || home.settings.retries() > 0 && call.info.onlyReads();
    }

    // ---- redirections

    /** A node of a Redis Cluster has answered that another one has the keys. The call is in no ring of a link at the moment. */
    void follow(Call call, ShardLink link, Redirection to) {
        home.metrics.redirections.increment();
        Shards shards = home.shards(link.cluster());
        shards.refresh();
        Endpoint owner = at(shards, to);
        boolean moved = to.kind() == Redirection.Kind.MOVED;
        if (moved || to.kind() == Redirection.Kind.ASK && owner == null) {
            link.endpoint().done(Endpoint.Outcome.WRONG_ROLE, -1); // whoever knows the nodes is asked again
        }
        if (moved && owner != null) {
            shards.moved(to.slot(), owner);
        }
        if (!call.isKept() || call.redirections >= MOST_REDIRECTIONS) {
            home.fail(call, "TRYAGAIN " + reason(to, link));
            call.free();
            return;
        }
        if (to.kind() == Redirection.Kind.TRYAGAIN) {
            tryAgain(call, link);
            return;
        }
        call.redirections++;
        ProxyClient client = clientOf(call);
        if (owner == null || client != null && waiting.contains(client)) {
            delay(new Delayed(call, link, to, home.clock.nanoTime()), client);
        } else {
            send(call, link, to);
        }
    }

    /** A node has said where a slot is, of which nothing can be sent again; answers that as an error. */
    String learn(Cluster cluster, Endpoint from, Redirection to) {
        Shards shards = home.shards(cluster);
        shards.refresh();
        Endpoint owner = at(shards, to);
        from.done(Endpoint.Outcome.WRONG_ROLE, -1);
        if (owner != null && to.kind() == Redirection.Kind.MOVED) {
            shards.moved(to.slot(), owner);
        }
        return "TRYAGAIN slot " + to.slot() + " has gone from shard " + from.address() + " to " + to.address();
    }

    private static @Nullable Endpoint at(Shards shards, Redirection to) {
        Address address = to.address();
        return address == null ? null : shards.at(address);
    }

    private static String reason(Redirection to, ShardLink link) {
        return to.kind() == Redirection.Kind.TRYAGAIN
                ? "the slot of these keys is on its way from shard " + link.text() + " to another one"
                : "slot " + to.slot() + " has gone from shard " + link.text() + " to " + to.address();
    }

    private void send(Call call, ShardLink from, Redirection to) {
        Endpoint endpoint = at(home.shards(from.cluster()), to);
        LargeCommand large = call.large;
        if (endpoint == null) {
            home.fail(call, "TRYAGAIN " + reason(to, from) + ", which is not known yet");
            call.free();
        } else if (large != null) {
            large.redirected(call, endpoint, to.kind() == Redirection.Kind.ASK);
        } else {
            ShardLink link = link(call, from, endpoint);
            call.asks = to.kind() == Redirection.Kind.ASK;
            call.asked = false;
            resend(call, link);
        }
    }

    /** A connection to another endpoint, of the same sort as that it went by. */
    private static ShardLink link(Call call, ShardLink from, Endpoint endpoint) {
        LinkSet lender = call.lender;
        ProxyClient client = clientOf(call);
        if (lender == null || client == null) {
            return from.set().to(from.cluster(), endpoint);
        }
        ShardLink lease = lender.lease(from.cluster(), endpoint);
        client.lane().enter(lease);
        if (call.merge != null) {
            call.merge.whole().link = lease;
        }
        lender.giveBack(from);
        return lease;
    }

    private static void resend(Call call, ShardLink link) {
        ByteBuf request = call.kept();
        link.send(call, request, request.readerIndex(), request.readableBytes());
    }

    private static @Nullable ProxyClient clientOf(Call call) {
        return call.merge == null ? call.client : call.merge.client();
    }

    /** Until the node is known; what the same client sends meanwhile waits behind it. */
    private void delay(Delayed one, @Nullable ProxyClient client) {
        one.call.inLink = true; // it is not to go back to the pool
        delayed.add(one);
        if (client != null) {
            waiting.add(client);
        }
        if (delayed.size() == 1) {
            later();
        }
    }

    private void later() {
        home.loop.schedule(this::goOn, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Sends those whose node is known by now, each client's in their order. */
    private void goOn() {
        home.topology();
        List<Delayed> all = List.copyOf(delayed);
        delayed.clear();
        waiting.clear();
        for (Delayed one : all) {
            ProxyClient client = clientOf(one.call);
            boolean first = client == null || !waiting.contains(client);
            boolean known = at(home.shards(one.link.cluster()), one.to) != null;
            boolean late = home.clock.nanoTime() - one.since >= PATIENCE || home.closed();
            if (!one.call.done && !(first && (known || late))) {
                delayed.add(one);
                if (client != null) {
                    waiting.add(client);
                }
                continue;
            }
            one.call.inLink = false;
            if (one.call.done) {
                one.call.free(); // its client has left
            } else {
                deliver(one);
            }
        }
        if (!delayed.isEmpty()) {
            later();
        }
    }

    private void deliver(Delayed one) {
        try {
            send(one.call, one.link, one.to);
        } catch (RuntimeException | Error e) {
            home.crashed(one.call, e);
        }
    }

    /** Of several keys some have gone already. That passes by, but nothing else of the client may go on until then. */
    private void tryAgain(Call call, ShardLink link) {
        ProxyClient client = clientOf(call);
        boolean patient = home.clock.nanoTime() - call.start < PATIENCE;
        if (client == null || !patient || !client.lane().isAlone(call)) {
            home.fail(call, "TRYAGAIN Multiple keys request during rehashing of slot");
            call.free();
            return;
        }
        Call whole = call.merge == null ? call : call.merge.whole();
        if (!whole.raised) {
            whole.raised = true; // until it is answered
            client.raise();
        }
        call.inLink = true;
        call.asks = call.asked;
        home.loop.schedule(
                () -> {
                    call.inLink = false;
                    if (call.done) {
                        call.free();
                        return;
                    }
                    try {
                        resend(call, link(call, link, link.endpoint()));
                    } catch (RuntimeException | Error e) {
                        home.crashed(call, e);
                    }
                },
                PAUSE_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    // ---- failures

    /** The connection was lost before the answer came: whether it is sent again. That of a command that reads does no harm. */
    boolean again(Call call) {
        ShardLink lost = call.link;
        if (lost == null || !mayRepeat(call)) {
            return false;
        }
        call.retries++;
        home.metrics.retries.increment();
        resend(call, lost.set().to(lost.cluster(), lost.endpoint()));
        return true;
    }

    private boolean mayRepeat(Call call) {
        return call.isKept()
                && !call.done
                && call.lender == null
                && call.responseBytes == 0
                && call.info.onlyReads()
                && call.retries < home.settings.retries();
    }

    /** It could not be sent to a replica: whether it has been sent to another endpoint instead. */
    boolean another(Call call, ShardLink link) {
        if (call.reads == ReadPolicy.PRIMARY || !mayRepeat(call) || !link.isDown()) {
            return false;
        }
        Shards shards = home.shards(link.cluster());
        Endpoint owner = shards.ownerOf(link.endpoint());
        Endpoint other = owner == null ? null : shards.reader(owner, call.reads, link.set());
        if (other == null || other == link.endpoint()) {
            return false;
        }
        call.retries++;
        home.metrics.retries.increment();
        resend(call, link.set().to(link.cluster(), other));
        return true;
    }
}
