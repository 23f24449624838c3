package dev.weir.mysql;

import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.sql.SqlScan;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** The command whose head was seen last: what policies are told of it, and what becomes of the connection's state by the decision. */
final class GateHead {
    /** Bytes of a command that are looked at. */
    static final int LOOK = 16 << 10;
    /** Bytes of a log-in in which its names are. */
    private static final int LEAST_LOG_IN = 1_024;

    private static final int NONE = 0;

    private final Loop loop;
    private final Session session;
    private final GateStatements statements;
    private final GateAnswers answers;
    private final SqlScan scan;

    private @Nullable Command command;
    private int code;
    private int statementId;
    private GateStatement statement = GateStatement.UNKNOWN;

    private @Nullable String keyword;
    private Kind kind = Kind.WRITE;

    private int standIn = NONE;

    GateHead(Loop loop, SqlScan scan, Session session, GateStatements statements, GateAnswers answers) {
        this.loop = loop;
        this.scan = scan;
        this.session = session;
        this.statements = statements;
        this.answers = answers;
    }

    String name() {
        return Commands.operation(code).name();
    }

    @Nullable
    String keyword() {
        return keyword;
    }

    Kind kind() {
        return kind;
    }

    // ---- reading

    /**
     * Reads a command.
     *
     * @param a its first {@code n} bytes
     * @param size bytes of its first packet
     * @return false if it has to wait, as too many are under way
     */
    boolean read(byte[] a, int n, int size) {
        Command begun = loop.command();
        if (begun == null) {
            if (answers.idle()) {
                throw new SniffException("pending");
            }
            return false;
        }
        command = begun;
        code = a[0] & 0xff;
        begun.code = code;
        begun.operation = Commands.operation(code);
        keyword = null;
        kind = Commands.kind(code);
        boolean cut = size > n;
        Payload p = loop.payload.of(a, 1, n);
        switch (code) {
            case Commands.QUERY -> query(begun, p, cut);
            case Commands.STMT_PREPARE -> {
                text(p, cut);
                begun.prepares = new GateStatement(scan.keyword(), kind, scan.effects());
            }
            case Commands.STMT_EXECUTE, Commands.STMT_BULK_EXECUTE -> {
                prepared(p);
                begun.effects = statement.effects;
                begun.anything = statement == GateStatement.UNKNOWN || special(statement.keyword);
            }
            case Commands.STMT_SEND_LONG_DATA, Commands.STMT_FETCH, Commands.STMT_RESET, Commands.STMT_CLOSE -> {
                Kind own = kind;
                prepared(p);
                kind = own == Kind.SESSION ? own : kind;
            }
            case Commands.INIT_DB -> {
                begun.schema = cut ? null : p.text(p.left(), Loop.NAME);
                begun.effects = SqlScan.WAIT | SqlScan.SCHEMA;
            }
            case Commands.CHANGE_USER -> {
                if (cut && n < LEAST_LOG_IN) {
                    throw new SniffException("frames"); // A part of a name would be another user's.
                }
                Handshake.changeUser(p, session, begun);
                begun.user = Handshake.present(loop, begun.user);
                begun.app = Handshake.present(loop, begun.app);
                begun.effects = SqlScan.WAIT;
            }
            case Commands.RESET_CONNECTION -> begun.effects = SqlScan.WAIT;
            case Commands.SET_OPTION -> {
                // Servers read two bytes, however many there are; what cannot be seen may switch it on.
                begun.several = p.left() >= 2 ? 1 - Math.min(p.u2(), 1) : 1;
                begun.effects = SqlScan.WAIT;
            }
            default -> {
                if (Commands.streams(code) || begun.operation.equals(Commands.OTHER)) {
                    begun.effects = SqlScan.WAIT | SqlScan.SCHEMA | SqlScan.CHARSET;
                    begun.anything = true;
                }
            }
        }
        return true;
    }

    private void query(Command c, Payload p, boolean cut) {
        if (session.can(Capability.QUERY_ATTRIBUTES)) {
            QueryAttributes.beforeText(p);
        }
        if (p.short_) {
            // The text is behind what is looked at, or behind something that servers may read in another way.
            keyword = SqlScan.OTHER;
            c.effects = SqlScan.WAIT | SqlScan.SCHEMA | SqlScan.CHARSET;
            c.anything = true;
            return;
        }
        text(p, cut);
        c.effects = scan.effects();
        c.anything = special(keyword);
        c.schema = scan.schema();
        String charset = scan.charset();
        c.charset = charset == null ? null : Charsets.ofName(charset);
    }

    private void text(Payload p, boolean cut) {
        scan.session(session.mode(), session.knowsEscapes(), session.several());
        scan.scan(p.bytes, p.pos, p.left(), cut);
        keyword = scan.keyword();
        kind = scan.session() ? Kind.SESSION : scan.readOnly() ? Kind.READ : Kind.WRITE;
    }

    private static boolean special(@Nullable String keyword) {
        return SqlScan.OTHER.equals(keyword);
    }

    private void prepared(Payload p) {
        statementId = (int) p.u4();
        statement = statements.get(statementId);
        keyword = statement.keyword;
        kind = statement.kind;
    }

    // ---- the decision

    /** The answers that the client is to get. */
    int decided(boolean upstream) {
        Command c = command;
        if (c == null) {
            throw new IllegalStateException("no command");
        }
        command = null;
        standIn = NONE;
        boolean silent = Commands.silent(code);
        if (upstream) {
            sent(c);
        } else {
            refused();
        }
        if (upstream && !silent) {
            answers.put(c);
        } else {
            loop.giveBack(c);
        }
        return silent ? 0 : 1;
    }

    private void sent(Command c) {
        switch (code) {
            case Commands.STMT_PREPARE -> statements.sent(c.prepares);
            case Commands.STMT_CLOSE -> statements.closed(statementId);
            case Commands.STMT_SEND_LONG_DATA -> longData(true);
            case Commands.STMT_EXECUTE, Commands.STMT_BULK_EXECUTE, Commands.STMT_RESET -> longData(false);
            case Commands.SET_OPTION -> session.several(session.several() || c.several > 0);
            default -> {}
        }
    }

    private void longData(boolean sent) {
        if (statement != GateStatement.UNKNOWN) {
            statement.longData = sent;
        }
    }

    /** Chooses what is sent instead, so that the server's state is what the client believes. */
    private void refused() {
        switch (code) {
            case Commands.STMT_PREPARE -> {
                statements.sent(null);
                standIn = session.mariadb() ? code : NONE;
            }
            case Commands.STMT_CLOSE -> {
                statements.closed(statementId);
                standIn = code;
            }
            case Commands.STMT_EXECUTE, Commands.STMT_BULK_EXECUTE -> {
                standIn = statement.longData ? Commands.STMT_RESET : NONE;
                longData(false);
            }
            case Commands.QUIT, Commands.STMT_SEND_LONG_DATA -> standIn = code;
            default -> {}
        }
    }

    /** The packet that is sent in place of the command that was refused, or null. */
    @Nullable
    ByteBuf standIn(ByteBufAllocator allocator) {
        int instead = standIn;
        standIn = NONE;
        if (instead == NONE) {
            return null;
        }
        if (!Commands.silent(instead)) {
            Command c = loop.command();
            if (c == null) {
                throw new SniffException("pending");
            }
            c.code = instead;
            c.operation = Commands.operation(instead);
            c.standIn = true;
            answers.put(c);
        }
        return StandIns.packet(allocator, instead, statementId);
    }

    /** The connection has ended. */
    void close() {
        if (command != null) {
            loop.giveBack(command);
            command = null;
        }
    }
}
