package dev.weir.core.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A single command as the gate's policies see it; lent for the call. Texts are the same objects as long as they do not change,
 * so that policies may compare them by identity first.
 */
public interface Command {
    /** What a command is to do, roughly. */
    enum Kind {
        /** What a client needs before its user is known, and to leave: AUTH, HELLO; hello, saslStart; LOGIN. */
        LOGIN,
        /** Touches no data, and nothing beyond its connection: PING, SELECT, EXEC; ping, commitTransaction; COM_PING, SET NAMES. */
        SESSION,
        /** Only reads. */
        READ,
        /** Everything else: may change data or the server, or is not known. */
        WRITE
    }

    /** The operation in the protocol's own name, from a closed set ({@code _OTHER} for unknown ones): {@link CommandSet#names}. */
    String name();

    /**
     * The database it runs in. Null if that is not known for sure, and if it may reach others as well (a script): who refuses by
     * namespace has to refuse null, too. Of no meaning for {@link Kind#LOGIN} and {@link Kind#SESSION}.
     */
    @Nullable
    String namespace();

    /**
     * The databases it runs in, where it names several in a way that is known for sure; then {@link #namespace} is of no meaning. One with a {@code *} stands
     * for all that it matches. Empty where there is not more to know.
     */
    default List<String> namespaces() {
        return List.of();
    }

    /**
     * What it asks of services that its protocol carries: for each of {@link KnownCommands#services()} that it may be for, what that would make of
     * it. Rules name these as well as {@link #name()}.
     */
    default List<ServiceOperation> serviceOperations() {
        return List.of();
    }

    /**
     * The user it runs as. Null if nobody has logged in, and if it is not known for sure; where
     * {@link CommandFramer#settled} can wait for that, it does. Of no meaning for {@link Kind#LOGIN}.
     */
    @Nullable
    String user();

    /** Whether it only reads. */
    boolean readOnly();

    /** What it is to do. */
    default Kind kind() {
        return readOnly() ? Kind.READ : Kind.WRITE;
    }

    /**
     * For commands that carry a statement in a language of its own (SQL): the statement's first keyword in upper case ({@code SELECT},
     * {@code DROP}), from a closed set ({@link CommandSet#statements}). {@code _OTHER} for unknown keywords, for what cannot be
     * seen, and for several statements in one command. Null only if the command carries no statement.
     */
    default @Nullable String statement() {
        return null;
    }

    /**
     * What else there is to know about it, by one of {@link CommandSet#attributes}; null if it has none. It comes from the client, and has
     * no bound but that of what the client may send.
     *
     * @param name {@code host}, or {@code request_header:x-tenant}
     */
    default @Nullable String attribute(String name) {
        return null;
    }
}
