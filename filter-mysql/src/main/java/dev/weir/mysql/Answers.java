package dev.weir.mysql;

import dev.weir.core.protocol.SniffException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads what a server sends: the greeting, then the answer to one command after the other. Counts rows, holds none. */
final class Answers implements PacketReader.Handler {
    private static final int OK = 0x00;
    private static final int MORE_DATA = 0x01;
    private static final int NEXT_FACTOR = 0x02;
    private static final int PROTOCOL_10 = 0x0a;
    private static final int X_NOTICE = 0x0b;
    private static final int FILE = 0xfb;
    private static final int EOF = 0xfe;
    private static final int ERR = 0xff;

    private static final int LONGEST_EOF = 5;
    /** Error number by which MariaDB reports progress. */
    private static final int PROGRESS = 0xFFFF;

    /** Bytes that are looked at of OK with session changes, and of an error with its text. */
    private static final int OK_MOST = 4_096;

    private static final int ERR_MOST = 512;
    private static final int SMALL = 32;
    private static final int FILLER = 1;

    private enum Kind {
        GREETING,
        OK,
        EOF,
        ERR,
        COUNT,
        FILE,
        AUTH_SWITCH,
        AUTH_DATA,
        PREPARED,
        ROW,
        LAST,
        STREAMED,
        PROGRESS,
        SKIPPED
    }

    private final Loop loop;
    private final Session session;
    private final AnswerOwner owner;

    private AnswerState state = AnswerState.GREETING;
    private Kind kind = Kind.SKIPPED;
    private @Nullable Command command;
    /** Definitions that are still to come. */
    private long left;
    /** Whether definitions are sent for a prepared statement; the EOFs behind them are in any case. */
    private boolean definitions;
    /** Columns of a prepared statement. */
    private int columns;

    private int flags;
    private boolean cursor;
    /** Whether a part of the answer that is due has come. */
    private boolean begun;

    Answers(Loop loop, Session session, AnswerOwner owner) {
        this.loop = loop;
        this.session = session;
        this.owner = owner;
    }

    /** {@code next} is to be answered now; null if nothing is. */
    void answer(@Nullable Command next) {
        command = next;
        begun = false;
        if (next != null && next.code == Commands.STMT_FETCH) {
            next.resultSet = true;
        }
        state = next == null ? AnswerState.NOTHING : AnswerState.of(next.code);
        owner.rows(state == AnswerState.ROWS);
    }

    boolean greets() {
        return state == AnswerState.GREETING;
    }

    boolean authenticates() {
        return state == AnswerState.AUTH;
    }

    /** Whether a part of the answer that is due has come, but not all of it. */
    boolean begun() {
        return begun;
    }

    // ---- what a payload is

    @Override
    public int begin(int sequence, int first, int length) {
        if (state == AnswerState.NOTHING) {
            owner.answeredEarly(first == ERR);
        }
        kind = kind(sequence, first, length);
        begun = true;
        Command c = command;
        if (c != null && c.first == Command.UNKNOWN) {
            c.first = owner.now();
        }
        return switch (kind) {
            case GREETING -> Handshake.MOST;
            case OK, LAST -> OK_MOST;
            case ERR -> ERR_MOST;
            case AUTH_SWITCH -> Loop.NAME;
            case COUNT, PREPARED, EOF, AUTH_DATA -> SMALL;
            default -> 0;
        };
    }

    private Kind kind(int sequence, int first, int length) {
        if (first < 0) {
            throw new SniffException("answer");
        }
        if (first == ERR && state != AnswerState.GREETING || first == ERR && length >= 3) {
            return Kind.ERR;
        }
        switch (state) {
            case GREETING:
                if (first == X_NOTICE && sequence == 0) {
                    owner.opaque("x_protocol");
                }
                if (first != PROTOCOL_10) {
                    throw new SniffException("greeting");
                }
                return Kind.GREETING;
            case AUTH:
                return auth(first);
            case RESULT:
                return first == OK ? Kind.OK : first == FILE ? Kind.FILE : first == EOF ? end(length) : Kind.COUNT;
            case COLUMNS, PARAMETERS, PREPARED_COLUMNS:
                return Kind.SKIPPED;
            case COLUMNS_END, PARAMETERS_END, PREPARED_COLUMNS_END:
                return definitionsEnd(sequence, first, length);
            case ROWS, FIELDS:
                return first != EOF ? Kind.ROW : rowsEnd(length);
            case PREPARE:
                return known(first == OK, Kind.PREPARED);
            case TEXT:
                return Kind.SKIPPED;
            case STREAM:
                return first == EOF && length <= LONGEST_EOF ? Kind.EOF : Kind.STREAMED;
            default:
                return first == EOF ? end(length) : known(first == OK, Kind.OK);
        }
    }

