package dev.weir.core.filter;

import dev.weir.core.cluster.Endpoint;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What a terminal asks of the core. Use it on the connection's event loop only. */
public interface TerminalContext {
    /** The connection. */
    Connection connection();

    /** The loop's exchanges, for terminals that produce records. */
    dev.weir.core.exchange.Exchanges exchanges();

    /** The clock. */
    WireClock clock();

    /**
     * Tells the connection its upstream, or null once it is gone. With a channel, filters can start TLS there;
     * terminals that ask many upstreams pass null and only an address.
     */
    void upstream(String cluster, @Nullable SocketAddress address, @Nullable Channel channel);

    /**
     * All exchanges of the connection go to this endpoint, which is to hear from now on how they went. For terminals that forward bytes to
     * one endpoint and do not look at them, where {@link dev.weir.core.cluster.Cluster#wantsOutcomes} says so.
     */
    void judge(Endpoint endpoint);

    /** An attempt to connect to {@code endpoint} has failed; others may follow. For those who tell of it, see {@link ConnectionEvents}. */
    default void connectFailed(Endpoint endpoint, Throwable cause) {}

    /** Whether a filter follows the exchanges of the connection, at this moment. */
    boolean followed();

    /** The time taken at the start of the current read burst, in {@link WireClock#nanoTime()}. */
    long burstNanos();

    /** Why the connection closes, or null while it does not; to be asked in {@code channelInactive}. */
    @Nullable
    CloseReason closeReason();

    /** Whether a filter says that an exchange is open: idle timeouts spare such connections. */
    boolean busy();

    /**
     * For terminals that know exchanges themselves: tells whether none is open and no message half seen, so that a draining or idle
     * connection may be closed. Asked on the loop, between two callbacks, and after each flush.
     */
    void boundary(BooleanSupplier idle);

    /**
     * Runs {@code told}, once, when the connection is to end soon, in good order: for protocols whose peers can be told so. From then on it is closed at
     * the next boundary. At once if that has begun already.
     */
    default void onDrain(Runnable told) {}

    /** Stops reading from the client until {@link #resumeReading}; counts as one reason, not nested. */
    void pauseReading();

    /** Ends {@link #pauseReading}; reading starts when no other reason stops it. */
    void resumeReading();

    /** Counts bytes for the listener: read from the upstream, and written to it. */
    void countUpstream(long read, long written);

    /**
     * Ends the connection as a reset by the other side would: what was written is sent first, then the client
     * gets a reset instead of an orderly end.
     */
    void reset(CloseReason reason);
}
