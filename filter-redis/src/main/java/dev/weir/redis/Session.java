package dev.weir.redis;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import org.jspecify.annotations.Nullable;

/** What commands have made of a connection: database, user, client name, protocol version. */
final class Session {
    static final String DEFAULT_USER = "default";

    private final Loop loop;
    private final Connection connection;

    private boolean resp3;
    private String namespace = Loop.database(0);
    private @Nullable String user;
    private @Nullable String clientName;
    private @Nullable String library;

    Session(Loop loop, Connection connection) {
        this.loop = loop;
        this.connection = connection;
        connection.set(ConnectionAttribute.NAMESPACE, namespace);
    }

    /** Whether RESP3 is spoken. */
    boolean resp3() {
        return resp3;
    }

    /** The current database. */
    String namespace() {
        return namespace;
    }

    /** The user that was authenticated, or null. */
    @Nullable
    String user() {
        return user;
    }

    /** What the client calls itself, else its library, or null. */
    @Nullable
    String app() {
        return clientName != null ? clientName : library;
    }

    /**
     * A command took effect.
     *
     * @param sure false if it was not answered
     */
    void applied(CommandInfo.Kind kind, int value, @Nullable Note note, boolean sure) {
        switch (kind) {
            case SELECT:
                select(value);
                break;
            case AUTH:
                login(note, sure);
                break;
            case HELLO:
                hello(value, note, sure);
                break;
            case CLIENT_SETNAME:
                rename(note);
                break;
            case CLIENT_SETINFO:
                if (note != null) {
                    library = text(note.name);
                    tellApp();
                }
                break;
            case RESET:
                reset();
                break;
            default:
        }
    }

    private void select(int database) {
        if (database >= 0) {
            namespace = Loop.database(database);
            connection.set(ConnectionAttribute.NAMESPACE, namespace);
        }
    }

    private void login(@Nullable Note note, boolean sure) {
        user = !sure ? null : note != null && note.text.present() ? text(note.text) : DEFAULT_USER;
        connection.set(ConnectionAttribute.USER, user == null ? "" : user);
    }

    private void hello(int version, @Nullable Note note, boolean sure) {
        if (version > 0) {
            resp3 = version >= 3;
        }
        if (note != null && note.text.present()) {
            login(note, sure);
        }
        if (note != null && note.name.present()) {
            rename(note);
        }
    }

    private void rename(@Nullable Note note) {
        clientName = note == null ? null : text(note.name);
        tellApp();
    }

    private void reset() {
        resp3 = false;
        user = null;
        clientName = null;
        connection.set(ConnectionAttribute.USER, DEFAULT_USER);
        tellApp();
        select(0);
    }

    private void tellApp() {
        String app = app();
        connection.set(ConnectionAttribute.APP, app == null ? "" : app);
    }

    private @Nullable String text(Note.Text text) {
        return text.length() == 0 ? null : loop.same(text.text());
    }
}
