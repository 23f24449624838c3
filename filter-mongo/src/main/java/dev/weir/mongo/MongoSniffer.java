package dev.weir.mongo;

import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns the bytes of one connection into exchanges: requests wait here, by their id, for the answers that name it. The answers of a stream name
 * the one before (or, from some servers, the request throughout).
 */
final class MongoSniffer implements Sniffer {
    /** A handshake, version 3: as the length of a message it may come with an opcode, as TLS it does not. */
    private static final int TLS = 0x0316;

    private final Loop loop;
    private final Session session;
    private final Emitter emitter;
    private final CommandFields commandFields;
    private final AnswerFields answerFields;
    private final MessageReader requests;
    private final MessageReader answers;

    private @Nullable SnifferContext context;
    private long now;
    private boolean off;
    private boolean begun;
    private long requestBegan;
    private long answerBegan;

    /** The request that arrives, and the one whose answer arrives; null where it belongs to none. */
    private @Nullable Command asking;

    private @Nullable Command answering;
    private int answerId;
    private int answerBytes;

    /** What waits for an answer: mostly one command; more of them by their ids. */
    private @Nullable Command only;

    private @Nullable IntObjectHashMap<Command> waiting;
    /** How many there have been in it. */
    private int most;

    MongoSniffer(Loop loop, Connection connection) {
        this.loop = loop;
        this.session = new Session(connection, loop.topology);
        this.emitter = new Emitter(loop, session, connection);
        this.commandFields = new CommandFields(loop, session);
        this.answerFields = new AnswerFields(loop);
        this.requests = new MessageReader(loop, new Requests(), true);
        this.answers = new MessageReader(loop, new Answers(), false);
    }

    @Override
    public void onOpen(SnifferContext opened) {
        context = opened;
        emitter.open(opened.exchanges());
    }

    private SnifferContext context() {
        if (context == null) {
            throw new IllegalStateException("onOpen was not called");
        }
        return context;
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
                if (requests.atBoundary()) {
                    requestBegan = nanos;
                }
                requests.feed(data, from, to);
            } else {
                if (answers.atBoundary()) {
                    answerBegan = nanos;
                }
                answers.feed(data, from, to);
            }
        } catch (RuntimeException e) {
            stop();
            if (!begun && requests.begins(TLS)) {
                context().encrypted();
                return;
            }
            throw e;
        }
    }

    @Override
    public boolean idle() {
        return off || requests.atBoundary() && answers.atBoundary() && (waiting == null ? rests(only) : allRest());
    }

    /** Whether nothing but greetings that wait for news are open: those may end at any time. */
    private static boolean rests(@Nullable Command c) {
        return c == null || c.streams || c.waits && c.code != Commands.GET_MORE;
    }

    private boolean allRest() {
        if (waiting != null) {
            for (Command c : waiting.values()) {
                if (!rests(c)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void onClose(CloseReason reason, long nanos) {
        stop();
        now = nanos;
        if (asking != null) {
            loop.giveBack(asking);
            asking = null;
        }
        if (answering != null) {
            abandon(answering);
            answering = null;
        }
        if (only != null) {
            abandon(only);
            only = null;
        }
        if (waiting != null) {
            waiting.values().forEach(this::abandon);
            waiting = null;
        }
        session.closed(reason == CloseReason.CLIENT_CLOSED, nanos);
    }

    private void abandon(Command c) {
        if (!c.streams) {
            emitter.emit(c, Status.NO_REPLY, now);
        }
        loop.giveBack(c);
    }

    /** What is open stays until {@link #onClose}. */
    private void stop() {
        off = true;
        requests.release();
        answers.release();
        commandFields.release();
    }

    // ---- what waits

    private void put(Command c) {
        IntObjectHashMap<Command> map = waiting;
        if (map == null) {
            if (only == null) {
                only = c;
                return;
            }
            map = loop.waiting();
            map.put(key(only), only);
            most = 0;
            waiting = map;
            only = null;
        }
        Command same = map.put(key(c), c);
        if (same != null) {
            abandon(same); // nobody could tell their answers apart
        }
        most = Math.max(most, map.size());
    }

    private static int key(Command c) {
        return c.streams ? c.previousAnswer : c.requestId;
    }

    private @Nullable Command take(int responseTo) {
        IntObjectHashMap<Command> map = waiting;
        Command first = only;
        if (first != null && (key(first) == responseTo || first.streams && first.requestId == responseTo)) {
            only = null;
            return first;
        }
        if (map == null) {
            return null;
        }
        Command c = map.remove(responseTo);
        if (c == null) {
            c = streamOf(map, responseTo);
        }
        if (map.isEmpty()) {
            waiting = null;
            loop.giveBack(map, most);
        }
        return c;
    }

    private static @Nullable Command streamOf(IntObjectHashMap<Command> map, int responseTo) {
        for (Command c : map.values()) {
            if (c.streams && c.requestId == responseTo) {
                map.remove(key(c));
                return c;
            }
        }
        return null;
    }

    private int waits() {
        return waiting != null ? waiting.size() : only == null ? 0 : 1;
    }

    // ---- requests

    private final class Requests implements MessageReader.Handler {
        @Override
        public Body.@Nullable Reader begins(int length, int requestId, int responseTo, int opcode, int compressor) {
            Command c = waits() >= loop.settings.maxPending() ? null : loop.command();
            if (c == null) {
                throw new SniffException("pending");
            }
            asking = c;
            begun = true;
            c.requestId = requestId;
            c.start = requestBegan;
            c.requestBytes = length;
            c.compressor = compressor;
            if (opcode == Wire.OP_COMMAND) {
                c.code = Commands.OP_COMMAND;
                c.operation = Commands.operation(Commands.OP_COMMAND);
                return null;
            }
            commandFields.begin(c);
            return commandFields;
        }

        @Override
        public void ended(boolean lossy) {
            requestBegan = now;
            Command c = asking;
            if (c == null) {
                return;
            }
            asking = null;
            c.sent = now;
            c.lossy = lossy;
            if (lossy) {
                loop.counters.lossy().increment();
            }
            if (c.code != Commands.OP_COMMAND) {
                commandFields.end(emitter.digests(), lossy);
            }
            if (c.silent) {
                emitter.emit(c, Status.NO_REPLY, now);
                loop.giveBack(c);
            } else {
                put(c);
            }
        }
    }

    // ---- answers

    private final class Answers implements MessageReader.Handler {
        @Override
        public Body.@Nullable Reader begins(int length, int requestId, int responseTo, int opcode, int compressor) {
            answerId = requestId;
            answerBytes = length;
            Command c = take(responseTo);
            answering = c;
            if (c == null) {
                loop.counters.unsolicited().increment();
                return null;
            }
            c.first = Math.max(answerBegan, c.sent);
            if (opcode == Wire.OP_COMMANDREPLY) {
                return null;
            }
            answerFields.begin(c);
            return answerFields;
        }

        @Override
        public void ended(boolean lossy) {
            answerBegan = now;
            Command c = answering;
            if (c == null) {
                return;
            }
            answering = null;
            c.responseBytes = answerBytes;
            if (lossy) {
                loop.counters.lossy().increment();
            }
            boolean more = c.code != Commands.OP_COMMAND && answerFields.end();
            emitter.answered(c, now, context().madeByWeir());
            if (more) {
                int id = c.requestId;
                c.clearAnswer();
                c.streams = true;
                c.requestId = id;
                c.previousAnswer = answerId;
                c.sent = now;
                put(c);
            } else {
                loop.giveBack(c);
            }
        }
    }
}
