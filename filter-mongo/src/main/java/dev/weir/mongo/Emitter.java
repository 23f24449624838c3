package dev.weir.mongo;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.sql.DigestTable;
import org.jspecify.annotations.Nullable;

/** Makes exchanges of commands that are answered, and keeps what later ones need: cursors, transactions, who the client is. */
final class Emitter {
    private static final String[] COMPRESSORS = {"noop", "snappy", "zlib", "zstd"};

    private final Loop loop;
    private final Session session;
    private final Connection connection;
    private @Nullable Exchanges exchanges;

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

    /** The answer to a command is complete. */
    void answered(Command c, long end, boolean byWeir) {
        Exchange e = exchange(c, failed(c) ? Status.ERROR : Status.OK);
        e.byWeir = byWeir;
        e.responseBytes = c.responseBytes;
        e.firstByteNanos = Math.max(0, c.first - c.sent);
        e.durationNanos = Math.max(0, end - c.sent);
        outcome(e, c);
        if (hello(c)) {
            greeted(e, c, end);
        } else {
            loggedIn(e, c);
        }
        cursors(c);
        transactions(e, c, end);
        exchanges().emit(e);
    }

    /** A command that gets no answer. */
    void emit(Command c, Status status, long end) {
        exchanges().emit(exchange(c, status));
    }

    private static boolean hello(Command c) {
        return c.code == Commands.HELLO || c.code == Commands.IS_MASTER;
    }

    private static boolean refused(Command c) {
        return c.okSeen && !c.ok;
    }

    private static boolean failed(Command c) {
        return refused(c) || c.writeErrors > 0 || c.writeConcernError >= 0;
    }

    private Exchange exchange(Command c, Status status) {
        Exchange e = exchanges().open();
        boolean further = c.streams && !hello(c);
        e.of(connection, MongoProtocol.NAME, further ? Commands.operation(Commands.GET_MORE) : c.operation);
        e.startNanos = c.streams ? c.sent : c.start;
        e.requestBytes = c.streams ? -1 : c.requestBytes;
        e.status = status;
        e.user = session.user;
        e.app = session.app;
        e.namespace = c.namespace;
        e.trace = c.trace;
        e.batch = c.streams ? -1 : c.batch;
        e.longWait = c.waits || c.streams;
        if (c.statement != null) {
            e.statement(c.statement);
            e.continued = c.cursorOf != null || c.streams;
        } else {
            e.target = c.target != null ? c.target : c.collection;
        }
        if (c.text != null) {
            e.statement = c.text;
        }
        asked(e, c);
        return e;
    }

    private void asked(Exchange e, Command c) {
        if (c.cursorOf != null) {
            e.attribute("cursor_of", c.cursorOf);
        } else if (c.streams && !hello(c)) {
            e.attribute("cursor_of", c.operation.name());
        }
        attribute(e, "read_preference", c.readPreference);
        attribute(e, "read_concern", c.readConcern);
        attribute(e, "write_concern", c.writeConcern);
        attribute(e, "call_site", c.callSite);
        flag(e, "internal", session.monitors);
        flag(e, "in_transaction", c.inTransaction);
        if (c.compressor >= 0 && c.compressor < COMPRESSORS.length) {
            e.attribute("compressor", COMPRESSORS[c.compressor]);
        }
        if (!c.streams) {
            query(e, c);
        }
    }

    /** What Envoy counts of queries. */
    private void query(Exchange e, Command c) {
        if (Commands.is(c.code, Commands.LIMITED) && !c.explains && c.maxTimeMillis <= 0 && !c.lossy) {
            e.attribute("no_max_time", true);
            loop.counters.noMaxTime().increment();
        }
        if (c.scatter) {
            e.attribute("scatter", true);
            loop.counters.scatter().increment();
        }
        if (c.multiGet) {
            e.attribute("multi_get", true);
            loop.counters.multiGet().increment();
        }
    }

