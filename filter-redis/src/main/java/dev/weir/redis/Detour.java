package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls of one client that other nodes of a Redis Cluster are to answer. They wait until all that the client has open for the same slots has come back,
 * by an answer or by a redirection, and go on then in their order, those for one slot to one node: so none overtakes another, however often a slot
 * moves. Nothing new of the client is sent meanwhile ({@link ClientLane#busyForMove}). On one loop only.
 */
final class Detour {
    private static final int PAUSE_MILLIS = 10;
    /** So often a call is sent on at once: nodes that disagree for longer get some time. */
    private static final int HURRIED = 3;

    static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);
    /** How long it is sure enough that a slot is still on its way to where it was said to be: keys may be made there that are no more asked for. */
    private static final long FRESH = TimeUnit.MILLISECONDS.toNanos(100);

    /** Slots of several clusters have the same numbers. */
    private record Place(Cluster cluster, int slot) {}

    /**
     * A call that goes on from here.
     *
     * @param call the call; in no ring of a link
     * @param place what its keys are in
     * @param link who has answered it
     * @param to where it is to go
     * @param since when that was said
     */
    private record Stop(Call call, Place place, ShardLink link, Redirection to, long since) {}

    /**
     * Where all calls of a place go on.
     *
     * @param endpoint who is asked; null if that node is not known yet
     * @param asks whether as a node to which the slot is on its way
     */
    private record Way(@Nullable Endpoint endpoint, boolean asks) {}

    /** A place, with what is open for it. */
    private static final class Spot {
        /** Calls that have not come back. */
        int open;
        /** The one that came back last. */
        @Nullable
        Stop last;
        /** Whether all that came back were told that the slot is on its way. */
        boolean allAsk = true;
    }

    private final ProxyLoop home;
    private final Runnable ended;
    private final List<Stop> stops = new ArrayList<>();
    private final Map<Place, Spot> spots = new HashMap<>();
    /** Calls that have not come back, of places that others wait for. */
    private int awaited;

    private boolean pauses;
    private boolean scheduled;
    private boolean over;

    /**
     * @param open what the client has open; nothing else is sent for it until the end
     * @param ended what is to be done when all has gone on
     */
    Detour(ProxyLoop home, CallRing open, Runnable ended) {
        this.home = home;
        this.ended = ended;
        for (int i = 0; i < open.size(); i++) {
            watch(open.get(i));
        }
    }

    private void watch(Call call) {
        Merge parts = call.parts;
        ShardLink link = call.link;
        if (parts != null) {
            parts.each(this::watch);
        } else if (call.inLink && !call.done && call.slot >= 0 && link != null) {
            call.awaited = true;
            spot(new Place(link.cluster(), call.slot)).open++;
        }
    }

    private Spot spot(Place place) {
        return spots.computeIfAbsent(place, any -> new Spot());
    }

    /** One that was open has come back. */
    void cameBack(Call call) {
        ShardLink link = call.link;
        call.awaited = false;
        if (link != null) {
            Spot spot = spot(new Place(link.cluster(), call.slot));
            spot.open--;
            awaited -= spot.last == null ? 0 : 1;
        }
        maybeGoOn();
    }

    /** A call has come back that another node is to answer. */
    void add(Call call, ShardLink link, Redirection to) {
        Place place = new Place(link.cluster(), call.slot);
        Spot spot = spot(place);
        if (call.awaited) {
            call.awaited = false;
            spot.open--;
            awaited -= spot.last == null ? 0 : 1;
        }
        awaited += spot.last == null ? spot.open : 0;
        Stop stop = new Stop(call, place, link, to, home.clock.nanoTime());
        spot.last = stop;
        spot.allAsk &= to.kind() == Redirection.Kind.ASK;
        stops.add(stop);
        call.inLink = true; // it is not to go back to the pool
        pauses |= to.kind() == Redirection.Kind.TRYAGAIN || call.redirections > HURRIED;
        maybeGoOn();
    }

    private void maybeGoOn() {
        if (stops.isEmpty() || awaited > 0 || scheduled || over) {
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
        if (over || awaited > 0) {
            return; // others have joined meanwhile
        }
        try {
            sendAll();
        } catch (RuntimeException | Error e) {
            List.copyOf(stops).forEach(stop -> home.crashed(stop.call, e)); // their clients are not to wait for ever
            end();
        }
    }

    private void sendAll() {
        Map<Place, Way> ways = new HashMap<>();
        home.topology();
        long now = home.clock.nanoTime();
        for (Spot spot : spots.values()) {
            Stop last = spot.last;
            if (last == null) {
                continue; // nothing of it is to go on
            }
            Way way = way(last, spot.allAsk, now);
            if (way.endpoint == null && now - last.since < PATIENCE && !home.closed()) {
                later();
                return;
            }
            ways.put(last.place, way);
        }
        stops.sort(Comparator.comparingLong(stop -> stop.call.order));
        for (Stop stop : stops) {
            stop.call.inLink = false;
            try {
                send(stop, ways.get(stop.place));
            } catch (RuntimeException | Error e) {
                home.crashed(stop.call, e);
            }
        }
        end();
    }

    private void send(Stop stop, @Nullable Way way) {
        Call call = stop.call;
        Endpoint endpoint = way == null ? null : way.endpoint;
        if (call.done) {
            call.free(); // its client has left
        } else if (way == null || endpoint == null) {
            home.fail(call, "TRYAGAIN " + stop.to.reason(stop.link.text()) + ", which is not known yet");
            call.free();
        } else {
            home.elsewhere.send(call, stop.link, endpoint, way.asks);
        }
    }

    /** Where all calls of a place are to go, by what was said of it last. */
    private Way way(Stop last, boolean allAsk, long now) {
        Shards shards = home.shards(last.place.cluster);
        switch (last.to.kind()) {
            case TRYAGAIN:
                return new Way(last.link.endpoint(), last.call.asked);
            case ASK:
                // Whoever was not told so may have keys that are still where they were: they ask there once more.
                return allAsk && now - last.since < FRESH
                        ? new Way(shards.at(last.to), true)
                        : new Way(shards.owner(last.place.slot), false);
            default:
                return new Way(shards.at(last.to), false);
        }
    }

    /** The client has left. */
    void abandon() {
        for (Stop stop : stops) {
            stop.call.inLink = false;
            stop.call.free();
        }
        end();
    }

    private void end() {
        stops.clear();
        if (!over) {
            over = true;
            ended.run();
        }
    }
}
