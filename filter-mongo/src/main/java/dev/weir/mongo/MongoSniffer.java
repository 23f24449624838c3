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
import java.security.SecureRandom;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Turns the bytes of one connection into exchanges: requests wait here, by their id, for the answers that name it. The answers of a stream name
 * the one before (or, from some servers, the request throughout).
 */
final class MongoSniffer implements Sniffer {
    /** A handshake, version 3: as the length of a message it may come with an opcode, as TLS it does not. */
    private static final int TLS = 0x0316;

    /** Most streams of answers that may be open: clients have one. */
    private static final int MOST_STREAMS = 64;

    /** Nobody knows it. */
    private static final int SEED = new SecureRandom().nextInt();

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

    /** What waits for an answer: mostly one command; more of them by the {@link #key} of their ids. */
    private @Nullable Command only;

    private @Nullable IntObjectHashMap<Command> waiting;
    /** How many there have been in it. */
    private int most;

    /** Those that have had one, and wait for more; the last one first. */
    private @Nullable Command streaming;

    private int streams;

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
        return off || requests.atBoundary() && answers.atBoundary() && rests(only) && allRest();
    }

    /** Whether nothing but greetings that wait for news are open: those may end at any time. */
    private static boolean rests(@Nullable Command c) {
        return c == null || (c.streams || c.waits) && (c.code == Commands.HELLO || c.code == Commands.IS_MASTER);
    }

    private boolean allRest() {
        for (Command c = streaming; c != null; c = c.next) {
            if (!rests(c)) {
                return false;
            }
        }
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
            waiting.values().stream()
                    .sorted(Comparator.comparingLong((Command c) -> c.start).thenComparingInt(c -> c.requestId))
                    .forEach(this::abandon);
            waiting = null;
        }
        while (streaming != null) {
            Command c = streaming;
            streaming = c.next;
            abandon(c);
        }
        streams = 0;
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
            map.put(key(only.requestId), only);
            most = 0;
            waiting = map;
            only = null;
        }
        Command same = map.put(key(c.requestId), c);
        if (same != null) {
            abandon(same); // nobody could tell their answers apart
        }
        most = Math.max(most, map.size());
    }

    /** A number of its own for each id, mixed: or clients could choose ids that meet in the table. */
    static int key(int id) {
        int mixed = id ^ SEED;
        mixed = (mixed ^ mixed >>> 16) * 0x85EBCA6B;
        mixed = (mixed ^ mixed >>> 13) * 0xC2B2AE35;
        return mixed ^ mixed >>> 16;
    }

    private @Nullable Command take(int responseTo) {
        Command first = only;
        if (first != null && first.requestId == responseTo) {
            only = null;
            return first;
        }
        IntObjectHashMap<Command> map = waiting;
        Command c = map == null ? null : map.remove(key(responseTo));
        if (map != null && map.isEmpty()) {
            waiting = null;
            loop.giveBack(map, most);
        }
        return c == null ? takeStream(responseTo) : c;
    }

    private void putStream(Command c) {
        if (streams == MOST_STREAMS) {
            loop.giveBack(c);
            throw new SniffException("pending");
        }
        c.next = streaming;
        streaming = c;
        streams++;
    }

    private @Nullable Command takeStream(int responseTo) {
        Command before = null;
        for (Command c = streaming; c != null; c = c.next) {
            if (c.previousAnswer == responseTo || c.requestId == responseTo) {
                if (before == null) {
                    streaming = c.next;
                } else {
                    before.next = c.next;
                }
                c.next = null;
                streams--;
                return c;
            }
            before = c;
        }
        return null;
    }

    private int waits() {
        return streams + (waiting != null ? waiting.size() : only == null ? 0 : 1);
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
                c.clearAnswer();
                c.streams = true;
                c.previousAnswer = answerId;
                c.sent = now;
                putStream(c);
            } else {
                loop.giveBack(c);
            }
        }
    }
}
