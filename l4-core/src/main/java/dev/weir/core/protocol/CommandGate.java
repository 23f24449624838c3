package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandPolicy.Decision;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Holds, delays, denies, answers single commands, and rewrites single answers, each at its place in a pipeline.
 * A protocol's {@link CommandFramer} finds the commands, a {@link CommandPolicy} decides. The bytes of commands that
 * are allowed go on untouched, and as soon as their head is known.
 *
 * <pre>
 *   client  ── GET a · SET b · DEL c ──▶  gate ── GET a · DEL c ──▶  upstream
 *   client  ◀── a · -DENIED · 1 ────────  gate ◀── a · 1 ──────────  upstream
 *                                         turns: [1 upstream][-DENIED][1 upstream]
 * </pre>
 */
public final class CommandGate implements NetworkFilter {
    /** Longest answer that can be rewritten, in bytes. */
    public static final int MAX_REWRITE = 64 << 10;

    /** Answers of Weir that wait for their turn, in bytes and in number; beyond it the client's requests wait. */
    private static final int MAX_LOCAL_BYTES = 256 << 10;

    private static final int MAX_TURNS = 16_384;
    private static final Duration HOLD = Duration.ofSeconds(20);
    /** How long a command may wait for the answer to the one before it. */
    private static final Duration ANSWER = Duration.ofHours(1);

    /** What is to come next in the client's stream. */
    private static final class Turn {
        /** Answers of the upstream that pass as they are. */
        long upstream;
        /** Or: an answer of Weir. */
        @Nullable
        ByteBuf local;
        /** Or: one answer of the upstream to be replaced, and what there is of it. */
        @Nullable
        Function<ByteBuf, ByteBuf> rewrite;

        @Nullable
        ByteBuf collected;
    }

    /** What happens to the bytes of the command under way. */
    private enum Mode {
        /** Between commands. */
        NONE,
        PASS,
        DROP
    }

    private final CommandFramer framer;
    private final CommandPolicy policy;
    private final boolean failOpen;
    private final Runnable undecodable;
    private final ArrayDeque<Turn> turns = new ArrayDeque<>(4);
    private int localBytes;
    private Mode mode = Mode.NONE;
    /** The decision about a command whose head is known but that could not be carried out yet. */
    private @Nullable Decision undone;
    /** What the refused command under way gets for an answer, once all of it has come. */
    private @Nullable Decision owed;

    private boolean silent;
    /** The next command waits for an answer of the upstream. */
    private boolean waits;

    /** A command's head is known, but not yet what it depends on. */
    private boolean unsettled;

    private final GateWait wait = new GateWait();
    /** A decision was to close: nothing behind that command is looked at. */
    private boolean closing;

    private boolean clientEnded;
    private boolean opaque;

    /**
     * Makes a gate for one connection.
     *
     * @param failOpen what to do when the bytes cannot be cut into commands any more: pass everything, or close
     */
    public CommandGate(CommandFramer framer, CommandPolicy policy, boolean failOpen) {
        this(framer, policy, failOpen, () -> {});
    }

    /**
     * Makes a gate for one connection.
     *
     * @param undecodable run once if the bytes cannot be cut into commands any more
     */
    CommandGate(CommandFramer framer, CommandPolicy policy, boolean failOpen, Runnable undecodable) {
        this.framer = framer;
        this.policy = policy;
        this.failOpen = failOpen;
        this.undecodable = undecodable;
    }

    @Override
    public Opening onOpen(FilterContext context) {
        context.holdUpTo(framer.longestHead());
        policy.onOpen(context);
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        if (opaque) {
            return data.readableBytes();
        }
        try {
            return direction == Direction.TO_UPSTREAM ? requests(context, data) : answers(context, data);
        } catch (SniffException e) {
            return broken(context, direction);
        }
    }

    // ---- requests

    private int requests(FilterContext context, ByteBuf data) {
        int run = 0;
        waits = false;
        while (data.isReadable() && !wait.active() && !closing) {
            if (undone != null) {
                if (undone != Decision.ALLOW) {
                    // What may be sent in place of the command goes behind those before it.
                    context.pass(run);
                    run = 0;
                }
                if (!carryOut(context, undone)) {
                    break;
                }
                continue;
            }
            if (unsettled) {
                if (!framer.settled()) {
                    context.holdDeadline("answer", ANSWER);
                    break;
                }
                unsettled = false;
                undone = policy.decide(framer.command(), wait.nanos(context));
                continue;
            }
            CommandFramer.Step step = framer.request(data);
            if (step == CommandFramer.Step.MORE) {
                context.holdDeadline("incomplete", HOLD);
                // Half a head at the end of the stream will not become a command: let it go.
                return clientEnded ? run + data.readableBytes() : run;
            }
            if (step == CommandFramer.Step.WAIT) {
                waits = true;
                context.holdDeadline("answer", ANSWER);
                break;
            }
            if (step == CommandFramer.Step.OPAQUE) {
                context.pass(run);
                return opaque(context, Direction.TO_UPSTREAM, data);
            }
            if (step == CommandFramer.Step.HEAD) {
                unsettled = policy.asksSession() && !framer.settled();
                if (!unsettled) {
                    undone = policy.decide(framer.command(), wait.nanos(context));
                }
                continue;
            }
            run = consume(context, data, step, run);
        }
        if (owed instanceof Decision.Close && !wait.active() && !closing) {
            // The rest of its command has not come, and may never come.
            answerRefused(context);
        }
        return run;
    }

