package dev.weir.mysql;

import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.sql.DigestTable;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Turns the bytes of one connection into exchanges: {@link Requests} and {@link Answers} read the two streams, commands wait
 * here, in their order, for their answers.
 */
final class MysqlSniffer implements Sniffer, AnswerOwner {
    private static final int TLS_HANDSHAKE = 0x16;
    private static final int TLS_MAJOR = 3;

    /** Unwinds the running call: the sniffer has stopped. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Stopped() {
            super("stopped", null, false, false);
        }
    }

    private final Loop loop;
    private final Session session;
    private final Emitter emitter;
    private final Requests requests;
    private final Answers answers;
    private final Stream client;
    private final Stream server;

    private @Nullable SnifferContext context;
    private long now;
    private boolean off;
    private boolean begun;
    /** From the greeting until the client has answered it. */
    private boolean awaitsLogin;

    /** The client has asked for TLS. */
    private boolean tlsAsked;
    /** What ends now is that request. */
    private boolean answerFollows;

    private boolean readsFile;
    /** Nothing is known of what is on its way, for lack of an inflater. */
    private boolean lost;
    /** More than one command was on its way at a time: so a later one does not show that all is answered. */
    private boolean pipelined;

    private @Nullable Command head;
    private @Nullable Command tail;
    private int waiting;

    MysqlSniffer(Loop loop, Connection connection) {
        this.loop = loop;
        this.session = new Session(loop, connection);
        this.emitter = new Emitter(loop, session, connection);
        this.requests = new Requests(loop, session, this);
        this.answers = new Answers(loop, session, this);
        this.client = new Stream(loop, requests);
        this.server = new Stream(loop, answers);
    }

    @Override
    public void onOpen(SnifferContext opened) {
        context = opened;
        emitter.open(opened.exchanges());
    }

