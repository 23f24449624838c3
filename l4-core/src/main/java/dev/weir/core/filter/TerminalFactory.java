package dev.weir.core.filter;

import dev.weir.core.config.ConfigNode;
import io.netty.channel.ChannelHandler;
import java.util.Set;

/**
 * Makes terminals of one type: the last entry of a chain, which owns the way to the upstream. Same
 * guarantees as {@link FilterFactory}. What a connection gets is an ordinary Netty handler that is put behind
 * the chain on the client channel:
 *
 * <ul>
 *   <li>It is added when all filters proceeded; {@code handlerAdded} is the place to connect.
 *   <li>{@code channelRead} hands it {@link io.netty.buffer.ByteBuf}s and their ownership, {@code
 *       channelReadComplete} ends a burst.
 *   <li>The client's end of stream arrives as user event {@link EndOfStream#INSTANCE}, in order.
 *   <li>It writes {@code ByteBuf}s, and {@link EndOfStream#INSTANCE} to end the stream toward the client.
 *       Writes run back through the chain; their promises complete when the bytes are out (or dropped).
 *   <li>It reads from its upstream only while the client channel {@code isWritable}, also as bytes that filters
 *       hold make it unwritable; it stops the client through {@link TerminalContext#pauseReading}.
 *   <li>It learns of the end by {@code channelInactive}, which comes once, as soon as the connection closes for
 *       whatever reason ({@link TerminalContext#closeReason}); it ends a connection by {@link Connection#close}.
 *       When both directions have ended the core closes the connection by itself.
 * </ul>
 */
public interface TerminalFactory {
    /** The name that users write after {@code type:}; snake_case, always the same. No two extensions may share one. */
    String type();

    /**
     * Names of the protocols whose exchanges this terminal produces itself ({@link dev.weir.core.protocol.Protocol#name}).
     * A connection has one producer, so their sniffers are not allowed before it, and {@code auto_stats} leaves them out.
     */
    default Set<String> produces() {
        return Set.of();
    }

    /** Reads and checks the configuration of one terminal, as {@link FilterFactory#configure} does. */
    Configured configure(ConfigNode config, FilterEnvironment environment);

    /** A terminal with its configuration. */
    @FunctionalInterface
    interface Configured {
        /** Called on the loop, before its first connection that needs it. */
        PerTerminal onLoop(LoopEnvironment loop);

        /** Whether {@link #onLoop} is called on every loop as soon as the configuration is in force, not only when there is a connection. */
        default boolean early() {
            return false;
        }
    }

    /** Makes the handler of a connection. */
    @FunctionalInterface
    interface PerTerminal {
        /** Called on the loop of the connection, when all filters have proceeded. */
        ChannelHandler handler(TerminalContext context);
    }
}