    /** Bytes of a request, which go on or not; how many wait to go on. */
    private int consume(FilterContext context, ByteBuf data, CommandFramer.Step step, int run) {
        int length = framer.length();
        int going = run;
        data.skipBytes(length);
        if (step == CommandFramer.Step.NEUTRAL || mode == Mode.PASS) {
            going += length;
        } else {
            context.pass(run);
            going = 0;
            context.drop(length);
        }
        if (step == CommandFramer.Step.END) {
            mode = Mode.NONE;
            answerRefused(context);
        }
        return going;
    }

    /** False if it has to wait. */
    private boolean carryOut(FilterContext context, Decision decision) {
        if (decision instanceof Decision.Delay delay) {
            undone = delay.then();
            context.holdDeadline("delayed", delay.time().plus(HOLD));
            wait.delay(context, delay.time(), policy::onDelayed);
            return false;
        }
        if (decision instanceof Decision.Later later) {
            context.holdDeadline("undecided", HOLD);
            return wait.ask(context, later, decided -> undone = decided);
        }
        if (decision instanceof Decision.Abort abort) {
            closing = true;
            context.close(abort.reason());
            return false;
        }
        boolean own = decision instanceof Decision.Deny
                || decision instanceof Decision.Answer
                || decision instanceof Decision.Close;
        if (turns.size() >= MAX_TURNS || own && (localBytes > MAX_LOCAL_BYTES || !context.clientWritable())) {
            context.holdDeadline("client_slow", Duration.ofMinutes(10));
            return false;
        }
        undone = null;
        context.holdDeadline("incomplete", HOLD);
        if (own) {
            deny(context, decision);
        } else {
            mode = Mode.PASS;
            int answers = framer.decided(true);
            if (answers > 0) {
                expect(decision instanceof Decision.Rewrite rewrite ? rewrite.rewrite() : null, answers);
            }
        }
        return true;
    }

    // ---- answers of Weir

    private void deny(FilterContext context, Decision decision) {
        mode = Mode.DROP;
        owed = decision;
        silent = framer.decided(false) == 0;
        ByteBuf standIn = framer.standIn(context.connection().allocator());
        if (standIn != null) {
            context.inject(Direction.TO_UPSTREAM, standIn);
        }
    }

    /** All of a refused command has come: only now is known what its answer has to look like, and a client ready to read it. */
    private void answerRefused(FilterContext context) {
        Decision decision = owed;
        owed = null;
        if (decision == null) {
            return;
        }
        if (!silent) {
            placeAnswer(context, decision);
        }
        if (decision instanceof Decision.Close close) {
            closing = true;
            context.close(close.reason());
        }
    }

    private void placeAnswer(FilterContext context, Decision decision) {
        ByteBuf answer;
        if (decision instanceof Decision.Close close) {
            answer = framer.error(
                    context.connection().allocator(),
                    close.error().code(),
                    close.error().message());
        } else if (decision instanceof Decision.Deny deny) {
            answer = framer.error(context.connection().allocator(), deny.code(), deny.message());
        } else if (decision instanceof Decision.Answer own) {
            answer = own.bytes().apply(context.connection().allocator());
        } else {
            throw new IllegalStateException("not an answer: " + decision);
        }
        if (!answer.isReadable()) {
            answer.release();
        } else if ((turns.isEmpty() || framer.anyOrder()) && framer.betweenAnswers()) {
            context.inject(Direction.TO_CLIENT, answer);
        } else {
            Turn turn = new Turn();
            turn.local = answer;
            localBytes += answer.readableBytes();
            turns.add(turn);
        }
    }

    private void expect(@Nullable Function<ByteBuf, ByteBuf> rewrite, int answers) {
        Turn last = turns.peekLast();
        if (rewrite == null && last != null && last.upstream > 0) {
            last.upstream += answers;
            return;
        }
        Turn turn = new Turn();
        turn.rewrite = rewrite;
        turn.upstream = rewrite == null ? answers : 0;
        turns.add(turn);
    }

    // ---- answers

