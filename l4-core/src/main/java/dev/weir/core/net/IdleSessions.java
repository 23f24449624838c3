package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter.Boundary;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/** The sessions of an event loop that have been idle longest: at a boundary, with nothing under way. On that loop. */
final class IdleSessions implements Consumer<Session> {
    private final int most;
    private final long before;
    private int leaving;
    /** The one that was active last is first. */
    private final PriorityQueue<Session> found =
            new PriorityQueue<>(Comparator.comparingLong(Session::burstNanos).reversed());

    /** At most {@code most}, without bytes since {@code before} in the time of {@link Session#burstNanos}. */
    IdleSessions(int most, long before) {
        this.most = most;
        this.before = before;
    }

    @Override
    public void accept(Session session) {
        if (session.closeReason() != null) {
            leaving++;
            return;
        }
        if (session.burstNanos() - before >= 0 || session.boundary() != Boundary.IDLE) {
            return;
        }
        found.add(session);
        if (found.size() > most) {
            found.poll();
        }
    }

    /** Closes them, as far as not enough are leaving already, and tells how many there were. */
    int close(CloseReason reason) {
        while (!found.isEmpty() && found.size() > most - leaving) {
            found.poll();
        }
        found.forEach(session -> session.close(reason));
        return found.size();
    }
}
