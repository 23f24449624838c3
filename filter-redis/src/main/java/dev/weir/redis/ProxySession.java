package dev.weir.redis;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import org.jspecify.annotations.Nullable;

/** What one client of a proxy has chosen: its database, its RESP version, its user and its name. */
final class ProxySession {
    private enum Replies {
        ON,
        OFF,
        /** The next command is not answered. */
        SKIP_NEXT,
        /** This one is not. */
        SKIP
    }

    private final Connection connection;
    private LinkKind kind = LinkKind.FIRST;
    private @Nullable String user;
    private @Nullable UserRules rules;
    private @Nullable String name;
    private @Nullable String library;
    private @Nullable String libraryVersion;
    private Replies replies = Replies.ON;
    private CommandInfo last;
    private long lastNanos;

    /** @param none what stands for no command */
    ProxySession(Connection connection, CommandInfo none) {
        this.connection = connection;
        this.last = none;
        this.lastNanos = connection.openedNanos();
        connection.set(ConnectionAttribute.NAMESPACE, namespace());
    }

    LinkKind kind() {
        return kind;
    }

    boolean resp3() {
        return kind.resp3();
    }

    int database() {
        return kind.database();
    }

    String namespace() {
        return Loop.database(kind.database());
    }

    /** Who it has logged in as, or null. */
    @Nullable
    String user() {
        return user;
    }

    @Nullable
    String name() {
        return name;
    }

    @Nullable
    String library() {
        return library;
    }

    @Nullable
    String libraryVersion() {
        return libraryVersion;
    }

    /** What it calls itself, else its library, or null. */
    @Nullable
    String app() {
        return name != null ? name : library;
    }

    void database(int index) {
        kind = new LinkKind(kind.resp3(), index, kind.login());
        connection.set(ConnectionAttribute.NAMESPACE, namespace());
    }

    void resp3(boolean on) {
        kind = new LinkKind(on, kind.database(), kind.login());
    }

    /** What it has logged in with, where shards are to know. */
    void login(@Nullable RedisLogin login) {
        kind = new LinkKind(kind.resp3(), kind.database(), login);
    }

    /** The same, or that of clients that need none. */
    String userName() {
        String who = user;
        return who == null ? Session.DEFAULT_USER : who;
    }

    /** What the user may do; null if that is everything. */
    @Nullable
    UserRules rules() {
        return rules;
    }

    void user(String who, @Nullable UserRules its) {
        user = who;
        rules = its;
        connection.set(ConnectionAttribute.USER, who);
    }

    void name(String text) {
        name = text.isEmpty() ? null : text;
        tellApp();
    }

    void library(String text) {
        library = text;
        tellApp();
    }

    void libraryVersion(String text) {
        libraryVersion = text;
    }

    private void tellApp() {
        String app = app();
        connection.set(ConnectionAttribute.APP, app == null ? "" : app);
    }

    /** A command begins. */
    void began(CommandInfo command, long nanos) {
        last = command;
        lastNanos = nanos;
    }

    CommandInfo lastCommand() {
        return last;
    }

    /** When the last command began, or the connection. */
    long lastNanos() {
        return lastNanos;
    }

    /** As new. */
    void reset() {
        resp3(false);
        database(0);
        login(null);
        user = null;
        rules = null;
        name = null;
        replies = Replies.ON;
        connection.set(ConnectionAttribute.USER, Session.DEFAULT_USER);
        tellApp();
    }

    // ---- CLIENT REPLY

    /** Whether the command that begins now is not answered. */
    boolean silences() {
        if (replies == Replies.SKIP_NEXT) {
            replies = Replies.SKIP;
            return true;
        }
        if (replies == Replies.SKIP) {
            replies = Replies.ON;
        }
        return replies == Replies.OFF;
    }

    void repliesOn() {
        replies = Replies.ON;
    }

    void repliesOff() {
        replies = Replies.OFF;
    }

    void skipNext() {
        if (replies != Replies.OFF) {
            replies = Replies.SKIP_NEXT;
        }
    }
}
