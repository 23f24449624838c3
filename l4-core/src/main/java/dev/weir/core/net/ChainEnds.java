package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** What lies at both ends of a chain: the connection with its sockets. */
interface ChainEnds {
    /** The connection. */
    Connection connection();

    /** The client's channel. */
    Channel channel();

    /** The upstream's channel, or null while there is none that TLS could be put on. */
    default @Nullable Channel upstreamChannel() {
        return null;
    }

    /** The listener's share of this loop: exchanges, clock, counters. */
    ListenerLoop home();

    long burstNanos();

    /** Hands bytes to the terminal; takes ownership. */
    void toTerminal(ByteBuf data);

    /** Writes bytes to the client; takes ownership. A null promise means that nobody waits. */
    void toClient(ByteBuf data, @Nullable ChannelPromise promise);

    /** The client's stream has ended, in order. */
    void endToTerminal();

    /** The upstream's stream has ended, in order. */
    void endToClient();

    /** All filters proceeded: the terminal may start. */
    void startTerminal();

    /** The number of bytes held changed. */
    void heldChanged(int towardUpstream, int towardClient);

    /** Puts TLS on one side's channel; {@code first} are bytes of the peer that came already, or null; owned. */
    Future<?> startTls(Side side, TlsHandler handler, @Nullable ByteBuf first);

    void close(CloseReason reason);
}
