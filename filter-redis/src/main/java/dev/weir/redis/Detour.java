package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls of one client that other nodes of a Redis Cluster are to answer. They wait until all that the client has open has come back, by an answer or by
 * a redirection, and go on then in their order, those for one slot to one node: so none overtakes another, however often a slot moves. Nothing new of
 * the client is sent meanwhile ({@link ClientLane#busyForMove}). On one loop only.
 */
final class Detour {
    private static final int PAUSE_MILLIS = 10;
    /** So often a call is sent on at once: nodes that disagree for longer get some time. */
    private static final int HURRIED = 3;

    static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);
    /** How long it is sure enough that a slot is still on its way to where it was said to be: keys may be made there that are no more asked for. */
    private static final long FRESH = TimeUnit.MILLISECONDS.toNanos(100);

    /**
     * A call that goes on from here.
     *
     * @param call the call; in no ring of a link
     * @param link who has answered it
     * @param to where it is to go
     * @param since when that was said
     */
    private record Stop(Call call, ShardLink link, Redirection to, long since) {}

    private final ProxyLoop home;
    private final Runnable ended;
    private final List<Stop> stops = new ArrayList<>();
    /** What has not come back yet. */
    private int awaited;

    private boolean pauses;
    private boolean scheduled;
    private boolean over;

    /** @param ended what is to be done when all has gone on */
    Detour(ProxyLoop home, Runnable ended) {
        this.home = home;
        this.ended = ended;
    }

    /** Nothing goes on before this call, or all parts of it, have come back. */
    void await(Call call) {
        Merge parts = call.parts;
        if (parts != null) {
            parts.each(this::await);
        } else if (call.inLink && !call.done && !call.awaited) {
            call.awaited = true;
            awaited++;
        }
    }

    /** One that was waited for has come back. */
    void cameBack(Call call) {
        call.awaited = false;
        awaited--;
        maybeGoOn();
    }

    /** A call has come back that another node is to answer. */
    void add(Call call, ShardLink link, Redirection to) {
        if (call.awaited) {
            call.awaited = false;
            awaited--;
        }
        call.inLink = true; // it is not to go back to the pool
        stops.add(new Stop(call, link, to, home.clock.nanoTime()));
        pauses |= to.kind() == Redirection.Kind.TRYAGAIN || call.redirections > HURRIED;
        maybeGoOn();
    }

    private void maybeGoOn() {
        if (awaited > 0 || scheduled || over) {
            return;
        }
        if (pauses) {
            later();
        } else {
            scheduled = true;
            home.loop.execute(this::goOn); // not inside of what happens to a call at the moment
        }
    }

    private void later() {
        scheduled = true;
        home.loop.schedule(this::goOn, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void goOn() {
        scheduled = false;
        if (over) {
            return;
        }
        home.topology();
        long now = home.clock.nanoTime();
        Map<Integer, Stop> latest = new HashMap<>();
        stops.forEach(stop -> latest.put(stop.call.slot, stop));
        for (Stop stop : latest.values()) {
            if (target(stop, now) == null && now - stop.since < PATIENCE && !home.closed()) {
                later();
                return;
            }
        }
        stops.sort(Comparator.comparingLong(stop -> stop.call.order));
        for (Stop stop : stops) {
            Stop known = latest.getOrDefault(stop.call.slot, stop);
            stop.call.inLink = false;
            try {
                send(stop, known, now);
            } catch (RuntimeException | Error e) {
                home.crashed(stop.call, e);
            }
        }
        stops.clear();
        end();
    }

    private void send(Stop stop, Stop known, long now) {
        Call call = stop.call;
        Endpoint endpoint = target(known, now);
        if (call.done) {
            call.free(); // its client has left
        } else if (endpoint == null) {
            home.fail(call, "TRYAGAIN " + stop.to.reason(stop.link.text()) + ", which is not known yet");
            call.free();
        } else {
            boolean asks = known.to.kind() == Redirection.Kind.TRYAGAIN ? call.asked : isFreshAsk(known, now);
            home.elsewhere.send(call, stop.link, endpoint, asks);
        }
    }

    /** Who is to be asked, by what was said last of a slot; null if that node is not known. */
    private @Nullable Endpoint target(Stop latest, long now) {
        Shards shards = home.shards(latest.link.cluster());
        switch (latest.to.kind()) {
            case TRYAGAIN:
                return latest.link.endpoint();
            case ASK:
                return isFreshAsk(latest, now) ? shards.at(latest.to) : shards.owner(latest.call.slot);
            default:
                return shards.at(latest.to);
        }
    }

    private static boolean isFreshAsk(Stop latest, long now) {
        return latest.to.kind() == Redirection.Kind.ASK && now - latest.since < FRESH;
    }

    /** The client has left. */
    void abandon() {
        for (Stop stop : stops) {
            stop.call.inLink = false;
            stop.call.free();
        }
        stops.clear();
        end();
    }

    private void end() {
        if (!over) {
            over = true;
            ended.run();
        }
    }
}