    private void outcome(Exchange e, Command c) {
        if (failed(c)) {
            error(e, c);
        }
        if (c.labels != null) {
            e.attribute("error_labels", c.labels);
        }
        if (c.documents >= 0) {
            e.rowsSent = c.documents;
            e.rows = c.documents;
        }
        if (Commands.is(c.code, Commands.WRITE) && c.affected >= 0 && !c.explains) {
            e.rowsAffected = c.affected;
            e.rows = Math.max(0, e.rowsSent) + c.affected;
            if (c.modified >= 0) {
                e.attribute("modified", c.modified);
            }
            if (c.upserted > 0) {
                e.attribute("upserted", c.upserted);
            }
        }
    }

    private void error(Exchange e, Command c) {
        int code = refused(c) ? c.error : c.writeErrors > 0 ? c.writeError : (int) c.writeConcernError;
        e.error = refused(c) && !c.errorSeen ? "unknown" : loop.code(code);
        if (refused(c) || c.writeErrors == 0) {
            attribute(e, "code_name", c.codeName); // of the code above
        }
        attribute(e, "message", c.message);
        if (c.writeErrors > 0) {
            e.attribute("write_errors", c.writeErrors);
        }
        if (c.writeConcernError >= 0) {
            e.attribute("write_concern_error", c.writeConcernError);
        }
    }

    private static void attribute(Exchange e, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            e.attribute(name, value);
        }
    }

    private static void flag(Exchange e, String name, boolean set) {
        if (set) {
            e.attribute(name, true);
        }
    }

    // ---- what later commands need

    private void greeted(Exchange e, Command c, long end) {
        if (c.introduces) {
            e.introduces = true;
            e.library = session.library;
            e.server = ServerVersions.of(c.wireVersion);
            c.introduces = false;
        }
        attribute(e, "replica_set", c.replicaSet);
        if (!refused(c)) {
            e.attribute("role", role(c));
        }
        session.namesMembers(c.replicaSet != null && (c.roles & AnswerFields.ROLE_MEMBERS) != 0);
        if (c.replicaSet != null && c.primary != null) {
            loop.topology.primary(c.replicaSet, c.primary, end);
        }
    }

    private static String role(Command c) {
        int roles = c.roles;
        if ((roles & AnswerFields.ROLE_MONGOS) != 0) {
            return "mongos";
        }
        if (c.replicaSet == null) {
            return (roles & AnswerFields.ROLE_PRIMARY) != 0 ? "standalone" : "other";
        }
        if ((roles & AnswerFields.ROLE_PRIMARY) != 0) {
            return "primary";
        }
        if ((roles & AnswerFields.ROLE_SECONDARY) != 0) {
            return "secondary";
        }
        return (roles & AnswerFields.ROLE_ARBITER) != 0 ? "arbiter" : "other";
    }

    private void loggedIn(Exchange e, Command c) {
        boolean sasl = c.code == Commands.SASL_START || c.code == Commands.SASL_CONTINUE;
        if (sasl && c.ok && (c.roles & AnswerFields.AUTHENTICATED) != 0) {
            session.loggedIn();
            e.user = session.user;
        }
    }

    private void cursors(Command c) {
        if (!c.cursorSeen) {
            return;
        }
        if (c.code == Commands.GET_MORE) {
            if (c.newCursor == 0) {
                loop.cursors.remove(c.cursor);
            }
        } else if (c.newCursor != 0) {
            loop.cursors.put(new Cursors.Cursor(c.newCursor, c.operation, c.statement, c.tails));
        }
    }

    private void transactions(Exchange e, Command c, long end) {
        if (c.transaction == 0) {
            return;
        }
        if (c.startsTransaction) {
            loop.transactions.begin(c.transaction, c.start);
            return;
        }
        Transactions.Open open = loop.transactions.find(c.transaction);
        if (open == null) {
            return;
        }
        if (c.inTransaction) {
            open.statement();
        } else if (!failed(c) || c.code == Commands.ABORT) {
            e.attribute("transaction", c.code == Commands.COMMIT ? "commit" : "abort");
            e.attribute("transaction_us", Math.max(0, end - open.began) / 1_000);
            e.batch = open.statements();
            loop.transactions.end(open);
        }
    }
}