    private static Kind known(boolean is, Kind kind) {
        if (!is) {
            throw new SniffException("answer");
        }
        return kind;
    }

    private static Kind auth(int first) {
        return switch (first) {
            case OK -> Kind.OK;
            case EOF -> Kind.AUTH_SWITCH;
            case MORE_DATA, NEXT_FACTOR -> Kind.AUTH_DATA;
            default -> throw new SniffException("answer");
        };
    }

    /** What begins with 0xFE where no row can: EOF, or what has taken its place. */
    private static Kind end(int length) {
        return length <= LONGEST_EOF ? Kind.EOF : Kind.LAST;
    }

    /** A row may begin with 0xFE, too: if its first field has 16 MiB or more. */
    private Kind rowsEnd(int length) {
        if (length <= LONGEST_EOF) {
            return Kind.EOF;
        }
        boolean replaced = session.can(Capability.DEPRECATE_EOF) || !session.greeted;
        return replaced && length < PacketReader.FULL ? Kind.LAST : Kind.ROW;
    }

    /**
     * After definitions an EOF is due, unless the two have agreed on leaving it out. Where the greeting was not seen, this
     * is where it shows.
     */
    private Kind definitionsEnd(int sequence, int first, int length) {
        if (first == EOF && length <= LONGEST_EOF) {
            return Kind.EOF;
        }
        if (session.greeted) {
            throw new SniffException("answer");
        }
        session.capabilities |= Capability.DEPRECATE_EOF;
        cursor = false;
        definitionsEnded();
        if (state == AnswerState.NOTHING) {
            owner.answeredEarly(first == ERR);
        }
        return kind(sequence, first, length);
    }

    // ---- heads

    @Override
    public void head(byte[] a, int from, int to) {
        Payload p = loop.payload.of(a, from, to);
        if (kind == Kind.GREETING) {
            Handshake.greeting(p, session);
            return;
        }
        p.pos++;
        Command c = command;
        switch (kind) {
            case OK, LAST -> ok(p, c);
            case EOF -> {
                int warnings = p.u2();
                status(p.u2(), warnings, c);
            }
            case ERR -> error(p, c);
            case AUTH_SWITCH -> {
                Handshake.authSwitch(p, session);
                owner.authenticationAsked();
            }
            case AUTH_DATA -> {
                if (!Handshake.enough(p)) {
                    owner.authenticationAsked();
                }
            }
            case COUNT -> {
                p.pos--;
                left = p.lenenc();
                boolean without = p.left() > 0 && p.u1() == 0;
                if (left <= 0) {
                    throw new SniffException("answer");
                }
                if (without) {
                    left = 0;
                }
            }
            case PREPARED -> prepared(p, c);
            default -> {}
        }
    }

    private void ok(Payload p, @Nullable Command c) {
        long affected = p.lenenc();
        p.lenenc(); // last insert id
        int status = 0;
        int warnings = 0;
        if (session.can(Capability.PROTOCOL_41)) {
            status = p.u2();
            warnings = p.u2();
        }
        if (c != null && kind == Kind.OK) {
            c.counted = true;
            c.affected += Math.max(0, affected);
        }
        status(status, warnings, c);
        if (c != null && session.can(Capability.SESSION_TRACK) && (status & ServerStatus.SESSION_STATE_CHANGED) != 0) {
            p.skipText();
            SessionChanges.read(p, c);
        }
    }

    private void status(int status, int warnings, @Nullable Command c) {
        flags = status;
        cursor = (status & ServerStatus.CURSOR_EXISTS) != 0;
        session.noBackslashEscapes((status & ServerStatus.NO_BACKSLASH_ESCAPES) != 0);
        if (c != null) {
            c.statusKnown = true;
            c.inTransaction = (status & ServerStatus.IN_TRANSACTION) != 0;
            c.flags |= status;
            // The EOF behind definitions has the number that the one behind the rows has again.
            boolean again = state == AnswerState.COLUMNS_END && !cursor
                    || state == AnswerState.PARAMETERS_END
                    || state == AnswerState.PREPARED_COLUMNS_END;
            c.warnings += again ? 0 : warnings;
        }
    }

    private void error(Payload p, @Nullable Command c) {
        int errno = p.u2();
        if (errno == PROGRESS && session.mariadb()) {
            kind = Kind.PROGRESS;
            if (c != null) {
                c.first = Command.UNKNOWN;
            }
            return;
        }
        Command failed = c != null ? c : owner.refused();
        if (failed == null) {
            return;
        }
        failed.failed = true;
        failed.errno = errno;
        if (p.left() > Loop.SQL_STATE && p.bytes[p.pos] == '#') {
            failed.sqlState = loop.sqlState(p.bytes, p.pos + 1);
            p.skip(1 + Loop.SQL_STATE);
        }
        if (loop.settings.messages() && !failed.secret) {
            failed.message = new String(p.bytes, p.pos, p.left(), StandardCharsets.UTF_8);
        }
    }

