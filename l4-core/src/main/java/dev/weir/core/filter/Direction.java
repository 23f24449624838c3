package dev.weir.core.filter;

/** Which way bytes travel through a filter chain. */
public enum Direction {
    /** From the client to the upstream: requests. */
    TO_UPSTREAM,
    /** From the upstream to the client: answers. */
    TO_CLIENT;

    /** Returns the other direction. */
    public Direction opposite() {
        return this == TO_UPSTREAM ? TO_CLIENT : TO_UPSTREAM;
    }

    /** The label used in metrics. */
    public String label() {
        return this == TO_UPSTREAM ? "to_upstream" : "to_client";
    }
}
