package dev.weir.core.ratelimit;

/** What becomes of a command over its limit. */
enum Action {
    /** It gets the protocol's error. */
    DENY,
    /** It waits for its token, up to a bound; then as {@link #DENY}. */
    DELAY,
    /** It gets the protocol's error, and the connection is closed. */
    CLOSE
}
