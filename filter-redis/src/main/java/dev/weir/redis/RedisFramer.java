package dev.weir.redis;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandFramer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one connection into commands and answers for the command gate, with the cursors and the pairing of the sniffer.
 *
 * <p>A refused command leaves no trace upstream, with two exceptions, for which something else is sent in its place:
 *
 * <ul>
 *   <li>in a transaction, a command that the server refuses (GET without a key), so that EXEC answers EXECABORT, as if
 *       the server itself had refused the command when it was queued; for a refused EXEC, DISCARD;
 *   <li>behind CLIENT REPLY SKIP, a PING, so that it is this one whose answer is skipped.
 * </ul>
 *
 * The answer to it is dropped.
 */
final class RedisFramer implements CommandFramer, Command, PairingObserver {
    private static final int TLS_HANDSHAKE = 0x16;

    /** What the next bytes from the upstream are. */
    private enum Part {
        UNKNOWN,
        ANSWER,
        NEUTRAL,
        DROPPED
    }

    private final Loop loop;
    private final Session session;
    private final Pairing pairing;
    private final RequestCursor requests;
    private final HeadScout scout;
    private final RespCursor answers;

    private int length;
    private boolean begun;
    private boolean inCommand;
    private boolean upstream;
    private @Nullable String namespace;
    /** Database or user may change with answers still to come; at the latest when nothing is open any more. */
    private boolean changing;
    /** They will in the open transaction, if it is executed: until then nobody knows where its commands will run. */
    private boolean queuedChange;
    /** They may have changed without an answer that would tell. */
    private boolean unsure;

    private @Nullable String standIn;
    private Part part = Part.UNKNOWN;
    /** Ends still to be told of, and the length of the last one. */
    private int ends;

    private int lastLength;

    RedisFramer(Loop loop, Session session) {
        this.loop = loop;
        this.session = session;
        this.pairing = new Pairing(loop, session, this);
        this.requests = new RequestCursor(loop, pairing.requests().arguments());
        this.scout = new HeadScout(loop);
        this.answers = new RespCursor(loop);
    }

    // ---- requests

    @Override
    public Step request(ByteBuf data) {
        int from = data.readerIndex();
        int to = data.writerIndex();
        length = 0;
        if (pairing.replication() || !begun && from < to && data.getByte(from) == TLS_HANDSHAKE) {
            return Step.OPAQUE;
        }
        if (from == to) {
            return Step.MORE;
        }
        begun = true;
        if (!inCommand) {
            if (!scout.look(data, from, to)) {
                return Step.MORE;
            }
            if (scout.count() != 0) {
                return Step.HEAD;
            }
        }
        int end = requests.step(data, from, to);
        length = end - from;
        if (!requests.complete()) {
            return Step.PART;
        }
        if (requests.count() == 0) {
            pairing.requested(requests.info(), 0, length, 0, 0);
            return Step.NEUTRAL;
        }
        commandEnded();
        return Step.END;
    }

    private void commandEnded() {
        CommandArguments arguments = pairing.requests().arguments();
        if (upstream) {
            if (requests.info().changesSession()) {
                changes(requests.info(), arguments);
            }
            pairing.requested(requests.info(), requests.count(), requests.size(), 0, 0);
        } else {
            arguments.forgetChannels();
            arguments.release();
        }
        inCommand = false;
    }

    private void changes(CommandInfo info, CommandArguments arguments) {
        if (info.kind == CommandInfo.Kind.SELECT && arguments.value() >= 0) {
            namespace = Loop.database(arguments.value());
        }
        ReplyMode mode = pairing.requests().mode();
        changing = true;
        queuedChange |= mode.queues() && info.kind != CommandInfo.Kind.RESET;
        unsure |= !mode.plain();
    }

    @Override
    public boolean settled() {
        if (changing && pairing.idle()) {
            changing = false;
            queuedChange = false;
        }
        return !changing || !pairing.anyOpen();
    }

    @Override
    public Command command() {
        return this;
    }

    @Override
    public String name() {
        return scout.info().operation.name();
    }

    /** The database the command will run in if what was sent before it succeeds, and in no other one. */
    @Override
    public @Nullable String namespace() {
        settled();
        if (!scout.info().confined || unsure || queuedChange) {
            return null;
        }
        if (!changing || namespace == null) {
            namespace = session.namespace();
        }
        return namespace;
    }

    /** Who has not logged in is the server's default user. */
    @Override
    public @Nullable String user() {
        settled();
        if (changing || unsure) {
            return null;
        }
        String user = session.user();
        return user == null ? Session.DEFAULT_USER : user;
    }

    @Override
    public boolean readOnly() {
        return scout.info().read;
    }

    @Override
    public Kind kind() {
        return scout.info().role;
    }