    private void prepared(Payload p, @Nullable Command c) {
        int id = (int) p.u4();
        columns = p.u2();
        left = p.u2();
        p.skip(FILLER);
        int warnings = p.u2();
        boolean without = p.left() > 0 && p.u1() == 0;
        if (c != null) {
            c.warnings += warnings;
            owner.prepared(c, id, (int) left);
        }
        definitions = !without;
    }

    // ---- ends

    @Override
    public int run(byte[] a, int from, int to) {
        Command c = command;
        int i = from;
        if (c != null && state == AnswerState.ROWS) {
            long rows = 0;
            while (to - i > PacketReader.HEADER) {
                int length = (a[i] & 0xff) | (a[i + 1] & 0xff) << 8 | (a[i + 2] & 0xff) << 16;
                int end = i + PacketReader.HEADER + length;
                if (length == 0 || end > to || (a[i + PacketReader.HEADER] & 0xff) >= EOF) {
                    break;
                }
                i = end;
                rows++;
            }
            if (rows > 0) {
                c.rows += rows;
                c.responseBytes += owner.chargeRows(i - from);
                if (c.first == Command.UNKNOWN) {
                    c.first = owner.now();
                }
            }
        }
        return i;
    }

    @Override
    public void end(long length) {
        long size = owner.chargeAnswer(length);
        Command c = command;
        if (c != null) {
            c.responseBytes += size;
        }
        switch (kind) {
            case GREETING -> owner.greeted(size);
            case ERR -> {
                if (state == AnswerState.GREETING) {
                    begun = false;
                    owner.refusedAtOnce(size);
                } else {
                    done();
                }
            }
            case OK, LAST -> resultEnds();
            case EOF -> {
                switch (state) {
                    case COLUMNS_END, PARAMETERS_END, PREPARED_COLUMNS_END -> definitionsEnded();
                    default -> resultEnds();
                }
            }
            case COUNT -> {
                if (c != null) {
                    c.resultSet = true;
                }
                go(left > 0 ? AnswerState.COLUMNS : afterColumns());
            }
            case PREPARED -> go(left > 0 ? parameters() : afterParameters());
            case ROW -> {
                if (c != null && state == AnswerState.ROWS) {
                    c.rows++;
                }
            }
            case FILE -> owner.fileAsked();
            case STREAMED -> owner.streams();
            case PROGRESS -> {}
            default -> skipped();
        }
    }

    private void skipped() {
        switch (state) {
            case TEXT -> done();
            case COLUMNS -> {
                if (--left == 0) {
                    go(afterColumns());
                }
            }
            case PARAMETERS -> {
                if (--left == 0) {
                    go(leavesOutEof() ? afterParameters() : AnswerState.PARAMETERS_END);
                }
            }
            case PREPARED_COLUMNS -> {
                if (--left == 0) {
                    go(leavesOutEof() ? null : AnswerState.PREPARED_COLUMNS_END);
                }
            }
            default -> {}
        }
    }

    private boolean leavesOutEof() {
        return session.can(Capability.DEPRECATE_EOF);
    }

    private AnswerState afterColumns() {
        return leavesOutEof() ? AnswerState.ROWS : AnswerState.COLUMNS_END;
    }

    private @Nullable AnswerState parameters() {
        if (definitions) {
            return AnswerState.PARAMETERS;
        }
        return leavesOutEof() ? afterParameters() : AnswerState.PARAMETERS_END;
    }

    private @Nullable AnswerState afterParameters() {
        left = columns;
        if (columns == 0) {
            return null;
        }
        if (definitions) {
            return AnswerState.PREPARED_COLUMNS;
        }
        return leavesOutEof() ? null : AnswerState.PREPARED_COLUMNS_END;
    }

    private void definitionsEnded() {
        switch (state) {
            case COLUMNS_END -> go(cursor ? null : AnswerState.ROWS);
            case PARAMETERS_END -> go(afterParameters());
            default -> done();
        }
    }

    private void resultEnds() {
        Command c = command;
        if (c != null) {
            c.results++;
        }
        boolean more = c != null && Commands.runs(c.code) && (flags & ServerStatus.MORE_RESULTS) != 0;
        go(more ? AnswerState.RESULT : null);
    }

    private void go(@Nullable AnswerState next) {
        if (next == null) {
            done();
        } else {
            state = next;
            owner.rows(next == AnswerState.ROWS);
        }
    }

    private void done() {
        cursor = false;
        begun = false;
        if (command != null) {
            owner.answered(command);
        }
    }
}
