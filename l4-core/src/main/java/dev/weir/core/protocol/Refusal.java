package dev.weir.core.protocol;

/** Why Weir answers a command with an error of its own; a protocol has an error code for each ({@link CommandSet#code}). */
public enum Refusal {
    /** A rule of {@code access} does not allow it. */
    DENIED,
    /** Too many commands, or too fast. */
    RATE_LIMITED,
    /** An error on purpose, to see what the client makes of it. */
    FAULT
}
