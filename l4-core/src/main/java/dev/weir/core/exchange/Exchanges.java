package dev.weir.core.exchange;

import dev.weir.core.sql.DigestTable;

/**
 * Where the producers of one event loop get records and hand them in. On that loop only. Any number of
 * records may be open at once and end in any order.
 */
public interface Exchanges {
    /**
     * Takes a cleared record from the pool. It is the caller's until {@link #emit} or {@link #discard}, one of which has
     * to follow: at the latest when the connection closes.
     */
    Exchange open();

    /**
     * Shows the record to all sinks and takes it back; the caller must not touch it any more. Needs
     * {@link Exchange#of}. What sinks throw does not reach the caller.
     */
    void emit(Exchange exchange);

    /** Takes back a record that was not used. */
    void discard(Exchange exchange);

    /**
     * The digests of this loop's statements: where producers find the one they need, so that they need not make it
     * again. Exchanges with {@link Exchange#sql} are counted in it by {@link #emit}.
     */
    DigestTable digests();
}
