package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter.Boundary;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/** Looks for the boundary at which a draining session closes. On its event loop. */
final class Drain {
    /** A session stays this long at its boundary, so that a request that is on its way is still answered. */
    private static final long GRACE_MILLIS = 10;
    /**
     * After so many times a session closes at its next boundary without grace: a client that sends its next request as
     * soon as it has the last answer would otherwise run into the end of the drain, in the middle of a request.
     */
    private static final int GRACES = 10;

    /** Who has connected so short a time ago and not spoken yet is about to: its first request is still answered. */
    private static final long YOUTH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Session session;
    private int graces;
    private boolean scheduled;
    private long mark;

    Drain(Session session) {
        this.session = session;
        session.connection().drains();
    }

    /** To be called after each burst. */
    void soon() {
        if (!scheduled && session.closeReason() == null && session.boundary() == Boundary.IDLE) {
            scheduled = true;
            mark = session.burstNanos();
            EventLoop loop = session.channel().eventLoop();
            long youth = youthNanos();
            if (youth > 0) {
                loop.schedule(this::now, youth, TimeUnit.NANOSECONDS);
            } else if (graces < GRACES) {
                graces++;
                loop.schedule(this::now, GRACE_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                // The second task runs in the loop's next turn, behind what has arrived until then.
                loop.schedule(() -> loop.schedule(this::now, 1, TimeUnit.NANOSECONDS), 1, TimeUnit.NANOSECONDS);
            }
        }
    }

    private long youthNanos() {
        long age = session.home().clock().nanoTime() - session.connection().openedNanos();
        return session.bytesFromClient > 0 ? 0 : YOUTH_NANOS - age;
    }

    private void now() {
        scheduled = false;
        ChannelOutboundBuffer out = session.channel().unsafe().outboundBuffer();
        boolean quiet = mark == session.burstNanos() && (out == null || out.totalPendingWriteBytes() == 0);
        if (quiet && session.boundary() == Boundary.IDLE) {
            session.close(CloseReason.DRAINED);
        } else {
            soon();
        }
    }
}
