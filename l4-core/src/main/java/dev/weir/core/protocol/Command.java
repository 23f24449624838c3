package dev.weir.core.protocol;

import org.jspecify.annotations.Nullable;

/** A single command as the gate's policies see it; lent for the call. */
public interface Command {
    /** The operation in the protocol's own name, from a closed set ({@code _OTHER} for unknown ones). */
    String name();

    /** The current database, or null. */
    @Nullable
    String namespace();

    /** The authenticated user, or null. */
    @Nullable
    String user();

    /** Whether it only reads. */
    boolean readOnly();
}
