package dev.weir.core.filter;

import dev.weir.core.cluster.Endpoint;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one client connection. It lives from the accept to the close; all methods are to be
 * called on its event loop, {@link #id()}, {@link #listener()} and the addresses also from elsewhere.
 */
public interface Connection {
    /** Number of the client connection, unique in the process, from 1. */
    long id();

    /** Name of the listener that accepted it. */
    String listener();

    /** The client's address (from the socket, or from a PROXY protocol header). */
    SocketAddress client();

    /** {@link #client()} as {@code address:port}, {@code [v6]:port} or {@code unix:}; made once. */
    String clientText();

    /** The client's address without its port; {@code unix} for a Unix socket. Made once. */
    String clientHost();

    /** The address the client connected to (from the socket, or from a PROXY protocol header). */
    SocketAddress local();

    /** Name of the cluster the terminal uses, or null while there is none. */
    @Nullable
    String cluster();

    /** The upstream's address, or null while there is none. */
    @Nullable
    SocketAddress upstream();

    /** {@link #upstream()} as text; the same instance as long as the upstream stays the same. */
    @Nullable
    String upstreamText();

    /** When it was accepted, in nanoseconds of {@link WireClock#nanoTime()}. */
    long openedNanos();

    /** The value of {@code key}, or null if nobody has set it. */
    <T> @Nullable T get(ConnectionAttribute<T> key);

    /** Sets the value of {@code key} for the filters and terminals that come later, in time or in the chain. */
    <T> void set(ConnectionAttribute<T> key, T value);

    /** The endpoint that is to hear how each exchange of this connection went that the server answered; null if nobody is. */
    default @Nullable Endpoint judged() {
        return null;
    }

    /** What the sinks of exchanges keep with this connection; theirs alone, null at first. */
    default @Nullable Object sinkState() {
        return null;
    }

    /** Keeps it. A connection that does not makes its exchanges slower, not wrong. */
    default void sinkState(@Nullable Object state) {}

    /** The event loop that both sockets of this connection live on, from its begin to its end. */
    EventLoop loop();

    /** The allocator to use for bytes that are injected or written. */
    ByteBufAllocator allocator();

    /**
     * Closes both sides as soon as what was written before is out. At once: what a filter asked for in a callback that
     * still runs is not carried out, so filters use {@link FilterContext#close}. Further calls have no effect.
     */
    void close(CloseReason reason);
}