    @Override
    public int decided(boolean letThrough) {
        inCommand = true;
        upstream = letThrough;
        ReplyMode mode = pairing.requests().mode();
        boolean answered = mode.answers(scout.info(), scout.count(), scout.word()) && !scout.silent();
        standIn = null;
        if (!letThrough) {
            if (mode.queues()) {
                standIn = scout.info().kind == CommandInfo.Kind.EXEC ? "DISCARD" : "GET";
            } else if (mode.skips()) {
                standIn = "PING";
            }
            CommandInfo instead = standIn == null ? null : loop.table.find(standIn);
            if (instead != null) {
                pairing.sentInstead(instead);
                pairing.rest();
            }
        }
        return answered ? 1 : 0;
    }

    @Override
    public @Nullable ByteBuf standIn(ByteBufAllocator allocator) {
        String name = standIn;
        standIn = null;
        return name == null
                ? null
                : ByteBufUtil.writeAscii(allocator, "*1\r\n$" + name.length() + "\r\n" + name + "\r\n");
    }

    @Override
    public ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message) {
        String text = "-" + (code == null ? "ERR" : code) + " " + message;
        return ByteBufUtil.writeUtf8(allocator, text.replaceAll("[\\r\\n]+", " ") + "\r\n");
    }

    // ---- answers

    @Override
    public Step answer(ByteBuf data) {
        int from = data.readerIndex();
        int to = data.writerIndex();
        length = 0;
        if (ends > 0) {
            ends--;
            length = ends == 0 ? lastLength : 0;
            return Step.END;
        }
        if (pairing.replication()) {
            return Step.OPAQUE;
        }
        if (from == to) {
            return Step.MORE;
        }
        if (answers.atBoundary()) {
            if (pairing.replicationMayBegin()) {
                byte first = data.getByte(from);
                if (first == '\n') {
                    length = 1;
                    return Step.NEUTRAL;
                }
                if (first == '$') {
                    pairing.replicationBegins(false, 0);
                    return Step.OPAQUE;
                }
            }
            part = classify(data, from, to);
            if (part == Part.UNKNOWN) {
                return Step.MORE;
            }
            answers.watchTexts(pairing.readsTexts());
            answers.watchElements(pairing.readsElements());
        }
        return walk(data, from, to);
    }

    private Step walk(ByteBuf data, int from, int to) {
        int i = from;
        RespCursor.Event event = RespCursor.Event.ELEMENT;
        while (event == RespCursor.Event.ELEMENT) {
            event = answers.step(data, i, to);
            i = answers.position();
            RespValue value = answers.value();
            if (event == RespCursor.Event.ELEMENT || value.lastElement && pairing.readsElements()) {
                pairing.element(value, 0, false);
            }
        }
        length = i - from;
        int answered = 0;
        if (event == RespCursor.Event.VALUE) {
            pairing.answered(answers.value(), length, 0, false, 0);
            answered = pairing.takeAnswered();
            pairing.rest();
        }
        answers.release();
        if (part != Part.ANSWER) {
            return part == Part.NEUTRAL ? Step.NEUTRAL : Step.DROP;
        }
        if (answered > 1) {
            ends = answered - 1;
            lastLength = length;
            length = 0;
        }
        return answered == 0 ? Step.PART : Step.END;
    }

    /** Whether a value that begins at {@code from} is an answer, as far as its first bytes tell. */
    private Part classify(ByteBuf data, int from, int to) {
        byte first = data.getByte(from);
        int flags = pairing.oldestFlags();
        Part ordinary = flags < 0 ? Part.NEUTRAL : (flags & PendingRing.STAND_IN) != 0 ? Part.DROPPED : Part.ANSWER;
        if (first == '>' || first == '*' && pairing.arraysMayBeMessages()) {
            PubSub.Kind kind = MessagePeek.kind(data, from, to);
            if (kind == null) {
                return Part.UNKNOWN;
            }
            if (pairing.confirmsOldest(kind)) {
                return Part.ANSWER;
            }
            return first == '>' || kind != PubSub.Kind.NONE && pairing.subscribed() ? Part.NEUTRAL : ordinary;
        }
        if (first == '+' && pairing.monitoring()) {
            if (to - from < 2) {
                return Part.UNKNOWN;
            }
            byte second = data.getByte(from + 1);
            return second >= '0' && second <= '9' ? Part.NEUTRAL : ordinary;
        }
        return ordinary;
    }

    @Override
    public boolean betweenAnswers() {
        return answers.atBoundary() && ends == 0;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void ended(CommandInfo info, PendingRing ring, @Nullable Note note, Outcome outcome) {
        // The gate makes no exchanges.
    }

    @Override
    public void close() {
        requests.release();
        answers.release();
        pairing.close();
    }
}
