package dev.weir.mysql;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import io.netty.util.collection.IntObjectHashMap;
import org.jspecify.annotations.Nullable;

/** What a connection is: what both sides can, who the client is, its schema, modes and prepared statements. */
final class Session {
    private static final String MYSQL = "mysql";
    private static final String MARIADB = "mariadb";

    private final Loop loop;
    private final Connection connection;

    /** What both sides can; see {@link Capability}. */
    long capabilities = Capability.ASSUMED;
    /** False where the greeting was not seen. */
    boolean greeted;

    private String protocol = MYSQL;
    private @Nullable String serverVersion;
    private @Nullable String library;
    private @Nullable String authPlugin;

    private @Nullable String user;
    private @Nullable String app;
    private @Nullable String namespace;
    private boolean ansiQuotes;
    private boolean noBackslashEscapes;
    /** Whether {@link #noBackslashEscapes} is what the server has said last, with nothing missed since. */
    private boolean escapesSaid;
    /** Whether the server takes several statements in one text. */
    private boolean several;
    /** Commands on their way that change the SQL mode. */
    private int modeChanges;
    /** The server's default. */
    private SqlCharset serverCharset = SqlCharset.UNKNOWN;
    /** What the client has logged in with. */
    private SqlCharset loginCharset = SqlCharset.UNKNOWN;

    private SqlCharset charset = SqlCharset.UNKNOWN;
    /** Commands on their way that change it: which of them are done is not known. */
    private int charsetChanges;

    private @Nullable IntObjectHashMap<Prepared> statements;
    /** The statement that was sent last to be prepared. */
    private @Nullable Prepared lastPrepared;

    Session(Loop loop, Connection connection) {
        this.loop = loop;
        this.connection = connection;
    }

    boolean can(long capability) {
        return (capabilities & capability) != 0;
    }

    // ---- the server

    void server(String version, boolean mariadb, SqlCharset defaultCharset) {
        serverCharset = defaultCharset;
        greeted = true;
        serverVersion = loop.same(version);
        protocol = mariadb ? MARIADB : MYSQL;
    }

    /** {@code mysql} or {@code mariadb}. */
    String protocol() {
        return protocol;
    }

    boolean mariadb() {
        return protocol.equals(MARIADB);
    }

    @Nullable
    String serverVersion() {
        return serverVersion;
    }

    // ---- the client

    void client(@Nullable String name, @Nullable String version) {
        if (name != null && !name.isEmpty()) {
            library = loop.same(version == null || version.isEmpty() ? name : name + " " + version);
        }
    }

    void authPlugin(String plugin) {
        if (!plugin.isEmpty()) {
            authPlugin = loop.same(plugin);
        }
    }

    /** The client's library and its version. */
    @Nullable
    String library() {
        return library;
    }

    @Nullable
    String authPlugin() {
        return authPlugin;
    }

    @Nullable
    String user() {
        return user;
    }

    @Nullable
    String app() {
        return app;
    }

    /** The server has accepted the client as this one. */
    void loggedIn(
            @Nullable String newUser, @Nullable String newApp, @Nullable String schema, @Nullable SqlCharset login) {
        user = newUser;
        connection.set(ConnectionAttribute.USER, newUser == null ? "" : newUser);
        if (newApp != null) {
            app = newApp;
            connection.set(ConnectionAttribute.APP, newApp);
        }
        namespace(schema);
        forgetStatements();
        ansiQuotes = false;
        loginCharset = login == null ? SqlCharset.UNKNOWN : login;
        charset = loginCharset;
    }

    // ---- schema and modes

    @Nullable
    String namespace() {
        return namespace;
    }

    void namespace(@Nullable String schema) {
        namespace = schema == null || schema.isEmpty() ? null : loop.same(schema);
        connection.set(ConnectionAttribute.NAMESPACE, namespace == null ? "" : namespace);
    }

    SqlMode mode() {
        return Loop.mode(
                ansiQuotes && modeChanges == 0, noBackslashEscapes, charsetChanges > 0 ? SqlCharset.UNKNOWN : charset);
    }

