package dev.weir.core.filter;

import dev.weir.core.tls.TlsSession;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Hears what happens to client connections, for a program that tells of it in a log of its own. Called on the connection's event loop, in order; it
 * neither blocks nor throws. The number is that of {@link Connection#id}; a client whose connection ends before it has got one, in a handshake, gets a
 * number of its own.
 */
public interface ConnectionEvents {
    /** Hears nothing. */
    ConnectionEvents NONE = new ConnectionEvents() {};

    /** A client has connected, and what is asked of it before it is served has gone well. */
    default void accepted(long id, String listener, SocketAddress client) {}

    /** A handshake of TLS has succeeded. */
    default void secured(long id, String listener, Side side, TlsSession session) {}

    /** A handshake with the client has failed; it has not been told yet. */
    default void handshakeFailed(long id, String listener, SocketAddress client, Throwable cause) {}

    /**
     * An upstream connection is there.
     *
     * @param cluster whose endpoint that is
     * @param upstream whom it goes to
     * @param from where it comes from, or null if that is not known
     */
    default void connected(
            long id, String listener, String cluster, SocketAddress upstream, @Nullable SocketAddress from) {}

    /** An attempt to connect to an upstream has failed, or its handshake. */
    default void connectFailed(long id, String listener, String upstream, Throwable cause) {}

    /** It is over. The bytes are plain ones, as the client has sent them and got them. */
    default void closed(long id, String listener, CloseReason reason, long fromClient, long toClient) {}
}
