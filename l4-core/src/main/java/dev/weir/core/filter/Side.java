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
}
