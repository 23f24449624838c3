package dev.weir.core.protocol;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;

/**
 * What the core offers a sniffer. On its thread only, from {@link Sniffer#onOpen} to {@link Sniffer#onClose}. After
 * {@link #giveUp}, {@link #opaque} or {@link #encrypted} return at once: the first of them counts, no bytes are shown any
 * more, and {@code onClose} follows.
 */
public interface SnifferContext {
    /** The connection: addresses, listener, attributes to read and write. */
    Connection connection();

    /** Where exchanges are made and handed in. Take them from here: a replay has another one than the loop. */
    Exchanges exchanges();

    /**
     * True during {@link Sniffer#onBytes} when Weir itself made the bytes shown (an answer of the command gate, a
     * rewritten message): exchanges answered by them are {@code by: weir}.
     */
    boolean madeByWeir();

    /**
     * The bytes do not make sense: the sniffer is switched off for this connection after the running call, and
     * {@code reason} counted. Same as throwing {@link SniffException}.
     */
    void giveUp(String reason);

    /** From here on the connection carries something not decoded (replication, monitoring, …). Counted, not an error. */
    void opaque(String reason);

    /** From here on the bytes are TLS. Counted, not an error. */
    void encrypted();
}
