package dev.weir.core.builtin;

import dev.weir.core.cluster.Endpoint;
import java.util.concurrent.TimeUnit;

/**
 * An endpoint that has taken a connection and has not said anything yet. That it listens says little of a server: something in front of it may
 * accept for it. What it does next says how it is.
 */
final class Silent {
    private final Endpoint endpoint;
    private final long since;
    /** Whether the client has sent it something. */
    boolean asked;

    Silent(Endpoint endpoint, long nanos) {
        this.endpoint = endpoint;
        this.since = nanos;
    }

    /** It says something. {@code followed}: a filter follows the exchanges, and says of each how it went. */
    void speaks(boolean followed) {
        if (!followed) {
            endpoint.done(Endpoint.Outcome.SUCCESS, -1);
        }
    }

    /**
     * It ends the connection, or resets it, before the client does. That is a failure if something was asked of it, if it is a reset, or if it
     * happens at once; a connection that nobody used may end after its time.
     */
    void leaves(boolean reset, long nanos, int soonMillis) {
        if (asked || reset || nanos - since < TimeUnit.MILLISECONDS.toNanos(soonMillis)) {
            endpoint.done(Endpoint.Outcome.FAILURE, -1);
        }
    }
}
