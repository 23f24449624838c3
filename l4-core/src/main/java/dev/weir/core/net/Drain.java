package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter.Boundary;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.TimeUnit;

/** Looks for the boundary at which a draining session closes. On its event loop. */
final class Drain {
    /** A session stays this long at its boundary, so that a request that is on its way is still answered. */
    private static final long GRACE_MILLIS = 10;

    private final Session session;
    private boolean scheduled;
    private long mark;

    Drain(Session session) {
        this.session = session;
    }

    /** To be called after each burst. */
    void soon() {
        if (!scheduled && session.closeReason() == null && session.boundary() == Boundary.IDLE) {
            scheduled = true;
            mark = session.burstNanos();
            session.channel().eventLoop().schedule(this::now, GRACE_MILLIS, TimeUnit.MILLISECONDS);
        }
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
