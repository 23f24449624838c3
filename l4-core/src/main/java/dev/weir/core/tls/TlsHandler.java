package dev.weir.core.tls;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandler;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * TLS of one channel, made for it and used once. It stands nearest to the socket; handlers behind it see plain text, the end of the peer's stream
 * as {@code ChannelInputShutdownEvent}, whether it came as close_notify or as the end of TCP, and a broken connection as an exception that is or has as its
 * cause an {@code SSLException}. It reads by itself as long as its handshake needs it, also where the channel does not. All on the channel's loop.
 */
public interface TlsHandler extends ChannelInboundHandler {
    /** Ends with the handshake; a failure has been told to the peer, logged and counted, and the channel closes. */
    Future<?> handshakeFuture();

    /** Tells the peer, behind what was written, that nothing more will come (close_notify); it may go on to send. */
    ChannelFuture closeOutbound();

    /** Gives back what it has, in the place of a life in a pipeline: it was never added to one. */
    default void discard() {}

    /** What the handshake found out; null before it has succeeded, and if the peer was refused all the same. */
    @Nullable
    TlsSession session();
}
