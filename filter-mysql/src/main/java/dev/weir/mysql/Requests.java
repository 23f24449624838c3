package dev.weir.mysql;

import dev.weir.core.protocol.SniffException;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads what a client sends: commands, and what belongs to the one that is being answered. */
final class Requests implements PacketReader.Handler {
    /** Bytes before the text of COM_QUERY that query attributes may take. */
    private static final int ATTRIBUTES = 2_048;

    /** Bytes of a statement that are shown as they were sent, where opted in. */
    private static final int TEXT = 4_096;

    private static final int EXECUTE_HEAD = 10;
    private static final int EXECUTE_MOST = 4_096;
    private static final int ATTRIBUTES_SENT = 0x08;
    /** First bytes of COM_QUERY up to this one are a number of attributes: no statement begins with them. */
    private static final int NOT_SQL = 8;

    private enum Part {
        LOGIN,
        AUTH,
        FILE,
        COMMAND
    }

    private final Loop loop;
    private final Session session;
    private final MysqlSniffer sniffer;

    private Part part = Part.COMMAND;
    private boolean fileEnds;
    private @Nullable Command command;
    private int code;
    private int length;
    /** Whether the statement that was normalised last is in the table of digests. */
    private boolean known;

    Requests(Loop loop, Session session, MysqlSniffer sniffer) {
        this.loop = loop;
        this.session = session;
        this.sniffer = sniffer;
    }

    @Override
    public int begin(int sequence, int first, int packetLength) {
        length = packetLength;
        if (sniffer.awaitsLogin()) {
            sniffer.loginBegins(sequence, packetLength);
            part = Part.LOGIN;
            return Handshake.MOST;
        }
        if (sniffer.readsFile()) {
            part = Part.FILE;
            fileEnds = packetLength == 0;
            return 0;
        }
        if (sniffer.authenticates() && sequence != 0) {
            part = Part.AUTH;
            return 0;
        }
        part = Part.COMMAND;
        if (first < 0 || sequence != 0 && !sniffer.compressed()) {
            throw new SniffException("sequence");
        }
        return command(first);
    }

    private int command(int first) {
        Command begun = sniffer.command();
        command = begun;
        code = first;
        begun.code = first;
        begun.operation = Commands.operation(first);
        begun.start = sniffer.now();
        return switch (first) {
            case Commands.QUERY -> 1 + ATTRIBUTES + loop.settings.maxStatement();
            case Commands.STMT_PREPARE -> 1 + loop.settings.maxStatement();
            case Commands.INIT_DB -> 1 + Loop.NAME;
            case Commands.CHANGE_USER -> Handshake.MOST;
            case Commands.STMT_EXECUTE -> session.can(Capability.QUERY_ATTRIBUTES) ? EXECUTE_MOST : EXECUTE_HEAD;
            default -> EXECUTE_HEAD;
        };
    }

    @Override
    public void head(byte[] a, int from, int to) {
        Payload p = loop.payload.of(a, from, to);
        if (part == Part.LOGIN) {
            sniffer.login(p, length);
            return;
        }
        Command c = command;
        if (c == null) {
            return;
        }
        p.pos++;
        boolean cut = length > to - from;
        switch (code) {
            case Commands.QUERY -> query(c, p, cut);
            case Commands.STMT_PREPARE -> {
                statement(c, p, cut);
                Prepared prepared = new Prepared(c.sql, c.text, c.secret);
                c.prepared = prepared;
                session.preparing(prepared);
            }
            case Commands.STMT_EXECUTE, Commands.STMT_BULK_EXECUTE -> execute(c, p);
            case Commands.STMT_FETCH, Commands.STMT_SEND_LONG_DATA, Commands.STMT_RESET -> prepared(c, p);
            case Commands.STMT_CLOSE -> {
                int id = (int) p.u4();
                c.prepared = session.statement(id);
                take(c);
                session.closed(id);
            }
            case Commands.INIT_DB -> c.schema = p.text(p.left(), Loop.NAME);
            case Commands.CHANGE_USER -> {
                Handshake.changeUser(p, session, c);
                c.changesCharset = true;
                session.charsetChanges();
                c.user = Handshake.present(loop, c.user);
                c.app = Handshake.present(loop, c.app);
            }
            case Commands.RESET_CONNECTION -> {
                c.changesCharset = true;
                session.charsetChanges();
            }
            default -> {}
        }
    }

    // ---- statements

    private void query(Command c, Payload p, boolean cut) {
        boolean attributes = session.can(Capability.QUERY_ATTRIBUTES)
                || !session.greeted && p.left() > 0 && p.bytes[p.pos] >= 0 && p.bytes[p.pos] <= NOT_SQL;
        if (attributes) {
            c.trace = QueryAttributes.beforeText(p);
            if (p.short_) {
                c.secret = true; // longer than what is looked at: nothing is known of the text
                return;
            }
        }
        effects(c, p, statement(c, p, cut));
    }

    /** What the statement makes of the session, if it succeeds. */
    private void effects(Command c, Payload p, SqlStatement sql) {
        if (sql.kind() == SqlStatement.Kind.USE || sql.several()) {
            c.schema = UseStatements.last(sql.text(), Integer.MAX_VALUE);
        }
        if (sql.kind() == SqlStatement.Kind.SET || sql.several()) {
            String text = new String(p.bytes, p.pos, Math.min(p.left(), 512), StandardCharsets.ISO_8859_1);
            changesMode(c, SqlModes.ansiQuotes(sql.text(), text));
            changesCharset(c, Charsets.after(sql.text(), text));
        }
    }