    void ansiQuotes(boolean on) {
        ansiQuotes = on;
    }

    void noBackslashEscapes(boolean on) {
        noBackslashEscapes = on;
        escapesSaid = true;
    }

    /** Whether it is certain what a backslash in a string of the next statement is. */
    boolean knowsEscapes() {
        return escapesSaid && modeChanges == 0;
    }

    boolean several() {
        return several;
    }

    void several(boolean on) {
        several = on;
    }

    /** A command has failed that may have changed it before. */
    void escapesInDoubt() {
        escapesSaid = false;
    }

    /** A command that changes the SQL mode is on its way. */
    void modeChanges() {
        modeChanges++;
    }

    /** It is answered. */
    void modeChanged() {
        modeChanges = Math.max(0, modeChanges - 1);
    }

    /**
     * What a client's collation makes of the session. Servers have their default instead where they do not know it, or are
     * told to ignore it.
     */
    SqlCharset charsetOf(int collation) {
        SqlCharset of = collation == 0 ? serverCharset : Charsets.ofCollation(collation);
        boolean unknown = mariadb() && collation >= Charsets.GB18030 && collation <= Charsets.GB18030 + 2;
        return !unknown && (serverCharset == SqlCharset.PLAIN || serverCharset == of) ? of : SqlCharset.UNKNOWN;
    }

    /** A command that changes the character set is on its way. */
    void charsetChanges() {
        charsetChanges++;
    }

    /** It is answered: it has changed it to {@code to}, or has not. */
    void charsetChanged(@Nullable SqlCharset to) {
        charsetChanges = Math.max(0, charsetChanges - 1);
        charset(to);
    }

    void charset(@Nullable SqlCharset to) {
        if (to != null) {
            charset = to;
        }
    }

    /** The connection was reset: MariaDB goes back to what the client has logged in with, MySQL to its own default. */
    void resetCharset() {
        charset = mariadb() || loginCharset == serverCharset ? loginCharset : SqlCharset.UNKNOWN;
    }

    /** Commands were missed, and all that were on their way are gone. */
    void lost() {
        namespace(null);
        modeChanges = 0;
        escapesSaid = false;
        ansiQuotes = false;
        charsetChanges = 0;
        charset = SqlCharset.UNKNOWN;
        lastPrepared = unknown();
    }

    // ---- prepared statements

    void preparing(Prepared prepared) {
        lastPrepared = prepared;
    }

    /** The server knows it by {@code id} now. */
    void prepared(Prepared prepared, int id, int parameters) {
        prepared.id = id;
        prepared.parameters = parameters;
        if (prepared.closed) {
            return;
        }
        close(id);
        IntObjectHashMap<Prepared> map = statements;
        if (map == null) {
            map = new IntObjectHashMap<>(4);
            statements = map;
        }
        if (map.size() < loop.settings.maxPrepared() && loop.remember(prepared)) {
            map.put(id, prepared);
        } else {
            notPrepared(prepared);
        }
    }

    private static Prepared unknown() {
        return new Prepared(null, null, false);
    }

    /** It is not remembered, or the server refused it: what a client has executed next has no digest. */
    void notPrepared(Prepared prepared) {
        if (lastPrepared == prepared) {
            lastPrepared = unknown();
        }
    }

    /** The statement that the server calls so; -1 is the one that was sent last (MariaDB). */
    @Nullable
    Prepared statement(int id) {
        if (id == -1) {
            return lastPrepared;
        }
        return statements == null ? null : statements.get(id);
    }

    void closed(int id) {
        Prepared last = lastPrepared;
        if (last != null && (id == -1 || id == last.id)) {
            last.closed = true;
            lastPrepared = null;
            close(last.id);
        } else {
            close(id);
        }
    }

    private void close(int id) {
        Prepared closed = statements == null ? null : statements.remove(id);
        if (closed != null) {
            loop.forget(closed);
        }
    }

    /** The server has forgotten them all. */
    void forgetStatements() {
        lastPrepared = null;
        if (statements != null) {
            statements.values().forEach(loop::forget);
            statements = null;
        }
    }
}
