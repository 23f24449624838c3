package dev.weir.core.ratelimit;

import java.util.Locale;

/** Who shares a bucket. */
enum Scope {
    /** All connections of the listener. */
    LISTENER,
    /** Those from one address. */
    CLIENT,
    /** Those of one user. */
    USER,
    /** Those whom a service takes for one. */
    GLOBAL;

    /** As in settings and metrics. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