    private int answers(FilterContext context, ByteBuf data) {
        int run = 0;
        while (data.isReadable()) {
            CommandFramer.Step step = framer.answer(data);
            if (step == CommandFramer.Step.MORE) {
                break;
            }
            if (step == CommandFramer.Step.OPAQUE) {
                context.pass(run);
                return opaque(context, Direction.TO_CLIENT, data);
            }
            int length = framer.length();
            if (step == CommandFramer.Step.DROP) {
                context.pass(run);
                run = 0;
                context.drop(length);
                data.skipBytes(length);
                continue;
            }
            Turn turn = step == CommandFramer.Step.NEUTRAL ? null : answered(framer.answered());
            if (turn != null && turn.rewrite != null) {
                context.pass(run);
                run = 0;
                collect(context, turn, data, length, step == CommandFramer.Step.END);
            } else {
                run += length;
            }
            data.skipBytes(length);
            if (step == CommandFramer.Step.END && turn != null) {
                if (turn.upstream == 0 || --turn.upstream == 0) {
                    turns.remove(turn);
                }
            }
            if (localTurnHasCome() && framer.betweenAnswers()) {
                context.pass(run);
                run = 0;
                localTurns(context);
            }
        }
        if ((undone != null || unsettled || waits) && !wait.active()) {
            // What waits may be answered by Weir: behind what has come.
            context.pass(run);
            run = 0;
            context.resume(Direction.TO_UPSTREAM);
        }
        return run;
    }

    /** The turn of the upstream's answers that the command at {@code place} among those that wait belongs to. */
    private @Nullable Turn answered(int place) {
        if (place == 0) {
            Turn first = turns.peek();
            if (first == null || first.local == null) {
                return first;
            }
        }
        long before = 0;
        for (Turn turn : turns) {
            before += turn.local != null ? 0 : turn.rewrite != null ? 1 : turn.upstream;
            if (before > place) {
                return turn;
            }
        }
        return null;
    }

    private boolean localTurnHasCome() {
        Turn first = turns.peek();
        return first != null && (first.local != null || localBytes > 0 && framer.anyOrder());
    }

    /** Answers of Weir whose turn has come. */
    private void localTurns(FilterContext context) {
        for (Iterator<Turn> all = turns.iterator(); all.hasNext(); ) {
            Turn turn = all.next();
            if (turn.local != null) {
                all.remove();
                localBytes -= turn.local.readableBytes();
                context.inject(Direction.TO_CLIENT, turn.local);
            } else if (!framer.anyOrder()) {
                return;
            }
        }
    }

    private void collect(FilterContext context, Turn turn, ByteBuf data, int length, boolean end) {
        if (turn.collected == null) {
            turn.collected = context.connection().allocator().buffer(Math.min(length, MAX_REWRITE));
        }
        ByteBuf collected = turn.collected;
        collected.writeBytes(data, data.readerIndex(), length);
        context.drop(length);
        if (collected.readableBytes() > MAX_REWRITE) {
            // Too long to be rewritten: what there is goes out as it came, and so does the rest.
            turn.rewrite = null;
            turn.collected = null;
            turn.upstream = end ? 0 : 1;
            context.inject(Direction.TO_CLIENT, collected);
        } else if (end && turn.rewrite != null) {
            turn.collected = null;
            try {
                context.inject(Direction.TO_CLIENT, turn.rewrite.apply(collected));
            } finally {
                collected.release();
            }
        }
    }

    // ---- ends

    private int opaque(FilterContext context, Direction direction, ByteBuf data) {
        opaque = true;
        undecodable.run();
        if (!failOpen) {
            context.close(CloseReason.FILTER);
            return 0;
        }
        payOff(context);
        context.resume(direction.opposite());
        return data.readableBytes();
    }

    private int broken(FilterContext context, Direction direction) {
        opaque = true;
        undecodable.run();
        if (!failOpen) {
            context.close(CloseReason.FILTER);
            return 0;
        }
        payOff(context);
        context.resume(direction.opposite());
        context.resume(direction);
        return 0;
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (direction == Direction.TO_UPSTREAM) {
            clientEnded = true;
            context.resume(direction);
        } else {
            payOff(context);
        }
    }

    /** There is no order any more: what Weir owes goes out now. */
    private void payOff(FilterContext context) {
        for (Turn turn = turns.poll(); turn != null; turn = turns.poll()) {
            ByteBuf due = turn.local != null ? turn.local : turn.collected;
            if (due != null) {
                context.inject(Direction.TO_CLIENT, due);
            }
        }
    }

    @Override
    public Boundary boundary() {
        boolean idle = turns.isEmpty() && mode == Mode.NONE && framer.idle();
        return opaque ? Boundary.UNKNOWN : idle ? Boundary.IDLE : Boundary.BUSY;
    }

    @Override
    public void onClose(CloseReason reason) {
        wait.close();
        policy.onClose();
        framer.close();
        for (Turn turn = turns.poll(); turn != null; turn = turns.poll()) {
            if (turn.local != null) {
                turn.local.release();
            }
            if (turn.collected != null) {
                turn.collected.release();
            }
        }
    }
}
