package dev.weir.mysql;

import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.protocol.CommandFramer.Step;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlScan;
import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of a connection at a command gate: the commands that wait for their answers, in order, and what these
 * answers make of the session.
 */
final class GateAnswers implements AnswerOwner {
    /** Most commands that may wait; further ones are held. */
    private static final int MAX_WAITING = 1_024;

    /** Takes every frame. */
    static final CompressedFrames.Owner EVERY_FRAME = new CompressedFrames.Owner() {
        @Override
        public boolean frame(int sequence, long size) {
            return true;
        }

        @Override
        public void lost() {
            throw new SniffException("no_room");
        }
    };

    private final Loop loop;
    private final Session session;
    private final GateStatements statements;
    private final Answers answers;
    private final Stream server;
    private final Consumer<Format> compression;

    private @Nullable Command head;
    private @Nullable Command tail;
    private int waiting;
    private @Nullable Command login;
    private boolean authenticationAsked;
    private boolean readsFile;
    private boolean streams;

    /** What the bytes from the server are, until an answer ends. */
    private @Nullable Step part;

    /** Answers that ended in the running step, or frame. */
    private int ended;

    private int length;

    /**
     * Makes it.
     *
     * @param compression told when the login is over and the client's next byte begins a compressed frame
     */
    GateAnswers(Loop loop, Session session, GateStatements statements, Consumer<Format> compression) {
        this.loop = loop;
        this.session = session;
        this.statements = statements;
        this.answers = new Answers(loop, session, this);
        this.server = new Stream(loop, answers);
        this.compression = compression;
    }

    // ---- for the client's side

    /** Whether the server is still to say the first word. */
    boolean greets() {
        return answers.greets();
    }

    /** The login, if the client's next packet is its answer to the greeting. */
    @Nullable
    Command awaitsLogin() {
        return login;
    }

    void loginSent() {
        login = null;
    }

    /** Whether a login, or a change of user, is under way. */
    boolean authenticates() {
        return answers.authenticates();
    }

    /** Whether the server waits for a packet of it; not any more then. */
    boolean takeAuthenticationAsked() {
        boolean asked = authenticationAsked;
        authenticationAsked = false;
        return asked;
    }

    /** Whether what the client sends is a file, not a command. */
    boolean readsFile() {
        return readsFile;
    }

    void fileEnds() {
        readsFile = false;
    }

    /** Whether there are no commands any more. */
    boolean endless() {
        return streams;
    }

    /** Whether the next command has to wait for an answer. */
    boolean holds() {
        return waiting >= MAX_WAITING || tail != null && (tail.effects & SqlScan.WAIT) != 0;
    }

    boolean idle() {
        return head == null;
    }

    void put(Command command) {
        Command last = tail;
        tail = command;
        waiting++;
        if (last == null) {
            head = command;
            answers.answer(command);
        } else {
            last.next = command;
        }
    }

    // ---- steps

    Step step(ByteBuf data) {
        int from = data.readerIndex();
        int to = data.writerIndex();
        length = 0;
        if (streams) {
            return Step.OPAQUE;
        }
        if (from == to) {
            return Step.MORE;
        }
        Step is = part;
        if (is == null) {
            Command c = head;
            is = c == null || c.code == Commands.LOGIN ? Step.NEUTRAL : c.standIn ? Step.DROP : Step.PART;
            part = is;
        }
        length = server.step(data, from, to) - from;
        if (!server.atFrameEnd()) {
            return is;
        }
        boolean ends = ended > 0;
        if (ends && (ended > 1 || !betweenAnswers())) {
            throw new SniffException("frames"); // there is no place between these answers
        }
        ended = 0;
        if (ends || is == Step.NEUTRAL) {
            part = null;
        }
        return ends && is == Step.PART ? Step.END : is;
    }

    int length() {
        return length;
    }

    boolean betweenAnswers() {
        return server.atBoundary() && !answers.begun();
    }

    /** The connection has ended. */
    void close() {
        server.release();
        while (head != null) {
            loop.giveBack(take());
        }
        login = null;
    }

