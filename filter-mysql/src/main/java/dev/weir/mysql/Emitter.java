package dev.weir.mysql;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlStatement;
import org.jspecify.annotations.Nullable;

/** Makes exchanges of commands that are answered, and applies to the session what they have changed. */
final class Emitter {
    private final Loop loop;
    private final Session session;
    private final Connection connection;
    private final Transactions transactions = new Transactions();

    private @Nullable Exchanges exchanges;
    private long previousEnd = Long.MIN_VALUE;

    Emitter(Loop loop, Session session, Connection connection) {
        this.loop = loop;
        this.session = session;
        this.connection = connection;
    }

    void open(Exchanges to) {
        exchanges = to;
    }

    private Exchanges exchanges() {
        if (exchanges == null) {
            throw new IllegalStateException("onOpen was not called");
        }
        return exchanges;
    }

    DigestTable digests() {
        return exchanges().digests();
    }

    boolean inTransaction() {
        return transactions.open();
    }

    /** Answers were missed: transaction and session are unknown. */
    void lost() {
        transactions.reset();
        session.lost();
    }

    /** The command is done, at {@code end}. */
    void emit(Command c, Status status, long end) {
        if (status == Status.OK) {
            apply(c);
        } else if (c.results > 0 && c.sql != null && c.sql.several()) {
            // What came before the statement that failed has been done.
            if (!c.tracked) {
                c.schema = UseStatements.last(c.sql.text(), c.results);
            }
            schema(c);
            if (c.ansiQuotes >= 0) {
                session.ansiQuotes(false); // whether it came so far is unknown: rather strings than names
            }
        }
        if (c.changesMode) {
            session.modeChanged();
        }
        if (c.changesCharset) {
            session.charsetChanged(status == Status.OK ? null : charsetAfterFailure(c));
        } else {
            session.charset(c.trackedCharset);
        }
        Exchange e = exchange(c, status);
        if (status != Status.NO_REPLY) {
            times(e, c, end);
            outcome(e, c);
            if (Commands.runs(c.code)) {
                SqlStatement.Kind kind = c.sql == null ? SqlStatement.Kind.OTHER : c.sql.kind();
                transactions.answered(c, kind, end, e);
            }
            previousEnd = end;
        }
        exchanges().emit(e);
    }

    /** The answer began, and goes on for ever. */
    void emitStream(Command c, long now) {
        Exchange e = exchange(c, Status.OK);
        times(e, c, now);
        e.responseBytes = -1;
        e.longWait = true;
        exchanges().emit(e);
    }

    private void apply(Command c) {
        switch (c.code) {
            case Commands.LOGIN, Commands.CHANGE_USER -> {
                session.loggedIn(c.user, c.app, c.schema, c.charset);
                transactions.reset();
            }
            case Commands.RESET_CONNECTION -> {
                session.forgetStatements();
                session.ansiQuotes(false);
                session.resetCharset();
                transactions.reset();
                schema(c);
            }
            default -> {
                schema(c);
                session.charset(c.charset);
            }
        }
        session.charset(c.trackedCharset);
        if (c.ansiQuotes >= 0) {
            session.ansiQuotes(c.ansiQuotes > 0);
        }
    }

    /** Which changes of several were made is not known; a single one was not. */
    private static @Nullable SqlCharset charsetAfterFailure(Command c) {
        boolean single = c.sql == null || !c.sql.several() && c.sql.text().indexOf(',') < 0;
        return single ? null : SqlCharset.UNKNOWN;
    }

    private void schema(Command c) {
        if (c.schema != null) {
            session.namespace(c.schema);
        }
    }

    private Exchange exchange(Command c, Status status) {
        Exchange e = exchanges().open();
        e.of(connection, session.protocol(), c.operation);
        e.startNanos = c.start;
        e.requestBytes = c.requestBytes;
        e.status = status;
        e.byWeir = c.byWeir;
        e.trace = c.trace;
        if (c.code == Commands.LOGIN || c.code == Commands.CHANGE_USER) {
            e.user = c.user;
            e.app = c.app != null ? c.app : session.app();
            e.namespace = c.schema == null || c.schema.isEmpty() ? null : c.schema;
            client(e);
        } else {
            e.user = session.user();
            e.app = session.app();
            e.namespace = session.namespace();
        }
        if (c.sql != null) {
            statement(e, c, c.sql);
        }
        if (c.unknownStatement) {
            e.attribute("prepared", "unknown");
        }
        return e;
    }

    /** Preparing is no execution; fetching belongs to one that was counted. */
    private static void statement(Exchange e, Command c, SqlStatement sql) {
        e.statement(sql);
        if (c.code == Commands.STMT_FETCH) {
            e.continued = true;
        } else if (!Commands.runs(c.code)) {
            e.sql = null;
        }
        if (c.text != null) {
            e.statement = c.text;
        }
        e.longWait = sql.waits() && Commands.runs(c.code);
    }

    private void client(Exchange e) {
        e.introduces = true;
        e.library = session.library();
        e.server = session.serverVersion();
        attribute(e, "auth_plugin", session.authPlugin());
    }

    private void times(Exchange e, Command c, long end) {
        e.responseBytes = c.responseBytes;
        if (c.first != Command.UNKNOWN) {
            e.firstByteNanos = Math.max(0, c.first - c.sent);
        }
        e.durationNanos = Math.max(0, end - c.sent);
        e.queueNanos = Math.max(0, previousEnd - c.sent);
        if (previousEnd == Long.MIN_VALUE) {
            e.queueNanos = 0;
        }
    }

    private void outcome(Exchange e, Command c) {
        if (c.failed) {
            e.error = loop.code(c.errno);
            attribute(e, "sqlstate", c.sqlState);
            attribute(e, "message", c.message);
        }
        if (c.resultSet) {
            e.rowsSent = c.rows;
        }
        if (c.counted && Commands.runs(c.code)) {
            e.rowsAffected = c.affected;
        }
        if (c.resultSet || e.rowsAffected >= 0) {
            e.rows = Math.max(0, e.rowsSent) + Math.max(0, e.rowsAffected);
        }
        e.noIndex = (c.flags & ServerStatus.NO_INDEX) != 0;
        flag(e, c, ServerStatus.NO_GOOD_INDEX, "no_good_index");
        flag(e, c, ServerStatus.WAS_SLOW, "was_slow");
        if (c.inTransaction) {
            e.attribute("in_transaction", true);
        }
        if (c.warnings > 0) {
            e.attribute("warnings", c.warnings);
        }
        attribute(e, "gtid", c.gtid);
    }

    private static void flag(Exchange e, Command c, int flag, String name) {
        if ((c.flags & flag) != 0) {
            e.attribute(name, true);
        }
    }

    private static void attribute(Exchange e, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            e.attribute(name, value);
        }
    }
}