    private void changesMode(Command c, int ansiQuotes) {
        if (ansiQuotes >= 0) {
            c.ansiQuotes = ansiQuotes;
            c.changesMode = true;
            session.modeChanges();
        }
    }

    private void changesCharset(Command c, @Nullable SqlCharset to) {
        if (to != null) {
            c.charset = to;
            c.changesCharset = true;
            session.charsetChanges();
        }
    }

    /** Answers with all of the statement; what is shown of it may be less. */
    private SqlStatement statement(Command c, Payload p, boolean cut) {
        int most = Math.min(p.left(), loop.settings.maxStatement());
        boolean beyond = cut || most < p.left();
        SqlMode mode = session.mode();
        if (mode.ansiQuotes() && Secrets.quotesMayHold(p.bytes, p.pos, most)) {
            mode = Loop.mode(false, mode.noBackslashEscapes(), mode.charset());
        }
        SqlStatement all = normalized(p, most, mode, beyond);
        SqlStatement sql = all;
        if (sql.several() && Charsets.changes(sql.text())) {
            // The server reads what is behind the change with the new character set.
            mode = Loop.mode(mode.ansiQuotes(), mode.noBackslashEscapes(), SqlCharset.UNKNOWN);
            sql = normalized(p, most, mode, beyond);
        }
        if (!session.knowsEscapes() || sql.several() && SqlModes.changes(all.text())) {
            // Where a string ends depends on whether a backslash escapes, and that is not known.
            int certain = untilBackslash(p, most);
            if (certain < most) {
                most = certain;
                beyond = true;
                sql = normalized(p, most, mode, true);
            }
        }
        c.sql = sql;
        if (c.trace == null && loop.normalizer.hasTrace()) {
            c.trace = loop.normalizer.traceId();
        }
        shown(c, p, sql, most);
        long bytes = (known ? 0 : sql.bytes()) + (c.text == null ? 0 : 2L * c.text.length());
        if (bytes > 0 && !loop.charge(c, bytes)) {
            throw new SniffException("pending");
        }
        return all;
    }

    private SqlStatement normalized(Payload p, int length, SqlMode mode, boolean cut) {
        loop.normalizer.normalize(p.bytes, p.pos, length, mode, cut);
        SqlStatement same = sniffer.digests().find(loop.normalizer.id());
        known = same != null;
        return same != null ? same : loop.normalizer.statement();
    }

    private static int untilBackslash(Payload p, int most) {
        int length = 0;
        while (length < most && p.bytes[p.pos + length] != '\\') {
            length++;
        }
        return length;
    }

    private void shown(Command c, Payload p, SqlStatement sql, int length) {
        if (loop.settings.statements() || loop.settings.messages()) {
            c.secret = Secrets.mayHold(sql, p.bytes, p.pos, length);
        }
        if (loop.settings.statements()) {
            c.text = c.secret ? sql.text() : new String(p.bytes, p.pos, Math.min(length, TEXT), StandardCharsets.UTF_8);
        }
    }

    private void execute(Command c, Payload p) {
        Prepared prepared = prepared(c, p);
        if (prepared == null) {
            c.unknownStatement = true;
            loop.counters.unknown().increment();
            return;
        }
        SqlStatement sql = prepared.sql;
        if (sql != null && sql.verb().equals("SET")) {
            if (SqlModes.changes(sql.text())) {
                changesMode(c, 0); // to what is in a parameter: rather strings than names
            }
            changesCharset(c, Charsets.changes(sql.text()) ? SqlCharset.UNKNOWN : null); // as above
        }
        if (code == Commands.STMT_EXECUTE && session.can(Capability.QUERY_ATTRIBUTES)) {
            boolean attributes = (p.u1() & ATTRIBUTES_SENT) != 0;
            p.skip(4); // iteration count
            if (attributes || prepared.traceAt >= 0) {
                c.trace = QueryAttributes.ofExecute(p, prepared, attributes);
            }
        }
    }

    private @Nullable Prepared prepared(Command c, Payload p) {
        c.prepared = session.statement((int) p.u4());
        take(c);
        return c.prepared;
    }

    private static void take(Command c) {
        Prepared prepared = c.prepared;
        if (prepared != null) {
            c.sql = prepared.sql;
            c.text = prepared.text;
            c.secret = prepared.secret;
        }
    }

    // ---- ends

    @Override
    public void end(long payload) {
        long size = sniffer.chargeRequest(payload);
        switch (part) {
            case LOGIN, AUTH -> sniffer.authenticated(size, part == Part.LOGIN);
            case FILE -> sniffer.fileRead(size, fileEnds);
            default -> {
                Command c = command;
                command = null;
                if (c != null) {
                    c.sent = sniffer.now();
                    c.requestBytes = size;
                    sniffer.asked(c);
                }
            }
        }
    }

    /** The command that is only half there, if any; the caller's from now on. */
    @Nullable
    Command takeHalf() {
        Command half = command;
        command = null;
        return half;
    }

    boolean half() {
        return command != null;
    }
}
