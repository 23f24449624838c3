package dev.weir.core.protocol;

/** A command that waits for the decision about it. On its connection's event loop. */
public interface PolicyWait {
    /** Nobody waits any more, and nothing is told. Without effect once it was told, or cancelled. */
    void cancel();
}