    private Command take() {
        Command first = head;
        if (first == null) {
            throw new IllegalStateException("no command waits");
        }
        head = first.next;
        if (head == null) {
            tail = null;
        }
        first.next = null;
        waiting--;
        return first;
    }

    // ---- what the answers say

    @Override
    public long now() {
        return 0;
    }

    @Override
    public void rows(boolean on) {
        server.packets.runs(on);
    }

    @Override
    public long chargeAnswer(long bytes) {
        return 0;
    }

    @Override
    public long chargeRows(int bytes) {
        return 0;
    }

    @Override
    public void answeredEarly(boolean error) {
        if (!error) {
            throw new SniffException("unsolicited");
        }
    }

    @Override
    public void opaque(String reason) {
        throw new SniffException(reason);
    }

    @Override
    public void greeted(long size) {
        Command command = loop.command();
        if (command == null) {
            throw new SniffException("pending");
        }
        command.code = Commands.LOGIN;
        command.effects = SqlScan.WAIT;
        login = command;
        put(command);
        server.packets.pause();
    }

    @Override
    public @Nullable Command refused() {
        return null;
    }

    @Override
    public void refusedAtOnce(long size) {
        // Nothing else will come.
    }

    @Override
    public void authenticationAsked() {
        authenticationAsked = true;
    }

    @Override
    public void prepared(Command command, int id, int parameters) {
        if (command.prepares != null) {
            statements.prepared(command.prepares, id);
        }
    }

    @Override
    public void fileAsked() {
        if (waiting > 1) {
            throw new SniffException("pipelined_file");
        }
        readsFile = true;
    }

    @Override
    public void streams() {
        streams = true;
        server.packets.pause();
    }

    @Override
    public void answered(Command command) {
        if (readsFile) {
            throw new SniffException("file"); // what the client sends would be taken for a file still
        }
        take();
        ended++;
        authenticationAsked = false;
        if (command.failed) {
            failed(command);
        } else {
            succeeded(command);
        }
        answers.answer(head);
        server.packets.pause();
        if (command.code == Commands.LOGIN && !command.failed) {
            compress();
        }
        loop.giveBack(command);
    }

    private void compress() {
        Format format =
                session.can(Capability.COMPRESS) ? Format.ZLIB : session.can(Capability.ZSTD) ? Format.ZSTD : null;
        if (format != null) {
            server.compressed(format, EVERY_FRAME, false);
            compression.accept(format);
        }
    }

    // ---- the session

    private void succeeded(Command c) {
        switch (c.code) {
            case Commands.LOGIN, Commands.CHANGE_USER -> {
                session.loggedIn(c.user, c.app, c.schema, c.charset);
                statements.clear();
            }
            case Commands.RESET_CONNECTION -> {
                statements.clear();
                session.resetCharset();
                schema(c);
            }
            default -> {
                schema(c);
                if ((c.effects & SqlScan.CHARSET) != 0) {
                    session.charset(c.charset != null ? c.charset : SqlCharset.UNKNOWN);
                }
            }
        }
        if (!c.anything) {
            session.charset(c.trackedCharset);
        }
        if (c.several >= 0) {
            session.several(c.several > 0);
        }
    }

    private void schema(Command c) {
        boolean switches = (c.effects & SqlScan.SCHEMA) != 0;
        if (switches && (c.anything || c.schema == null)) {
            session.namespace(null);
        } else if (c.schema != null && (switches || c.tracked)) {
            session.namespace(c.schema);
        }
    }

    /** What was done before it failed is not known, unless it is a single thing. */
    private void failed(Command c) {
        if ((c.effects & SqlScan.WAIT) != 0) {
            session.escapesInDoubt();
        }
        if ((c.effects & SqlScan.SCHEMA) != 0 && (c.anything || c.schema == null)) {
            session.namespace(null);
        }
        if ((c.effects & SqlScan.CHARSET) != 0 && (c.anything || c.charset == null)) {
            session.charset(SqlCharset.UNKNOWN);
        }
    }
}
