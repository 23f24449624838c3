package dev.weir.mongo;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import org.jspecify.annotations.Nullable;

/** Who the client of a connection is, and what the connection is for. */
final class Session {
    private final Connection connection;

    @Nullable
    String app;

    @Nullable
    String library;

    @Nullable
    String user;
    /** Whom the client means to log in as. */
    @Nullable
    String candidate;
    /** Whether it serves to watch the server. */
    boolean monitors;

    /** Greetings of the client, and other commands. */
    private int hellos;

    private int others;
    /** Whether the last answer named members of a replica set. */
    private boolean members;

    Session(Connection connection) {
        this.connection = connection;
    }

    /** A command of the client: application connections greet once. */
    void asks(boolean hello, boolean waits) {
        if (!hello) {
            others = 1;
        } else if (hellos < 2) {
            hellos++;
        }
        if (hello && others == 0 && (waits || hellos > 1)) {
            monitors = true;
        }
    }

    void app(String name) {
        app = name;
        connection.set(ConnectionAttribute.APP, name);
    }

    /** The client has logged in. */
    void loggedIn() {
        if (candidate != null) {
            user = candidate;
            connection.set(ConnectionAttribute.USER, candidate);
        }
    }

    void namesMembers(boolean names) {
        members = names;
    }

    /**
     * Whether the client that leaves now has gone to the members it was told: it greeted, was answered, and never
     * asked again, as drivers do with a seed that is not among them.
     */
    boolean bypasses() {
        return members && hellos == 1 && others == 0;
    }
}
