package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Sends calls once more: where a node of a Redis Cluster says that another one has their keys, where a connection was lost and nothing can have been
 * changed, and where a replica cannot be connected to. Never so that a command of a client overtakes an earlier one. One per loop.
 */
final class Elsewhere {
    /** As many as cluster clients follow. */
    private static final int MOST_REDIRECTIONS = 16;

    private final ProxyLoop home;

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
        Endpoint owner = shards.at(to);
        boolean moved = to.kind() == Redirection.Kind.MOVED;
        if (moved || to.kind() == Redirection.Kind.ASK && owner == null) {
            link.endpoint().done(Endpoint.Outcome.WRONG_ROLE, -1); // whoever knows the nodes is asked again
        }
        if (moved && owner != null) {
            shards.moved(to.slot(), owner);
        }
        ProxyClient client = clientOf(call);
        if (!call.isKept() || call.redirections >= MOST_REDIRECTIONS) {
            home.fail(call, "TRYAGAIN " + to.reason(link.text()));
            call.free();
        } else if (to.kind() == Redirection.Kind.TRYAGAIN && !mayTryAgain(call, client)) {
            home.fail(call, "TRYAGAIN Multiple keys request during rehashing of slot");
            call.free();
        } else {
            call.redirections += to.kind() == Redirection.Kind.TRYAGAIN ? 0 : 1;
            Detour detour = client == null
                    ? new Detour(home, new CallRing(), () -> {})
                    : client.lane().detour(home);
            detour.add(call, link, to);
        }
    }

    /** Of several keys some have gone already. That passes by, but what was sent behind it may have been carried out. */
    private boolean mayTryAgain(Call call, @Nullable ProxyClient client) {
        return client != null && client.lane().isAlone(call) && home.clock.nanoTime() - call.start < Detour.PATIENCE;
    }

    /** It has been answered, or has failed, or is not waited for any more: what waits for all of its client's calls to come back goes on. */
    void cameBack(Call call) {
        ProxyClient client = clientOf(call);
        Detour detour = client == null ? null : client.lane().detour();
        if (detour != null) {
            detour.cameBack(call);
        }
    }

    /** A node has said where a slot is, of which nothing can be sent again; answers that as an error. */
    String learn(Cluster cluster, Endpoint from, Redirection to) {
        Shards shards = home.shards(cluster);
        shards.refresh();
        Endpoint owner = shards.at(to);
        from.done(Endpoint.Outcome.WRONG_ROLE, -1);
        if (owner != null && to.kind() == Redirection.Kind.MOVED) {
            shards.moved(to.slot(), owner);
        }
        return "TRYAGAIN slot " + to.slot() + " has gone from shard " + from.address() + " to " + to.address();
    }

    /** Sends a call to where it was redirected to. */
    void send(Call call, ShardLink from, Endpoint endpoint, boolean asks) {
        LargeCommand large = call.large;
        if (large != null) {
            large.redirected(call, endpoint, asks);
        } else {
            ShardLink link = link(call, from, endpoint);
            call.asks = asks;
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
