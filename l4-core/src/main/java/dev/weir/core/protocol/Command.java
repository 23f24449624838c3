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

    /**
     * For commands that carry a statement in a language of its own (SQL): the statement's first keyword in upper case ({@code SELECT},
     * {@code DROP}), from a closed set ({@code _OTHER} for unknown ones). Null where there is no statement, or it cannot be seen.
     */
    default @Nullable String statement() {
        return null;
    }
}
