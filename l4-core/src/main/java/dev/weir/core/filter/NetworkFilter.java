package dev.weir.core.filter;

import io.netty.buffer.ByteBuf;

/**
 * A filter of one connection: looks at the bytes of both directions, and may hold, drop, replace or add
 * some. One instance per connection, made by its factory; every method is called on the connection's
 * event loop, never two at a time, never one inside another (what a call of {@link FilterContext} causes
 * is carried out after the running callback returned), so plain fields are safe and blocking is forbidden.
 *
 * <p>Requests run through the filters first to last, answers last to first. What a method throws closes
 * this connection with {@link CloseReason#INTERNAL_ERROR}, is logged and counted, and touches no other
 * connection. Filters that only look should be a {@link dev.weir.core.protocol.Sniffer} instead: those
 * fail open.
 */
public interface NetworkFilter {
    /** Whether a connection may go on to its terminal. */
    enum Opening {
        /** Go on with the next filter; after the last one the terminal starts (and connects). */
        PROCEED,
        /**
         * Wait: later filters and the terminal do not start until {@link FilterContext#resume} is called for
         * {@link Direction#TO_UPSTREAM}. This filter is lent the client's bytes meanwhile, so it may look at them first;
         * what it lets go waits behind it. The deadline of holds applies, also if nothing arrives.
         */
        WAIT
    }

    /**
     * Called once, before any other method, when all filters before this one have proceeded. To refuse the connection,
     * call {@link FilterContext#close}. {@code context} stays the same for all calls and may be kept.
     */
    default Opening onOpen(FilterContext context) {
        return Opening.PROCEED;
    }

    /**
     * Lends bytes and asks how many of them go on to the next filter now. The rest stays with the core,
     * counts toward the water marks, and is lent again, with more behind it, when further bytes arrive or
     * {@link FilterContext#resume} is called. So a filter that sees half a message answers 0 and is asked again.
     *
     * <p>Called whenever bytes reach this filter; {@code data} has at least one readable byte, from its
     * reader index. The buffer is lent for the call only: read it by index, never release it or write to it;
     * to keep bytes longer copy them. Moving its reader index has no effect on what goes on.
     * At the front of what is lent a filter may {@linkplain FilterContext#pass pass},
     * {@linkplain FilterContext#drop drop} and {@linkplain FilterContext#inject inject}: these take effect
     * in the order of the calls, and the answer counts from where they ended.
     *
     * <p>Bytes held for longer than the deadline (20 s unless {@link FilterContext#holdDeadline} says
     * otherwise) close the connection with {@link CloseReason#HOLD_TIMEOUT}. A filter that must see more than
     * the high water mark (64 KiB by default) at once would wait in vain, as reading stops there, unless it has said
     * so: {@link FilterContext#holdUpTo}.
     *
     * @return how many bytes of {@code data}, from its front, go on: 0 … {@code data.readableBytes()}
     */
    default int onData(FilterContext context, Direction direction, ByteBuf data) {
        return data.readableBytes();
    }

    /**
     * A read burst of the peer that sends in {@code direction} is over: what goes on is flushed after it. Called once
     * per burst on every open filter, also on those that no byte reached. Bytes can be injected, but none are lent.
     */
    default void onReadComplete(FilterContext context, Direction direction) {}

    /**
     * The peer ended its direction; nothing more will be lent. Called once per direction, behind the last byte
     * of it, also while this filter {@linkplain Opening#WAIT waits}. Bytes may still be held here: a filter that waits
     * for the rest of a message should {@link FilterContext#resume} and let them go, or close. The end travels on as soon
     * as nothing is held here; what is injected before that goes before it.
     */
    default void onEndOfStream(FilterContext context, Direction direction) {}

    /** Where a connection stands between exchanges. */
    enum Boundary {
        /** This filter cannot tell. */
        UNKNOWN,
        /** No exchange is open and nothing half done. */
        IDLE,
        /** Something is under way. */
        BUSY
    }

    /**
     * Where the connection stands as far as this filter can tell. Drain closes a connection at once where at
     * least one filter says {@link Boundary#IDLE} and none {@link Boundary#BUSY}; the idle timeout spares busy ones.
     * Asked between two callbacks, after each burst of a connection that drains: it must be cheap and change nothing.
     * Bytes that are held here count as busy without being asked.
     */
    default Boundary boundary() {
        return Boundary.UNKNOWN;
    }

    /**
     * The connection is closed, for whatever reason. Called exactly once for each filter whose {@link #onOpen} was
     * called, also if that threw; the last call. Nothing can be sent any more: this is for giving back what the filter
     * has taken (counts, timers). What is held is released by the core.
     */
    default void onClose(CloseReason reason) {}
}
