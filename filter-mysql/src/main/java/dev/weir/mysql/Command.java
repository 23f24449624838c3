package dev.weir.mysql;

import dev.weir.core.exchange.Operation;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlStatement;
import org.jspecify.annotations.Nullable;

/** A command on its way, and what has been seen of its answer. Pooled; linked into the queue of its connection. */
final class Command {
    static final long UNKNOWN = -1;

    @Nullable
    Command next;

    /** One of {@link Commands}. */
    int code;

    Operation operation = Commands.OTHER;
    /** When its first byte was seen. */
    long start;
    /** When its last byte was seen. */
    long sent;

    long requestBytes;

    @Nullable
    SqlStatement sql;
    /** The statement as it was sent, where opted in. */
    @Nullable
    String text;

    /** Whether it may hold a password or key: then neither is it shown as sent, nor the server's text of an error. */
    boolean secret;

    @Nullable
    String trace;
    /** What it prepares, executes or fetches from. */
    @Nullable
    Prepared prepared;
    /** Bytes of {@link Loop#STATEMENTS} that it has. */
    long charged;
    /** Executes a statement that nobody saw being prepared. */
    boolean unknownStatement;
    /** The schema it switches to, if it succeeds. */
    @Nullable
    String schema;
    /** Whether that is what the server itself has said. */
    boolean tracked;
    /** The user it switches to, if it succeeds. */
    @Nullable
    String user;

    @Nullable
    String app;
    /** What {@code sql_mode} becomes: 1 with ANSI_QUOTES, 0 without, -1 unchanged. */
    int ansiQuotes = -1;
    /** Whether {@link Session#modeChanges} counts it. */
    boolean changesMode;
    /** The character set that it changes to, or may have changed to; null if it stays. */
    @Nullable
    SqlCharset charset;
    /** What the server itself has said of it. */
    @Nullable
    SqlCharset trackedCharset;
    /** Whether {@link Session#charsetChanges} counts it. */
    boolean changesCharset;

    // ---- at a command gate

    /** What it may change of the session: see {@link dev.weir.core.sql.SqlScan}. */
    int effects;
    /** Whether it may do more to the session than its parts tell. */
    boolean anything;
    /** What it prepares. */
    @Nullable
    GateStatement prepares;
    /** Whether several statements in one text are allowed once it is done: 1 or 0, -1 for as before. */
    int several = -1;
    /** Sent by Weir in place of another one. */
    boolean standIn;

    // ---- the answer

    /** When its first byte was seen. */
    long first = UNKNOWN;

    long responseBytes;
    /** Results that are complete; statements have one each, most of them. */
    int results;
    /** Whether rows were sent; then {@link #rows} is their number so far. */
    boolean resultSet;

    long rows;
    /** Whether the server said how many rows were changed. */
    boolean counted;

    long affected;
    int warnings;
    /** Status flags of all its answers: what they say of the server's work. */
    int flags;

    /** Answered by Weir itself. */
    boolean byWeir;

    boolean failed;
    int errno;

    @Nullable
    String sqlState;

    @Nullable
    String message;

    @Nullable
    String gtid;
    /** Whether a transaction began or goes on when it is done; unknown if the server did not say. */
    boolean statusKnown;

    boolean inTransaction;

    void clear() {
        next = null;
        code = 0;
        operation = Commands.OTHER;
        start = 0;
        sent = 0;
        requestBytes = 0;
        sql = null;
        text = null;
        trace = null;
        prepared = null;
        charged = 0;
        unknownStatement = false;
        schema = null;
        tracked = false;
        user = null;
        app = null;
        ansiQuotes = -1;
        changesMode = false;
        secret = false;
        charset = null;
        trackedCharset = null;
        changesCharset = false;
        effects = 0;
        anything = false;
        prepares = null;
        several = -1;
        standIn = false;
        first = UNKNOWN;
        responseBytes = 0;
        results = 0;
        resultSet = false;
        rows = 0;
        counted = false;
        affected = 0;
        warnings = 0;
        flags = 0;
        byWeir = false;
        failed = false;
        errno = 0;
        sqlState = null;
        message = null;
        gtid = null;
        statusKnown = false;
        inTransaction = false;
    }
}