    @Override
    public void onBytes(Direction direction, ByteBuf data, long nanos) {
        if (off) {
            return;
        }
        now = nanos;
        int from = data.readerIndex();
        int to = data.writerIndex();
        try {
            if (direction == Direction.TO_UPSTREAM) {
                if (!begun) {
                    begun = true;
                    lookAtFirst(data, from, to);
                }
                client.feed(data, from, to);
            } else {
                server.feed(data, from, to);
            }
        } catch (Stopped stopped) {
            stop();
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    /** In this protocol the server speaks first; a client that does is another one's, or was joined in mid-stream. */
    private void lookAtFirst(ByteBuf data, int from, int to) {
        if (!answers.greets()) {
            return;
        }
        // A packet of 22 bytes begins with the same byte, but not with TLS's version behind it.
        if (data.getByte(from) == TLS_HANDSHAKE && (to - from < 2 || data.getByte(from + 1) == TLS_MAJOR)) {
            context().encrypted();
            throw new Stopped();
        }
        // The X protocol: length of a type alone, and the type: CapabilitiesGet.
        if (to - from >= 5 && data.getIntLE(from) == 1 && data.getByte(from + 4) == 1) {
            opaque("x_protocol");
        }
        answers.answer(null);
    }

    @Override
    public boolean idle() {
        return off
                || head == null
                        && !requests.half()
                        && !emitter.inTransaction()
                        && client.atBoundary()
                        && server.atBoundary();
    }

    @Override
    public void onClose(CloseReason reason, long nanos) {
        stop();
        now = nanos;
        if (awaitsLogin) {
            drop();
        }
        while (head != null) {
            Command c = take();
            emitter.emit(c, Exchange.Status.NO_REPLY, nanos);
            loop.giveBack(c);
        }
        Command half = requests.takeHalf();
        if (half != null) {
            loop.giveBack(half);
        }
        session.forgetStatements();
    }

    /** What is open stays until {@link #onClose}. */
    private void stop() {
        off = true;
        client.release();
        server.release();
    }

    private SnifferContext context() {
        if (context == null) {
            throw new IllegalStateException("onOpen was not called");
        }
        return context;
    }

    // ---- for both

    @Override
    public long now() {
        return now;
    }

    DigestTable digests() {
        return emitter.digests();
    }

    @Override
    public void opaque(String reason) {
        context().opaque(reason);
        throw new Stopped();
    }

    // ---- the queue

    /** A command that begins. */
    Command command() {
        Command command = waiting >= loop.settings.maxPending() ? null : loop.command();
        if (command == null) {
            throw new SniffException("pending");
        }
        return command;
    }

    private void put(Command command) {
        Command last = tail;
        if (last == null) {
            head = command;
        } else {
            last.next = command;
            pipelined = true;
        }
        tail = command;
        waiting++;
        if (last == null) {
            answers.answer(command);
        }
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

    private void drop() {
        while (head != null) {
            loop.giveBack(take());
        }
    }

    // ---- the connection phase

    /** Whether the next packet of the client is its answer to the greeting. */
    boolean awaitsLogin() {
        return awaitsLogin;
    }

    boolean authenticates() {
        return answers.authenticates();
    }

    @Override
    public void greeted(long size) {
        Command login = command();
        login.code = Commands.LOGIN;
        login.operation = Commands.operation(Commands.LOGIN);
        login.start = now;
        login.sent = now;
        login.responseBytes = size;
        awaitsLogin = true;
        put(login);
    }

    @Override
    public @Nullable Command refused() {
        if (!answers.greets()) {
            return null;
        }
        greeted(0);
        return head;
    }

    @Override
    public void refusedAtOnce(long size) {
        awaitsLogin = false;
        Command login = head;
        if (login != null) {
            login.responseBytes = size;
            answered(login);
        }
    }

    /** The client's answer to the greeting begins, or what follows a request for TLS. */
    void loginBegins(int sequence, int length) {
        if (tlsAsked && Handshake.isTls(sequence, length)) {
            context().encrypted();
            throw new Stopped();
        }
    }

    /** The client's answer to the greeting. */
    void login(Payload p, int length) {
        Command login = head;
        if (!tlsAsked && Handshake.asksForTls(p, length)) {
            tlsAsked = true;
            answerFollows = true;
            return;
        }
        if (login != null) {
            Handshake.response(p, session, login);
            login.user = Handshake.present(loop, login.user);
            login.app = Handshake.present(loop, login.app);
            login.schema = Handshake.present(loop, login.schema);
        }
    }

    /** A packet of the client in the connection phase, or of a change of user, ended. */
    void authenticated(long size, boolean answersGreeting) {
        Command login = head;
        if (login != null) {
            login.requestBytes += size;
            if (answersGreeting && !answerFollows) {
                awaitsLogin = false;
                login.sent = now;
                login.first = Command.UNKNOWN;
            }
        }
        answerFollows = false;
    }

    // ---- requests

    boolean compressed() {
        return client.compressed();
    }

    long chargeRequest(long length) {
        return client.charge(length);
    }

    /** A command is complete. */
    void asked(Command command) {
        if (Commands.silent(command.code)) {
            emitter.emit(command, Exchange.Status.NO_REPLY, now);
            loop.giveBack(command);
        } else {
            put(command);
        }
    }

    /** Whether what the client sends is a file, not a command. */
    boolean readsFile() {
        return readsFile;
    }

    void fileRead(long size, boolean ends) {
        Command c = head;
        if (c != null) {
            c.requestBytes += size;
            if (ends) {
                c.sent = now;
                c.first = Command.UNKNOWN;
            }
        }
        readsFile = !ends;
    }

    // ---- answers

    @Override
    public void rows(boolean on) {
        server.packets.runs(on);
    }

    @Override
    public long chargeAnswer(long length) {
        return server.charge(length);
    }

    @Override
    public long chargeRows(int bytes) {
        return server.chargeRun(bytes);
    }

    @Override
    public void answeredEarly(boolean error) {
        if (!error) {
            throw new SniffException("unsolicited");
        }
        Command half = requests.takeHalf();
        if (half == null) {
            loop.counters.unsolicited().increment();
        } else {
            half.sent = now;
            put(half);
        }
    }

    @Override
    public void prepared(Command command, int id, int parameters) {
        if (command.prepared != null) {
            session.prepared(command.prepared, id, parameters);
        }
    }

    @Override
    public void fileAsked() {
        if (waiting > 1 || requests.half()) {
            throw new SniffException("pipelined_file");
        }
        readsFile = true;
    }

    @Override
    public void streams() {
        Command c = take();
        emitter.emitStream(c, now);
        loop.giveBack(c);
        opaque("replication");
    }

    @Override
    public void answered(Command c) {
        readsFile = false;
        take();
        c.byWeir = context().madeByWeir();
        if (c.failed && c.code == Commands.STMT_PREPARE && c.prepared != null) {
            session.notPrepared(c.prepared);
        }
        emitter.emit(c, c.failed ? Exchange.Status.ERROR : Exchange.Status.OK, now);
        if (c.code == Commands.LOGIN && !c.failed) {
            compress();
        }
        loop.giveBack(c);
        answers.answer(head);
    }

    // ---- compression

    /** From the end of the connection phase on, if both sides can: zlib before zstd. */
    private void compress() {
        Format format =
                session.can(Capability.COMPRESS) ? Format.ZLIB : session.can(Capability.ZSTD) ? Format.ZSTD : null;
        if (format != null) {
            client.compressed(
                    format,
                    new CompressedFrames.Owner() {
                        @Override
                        public boolean frame(int sequence, long size) {
                            return !lost || sequence == 0 && found();
                        }

                        @Override
                        public void lost() {
                            lose();
                        }
                    },
                    false);
            server.compressed(
                    format,
                    new CompressedFrames.Owner() {
                        @Override
                        public boolean frame(int sequence, long size) {
                            return !lost;
                        }

                        @Override
                        public void lost() {
                            lose();
                        }
                    },
                    false);
        }
    }

    /** A frame cannot be inflated: what it holds is unknown, and so is what is open. */
    private void lose() {
        lost = true;
        loop.counters.lossy().increment();
        readsFile = false;
        Command half = requests.takeHalf();
        if (half != null) {
            loop.giveBack(half);
        }
        drop();
        client.lose();
        server.lose();
        emitter.lost();
    }

    /** A client that waits for each answer begins a command: all before it is answered. */
    private boolean found() {
        if (pipelined) {
            throw new SniffException("no_inflater");
        }
        lost = false;
        answers.answer(null);
        return true;
    }
}
