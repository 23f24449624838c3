package dev.weir.core.net;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts new listeners in the place of old ones; all of them, or it is as it was. */
final class ListenerSwap {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerSwap.class);

    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final long POLL_NANOS = 2_000_000L;

    private final Collection<Listener> leaving;
    private final Inheritance inheritance;
    private final List<Listener> made = new ArrayList<>();
    private final List<Listener> stopped = new ArrayList<>();
    /** New listeners that get the sockets of one that leaves, which gives them away at the end only. */
    private final Map<Listener, Listener> givers = new LinkedHashMap<>();

    /** {@code leaving} are the listeners that are not kept. */
    ListenerSwap(Collection<Listener> leaving, Inheritance inheritance) {
        this.leaving = List.copyOf(leaving);
        this.inheritance = inheritance;
    }

    /**
     * Lets {@code fresh} listen.
     *
     * @param old the listener of the same name, or null: where its address was configured alike, its real port is kept
     * @throws IllegalStateException if the address cannot be bound; then call {@link #undo}
     */
    void bind(Listener fresh, @Nullable Listener old) {
        Address address = fresh.config().address();
        if (old != null && old.config().address().equals(address)) {
            address = old.bound();
        }
        made.add(fresh);
        for (Listener one : leaving) {
            if (one.canGive(fresh.config(), address) && !givers.containsValue(one)) {
                givers.put(fresh, one);
                return;
            }
        }
        List<ListenSocket> given = inheritance.take(fresh.config());
        try {
            fresh.bind(address, given);
        } catch (IllegalStateException busy) {
            if (!given.isEmpty()) {
                throw busy;
            }
            // Where an address cannot be listened on twice, those who leave it have to go first.
            int before = stopped.size();
            for (Listener one : leaving) {
                if (one.accepting() && !one.lent() && !givers.containsValue(one) && collide(one.bound(), address)) {
                    one.stopAccepting();
                    stopped.add(one);
                }
            }
            if (stopped.size() == before) {
                throw busy;
            }
            bindSoon(fresh, address);
        }
    }

    /** NIO lets go of a closed socket a little later, at the next turn of its event loop. */
    private static void bindSoon(Listener listener, Address address) {
        long patience = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            try {
                listener.bind(address, List.of());
                return;
            } catch (IllegalStateException busy) {
                if (System.nanoTime() - patience > 0) {
                    throw busy;
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private static boolean collide(Address a, Address b) {
        return a.isUnix() || b.isUnix() ? a.equals(b) : a.port() == b.port();
    }

    /** The new ones are gone, the old ones listen again. */
    void undo() {
        made.forEach(Listener::abandon);
        for (Listener old : stopped) {
            try {
                bindSoon(old, old.bound());
                old.open();
            } catch (IllegalStateException e) {
                LOG.error("a listener could not be put back after a failed reload", e);
            }
        }
    }

    /**
     * The new ones accept, the old ones are gone.
     *
     * @param settle waits until each event loop has done what it was about to do
     */
    void commit(Runnable settle) {
        givers.forEach(Listener::take);
        made.forEach(Listener::open);
        leaving.forEach(Listener::stopAccepting);
        if (!leaving.isEmpty()) {
            settle.run(); // A connection that an old one was handed is still its own.
        }
    }
}
