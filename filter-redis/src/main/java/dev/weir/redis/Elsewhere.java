package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
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

    private static final ByteBuf ASKING =
            Unpooled.unreleasableBuffer(Unpooled.copiedBuffer("*1\r\n$6\r\nASKING\r\n", StandardCharsets.US_ASCII)
                    .asReadOnly());

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
    private final ArrayDeque<Delayed> delayed = new ArrayDeque<>(0);

    Elsewhere(ProxyLoop home) {
        this.home = home;
    }

    /** Whether a call that is about to be sent may have to be sent again, so that its request has to be kept. */
    boolean mayGo(Call call, boolean own, Shards shards) {
        if (call.isKept()) {
            return false;
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
        if (!delayed.isEmpty() || owner == null) {
            delay(new Delayed(call, link, to, home.clock.nanoTime()));
        } else {
            send(call, link, to);
        }
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
            if (to.kind() == Redirection.Kind.ASK) {
                asking(link);
            }
            resend(call, link);
        }
    }

    /** Lets the next command go on a connection although its slot is still on its way. */
    void asking(ShardLink link) {
        link.send(home.open(home.table.other(), home.clock.nanoTime(), 0), ASKING, 0, ASKING.readableBytes());
    }

    /** A connection to another endpoint, of the same sort as that it went by. */
    private static ShardLink link(Call call, ShardLink from, Endpoint endpoint) {
        LinkSet lender = call.lender;
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
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

    /** Until the node is known; whoever comes meanwhile waits behind it. */
    private void delay(Delayed one) {
        one.call.inLink = true; // it is not to go back to the pool
        delayed.add(one);
        if (delayed.size() == 1) {
            later();
        }
    }

    private void later() {
        home.loop.schedule(this::goOn, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void goOn() {
        Delayed one = delayed.peek();
        while (one != null) {
            boolean known = at(home.shards(one.link.cluster()), one.to) != null;
            boolean waits = !known && home.clock.nanoTime() - one.since < PATIENCE && !home.closed();
            if (waits && !one.call.done) {
                later();
                return;
            }
            delayed.remove();
            one.call.inLink = false;
            if (one.call.done) {
                one.call.free(); // its client has left
            } else {
                deliver(one);
            }
            one = delayed.peek();
        }
    }

    private void deliver(Delayed one) {
        try {
            send(one.call, one.link, one.to);
        } catch (RuntimeException | Error e) {
            home.crashed(one.call, e);
        }
    }

    /** Of several keys some have gone already. That passes by, but nothing else of the client may go on meanwhile. */
    private void tryAgain(Call call, ShardLink link) {
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
        boolean patient = home.clock.nanoTime() - call.start < PATIENCE;
        if (client == null || !patient || !client.lane().isAlone(call)) {
            home.fail(call, "TRYAGAIN Multiple keys request during rehashing of slot");
            call.free();
            return;
        }
        call.inLink = true;
        client.raise();
        home.loop.schedule(
                () -> {
                    call.inLink = false;
                    if (call.done) {
                        call.free();
                    } else {
                        resend(call, link(call, link, link.endpoint()));
                    }
                    client.lower();
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
