package dev.weir.mongo;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import org.jspecify.annotations.Nullable;

/** Who the client of a connection is, and what the connection is for. */
final class Session {
    private final Connection connection;
    private final Topology topology;

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

    /** Greetings of the client, as far as they matter. */
    private int hellos;
    /** Whether it is used: for commands, or to watch. */
    private boolean engaged;
    /** Whether the last answer named members of a replica set. */
    private boolean members;

    Session(Connection connection, Topology topology) {
        this.connection = connection;
        this.topology = topology;
    }

    /** A command of the client: application connections greet once. */
    void asks(boolean hello, boolean waits) {
        if (hello && hellos < 2) {
            hellos++;
        }
        monitors &= hello;
        if (hello && !monitors && !engaged && (waits || hellos > 1)) {
            monitors = true;
        }
        if (!engaged && (!hello || monitors)) {
            engaged = true;
            topology.engaged(connection.clientHost());
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

    /** The connection ends; {@code left} tells whether by the client. */
    void closed(boolean left, long now) {
        if (engaged) {
            topology.disengaged(connection.clientHost(), now);
        } else if (left && members && hellos == 1) {
            topology.left(connection.clientHost(), now);
        }
    }
}
