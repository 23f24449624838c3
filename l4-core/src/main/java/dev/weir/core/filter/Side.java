package dev.weir.core.filter;

/** One of the two peers of a proxied connection. */
public enum Side {
    /** The peer that connected to the listener. */
    CLIENT,
    /** The server the terminal connected to. */
    UPSTREAM;

    /** The direction in which this peer's own bytes travel. */
    public Direction sends() {
        return this == CLIENT ? Direction.TO_UPSTREAM : Direction.TO_CLIENT;
    }

    /** Why a connection ends whose TLS with this peer fails. */
    public CloseReason tlsFailed() {
        return this == CLIENT ? CloseReason.TLS_FAILED : CloseReason.UPSTREAM_TLS_FAILED;
    }
}
