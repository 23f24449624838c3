package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import io.netty.buffer.ByteBuf;

/**
 * Watches one connection and produces exchanges. It cannot change, hold or delay a byte. One instance per
 * connection, all methods on one thread, never two at a time. It reads no clock, does no I/O, holds no
 * payload: it walks lengths and skips, keeping state across any split of the bytes. Its memory is bounded:
 * ≤ 1 KiB while idle, ≤ 4 KiB while a command is open, and a bound of its own for deep pipelines.
 *
 * <p>Whatever it throws is counted ({@code weir_sniffer_stops_total}), it is switched off for this connection
 * ({@link #onClose} is still called), and the bytes flow on untouched.
 */
public interface Sniffer {
    /** Called once, before any other method. {@code context} stays the same and may be kept. */
    void onOpen(SnifferContext context);

    /**
     * Shows bytes, in order, each once, before they go on; at least one. Read them by absolute index from
     * {@code data.readerIndex()} to {@code data.writerIndex()}; moving the reader index has no effect; writing to,
     * keeping or releasing the buffer is an error. The buffer may be direct, heap, composite or read-only. Several calls
     * may belong to one read burst.
     *
     * @param nanos when the read burst began, in {@link dev.weir.core.filter.WireClock#nanoTime()}; in {@code
     *     replay} the capture's time
     */
    void onBytes(Direction direction, ByteBuf data, long nanos);

    /** The peer that sends in {@code direction} ended its stream; once per direction, the other one may go on. */
    default void onEndOfStream(Direction direction, long nanos) {}

    /** Bytes of {@code direction} are missing from here on (captures only). By default the sniffer gives up. */
    default void onGap(Direction direction) {
        throw new SniffException("gap");
    }

    /**
     * Whether no exchange is open and no message half seen: the connection stands at a boundary. Asked between two other
     * calls, often while a listener drains: cheap and without effect. False for too long keeps a drain waiting.
     */
    boolean idle();

    /**
     * The connection is closed, or the sniffer was switched off ({@link CloseReason#FILTER}): every exchange that is still
     * open is emitted as {@code no_reply}, or discarded. The last call, also after another one threw.
     */
    default void onClose(CloseReason reason, long nanos) {}
}
