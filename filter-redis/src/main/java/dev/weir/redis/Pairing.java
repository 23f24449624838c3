package dev.weir.redis;

import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.protocol.SniffException;

/**
 * Finds the command that each answer belongs to, for the sniffer and for the command gate alike. In principle the
 * oldest open one; here are the exceptions:
 *
 * <ul>
 *   <li>silent commands ({@link ReplyMode}) pass without an answer;
 *   <li>(un)subscriptions end with one message per channel, among which messages of others may lie, or with an error;
 *   <li>commands in a transaction are answered by QUEUED, wait in a ring of their own, and end with an element of EXEC's
 *       answer, or aborted;
 *   <li>pushes, messages to a RESP2 subscriber and the lines of MONITOR belong to nothing.
 * </ul>
 *
 * What depends on an answer (database, user, protocol version, transaction) changes when the answer comes. An answer
 * that fits nothing ends the pairing by a {@link SniffException}: it never guesses.
 */
final class Pairing {
    private static final int LOST = OpenCommands.LOST;

    private final Loop loop;
    private final PairingObserver observer;
    private final Session session;
    private final Subscriptions subscriptions = new Subscriptions();
    private final OpenCommands commands;
    private final Requests requests;

    private final Transaction transaction;
    /** Whether an entry without answer was passed and nothing has proved since that there really was none. */
    private boolean unproven;

    private boolean monitoring;
    private boolean replication;
    /** Of the answer to the oldest command: bytes of the parts before, and when the first one came. */
    private long partBytes = -1;

    private int answered;
    private long partFirst;
    private long previousEnd = Long.MIN_VALUE;

    Pairing(Loop loop, Session session, PairingObserver observer) {
        this.loop = loop;
        this.session = session;
        this.observer = observer;
        this.commands = new OpenCommands(loop);
        this.requests = new Requests(loop, commands, subscriptions);
        this.transaction = new Transaction(loop);
    }

    /** The side of the requests. */
    Requests requests() {
        return requests;
    }

    /** Whether nothing is open, neither a command nor a transaction. */
    boolean idle() {
        return commands.isEmpty() && !transaction.isOpen();
    }

    /** Whether a command waits for its answer. */
    boolean anyOpen() {
        return !commands.isEmpty();
    }

    /** Whether a replication stream follows. */
    boolean replication() {
        return replication;
    }

    /** A request was seen to its end. */
    void requested(CommandInfo info, int count, long bytes, long start, long now) {
        if (requests.add(info, count, bytes, start, now)) {
            passSilent();
        }
    }

    /** A command of no arguments was sent in place of one that was refused. */
    void sentInstead(CommandInfo info) {
        if (requests.addInstead(info)) {
            passSilent();
        }
    }

    // ---- answers

    /** Whether the next value, if no push, is simply the answer to the oldest command. */
    boolean plain() {
        PendingRing ring = commands.ring();
        return ring != null
                && (ring.flags() & PendingRing.SPECIAL) == 0
                && !requests.everSubscribed()
                && !transaction.isOpen()
                && !monitoring
                && !unproven;
    }

    /** Whose answer the next value is if it is one: flags of the oldest command, or -1 if none is open. */
    int oldestFlags() {
        PendingRing ring = commands.ring();
        return ring == null ? -1 : ring.flags();
    }

    /** Number of commands that were answered since the last call. */
    int takeAnswered() {
        int n = answered;
        answered = 0;
        return n;
    }

    /** Whether a value of {@code kind} would confirm the oldest command. */
    boolean confirmsOldest(PubSub.Kind kind) {
        return kind.confirms() && oldestIs(kind.command());
    }

    /** Whether arrays may be messages or confirmations. */
    boolean arraysMayBeMessages() {
        return requests.everSubscribed() && !session.resp3();
    }

    /** Whether messages may come to a RESP2 subscriber. */
    boolean subscribed() {
        return subscriptions.any();
    }

    /** Whether the lines of MONITOR may come. */
    boolean monitoring() {
        return monitoring;
    }

    /** Whether texts have to be read to tell whose the next value is. */
    boolean readsTexts() {
        return requests.everSubscribed()
                || transaction.isOpen()
                || monitoring
                || oldestIs(CommandInfo.Kind.SYNC)
                || oldestIs(CommandInfo.Kind.AUTH);
    }

    /** Whether the elements of the next value are answers to queued commands. */
    boolean readsElements() {
        return transaction.isOpen() && oldestIs(CommandInfo.Kind.EXEC);
    }

    /** Whether the next value may be the begin of a replication stream. */
    boolean replicationMayBegin() {
        return oldestIs(CommandInfo.Kind.SYNC);
    }

    /** A replication stream begins without a word (SYNC). */
    void replicationBegins(boolean byWeir, long now) {
        PendingRing ring = commands.ring();
        if (ring == null) {
            return;
        }
        Outcome outcome = timed(0, now, byWeir, now);
        replication = true;
        end(ring, outcome);
    }

    private boolean oldestIs(CommandInfo.Kind kind) {
        PendingRing ring = commands.ring();
        return ring != null && ring.command() != LOST && loop.table.at(ring.command()).kind == kind;
    }

    /** An element of the answer to EXEC ended; {@code bytes} of it were new. */
    void element(RespValue value, long bytes, boolean byWeir) {
        PendingRing ring = transaction.ring();
        if (ring == null) {
            throw new SniffException("transaction");
        }
        if (ring.command() == LOST) {
            ring.countDown();
            return;
        }
        CommandInfo info = loop.table.at(ring.command());
        Outcome outcome = loop.outcome;
        outcome.clear();
        outcome.byWeir = byWeir;
        outcome.bytes = bytes;
        Answers.element(outcome, info, value, loop.errors);
        end(ring, outcome);
    }

    /** A value that began when {@link #plain()} held, and is no push, ended. As {@link #answered}. */
    void answeredPlainly(RespValue value, long bytes, long first, boolean byWeir, long now) {
        PendingRing ring = commands.ring();
        if (ring == null) {
            throw new IllegalStateException("nothing is open");
        }
        CommandInfo info = loop.table.at(ring.command());
        Outcome outcome = timed(bytes, first, byWeir, now);
        Answers.value(outcome, info, value, loop.errors);
        finish(ring, outcome);
    }

    /**
     * A value ended.
     *
     * @param bytes its size
     * @param first when its first byte came
     * @param now when its last byte came
     */
    void answered(RespValue value, long bytes, long first, boolean byWeir, long now) {
        byte type = value.type;
        if (type == '>') {
            if (value.messageKind.confirms()) {
                confirmed(value, bytes, first, byWeir, now);
            }
            return;
        }
        if (requests.everSubscribed() && type == '*' && message(value, bytes, first, byWeir, now)) {
            return;
        }
        if (monitoring && type == '+' && Answers.isMonitorLine(value.text, value.textLength)) {
            return;
        }
        PendingRing ring = commands.ring();
        while (ring != null && ring.command() != LOST && !Answers.fits(loop.table.at(ring.command()), value)) {
            unanswered(ring);
            ring = commands.ring();
        }
        if (ring == null) {
            if (type == '-' && !requests.any()) {
                loop.unsolicited.increment(); // -DENIED, -ERR max number of clients reached
                return;
            }
            throw new SniffException("unpaired_answer");
        }
        if (ring.command() == LOST) {
            previousEnd = now;
            lostAnswered(ring, value);
            return;
        }
        CommandInfo info = loop.table.at(ring.command());
        Outcome outcome = timed(bytes, first, byWeir, now);
        special(ring, info, outcome, value);
    }

    /** The oldest command was passed over: from 7.2 on Redis swallows a failed AUTH that is pipelined behind others. */
    private void unanswered(PendingRing ring) {
        noReply(ring);
        answered++;
        passSilent();
    }

    private void noReply(PendingRing ring) {
        Outcome outcome = loop.outcome;
        outcome.clear();
        outcome.status = Status.NO_REPLY;
        Note note = ring.takeNote();
        observer.ended(loop.table.at(ring.command()), ring, note, outcome);
        loop.giveBack(note);
        ring.remove();
    }

    private Outcome timed(long bytes, long first, boolean byWeir, long now) {
        Outcome outcome = loop.outcome;
        outcome.answered(bytes, first, byWeir, now, previousEnd);
        previousEnd = now;
        return outcome;
    }

    /** An array that may be a message to a RESP2 subscriber or a confirmation. */
    private boolean message(RespValue value, long bytes, long first, boolean byWeir, long now) {
        PubSub.Kind kind = value.messageKind;
        if (kind == PubSub.Kind.NONE || session.resp3()) {
            return false;
        }
        if (kind == PubSub.Kind.MESSAGE) {
            return subscriptions.any();
        }
        if (value.count != 3 || value.third < 0 || !subscriptions.any() && !oldestIs(kind.command())) {
            return false; // a script may answer what looks like a confirmation
        }
        confirmed(value, bytes, first, byWeir, now);
        return true;
    }

    private void confirmed(RespValue value, long bytes, long first, boolean byWeir, long now) {
        PubSub.Kind kind = value.messageKind;
        subscriptions.confirmed(kind, value.third);
        PendingRing ring = commands.ring();
        if (ring == null || !oldestIs(kind.command())) {
            return; // made by the server itself, or not answerable to a command (CLIENT REPLY OFF)
        }
        int expected = ring.value();
        if (expected > 0 && (ring.flags() & PendingRing.HASHED) != 0) {
            if (!subscriptions.isNext(value.channelHash)) {
                return;
            }
            subscriptions.met(1);
        }
        if (partBytes < 0) {
            partBytes = 0;
            partFirst = first;
        }
        partBytes += bytes;
        if (expected > 0) {
            ring.value(expected - 1);
        }
        if (expected > 1 || expected == 0 && !subscriptions.none(kind)) {
            return;
        }
        Outcome outcome = timed(partBytes, partFirst, byWeir, now);
        partBytes = -1;
        unproven = false;
        answered++;
        end(ring, outcome);
        passSilent();
    }

    private void lostAnswered(PendingRing ring, RespValue value) {
        if (transaction.isOpen() && Answers.isQueued(value)) {
            transaction.lose();
        }
        answered++;
        ring.countDown();
        passSilent();
    }

    private void special(PendingRing ring, CommandInfo info, Outcome outcome, RespValue value) {
        Answers.value(outcome, info, value, loop.errors);
        boolean ok = outcome.status == Status.OK;
        if (unproven) {
            if (!ok && Answers.deniesAll(outcome, value)) {
                throw new SniffException("reply_mode"); // the command thought silent may have been the one refused
            }
            unproven = !ok;
        }
        if (transaction.isOpen() && ok && Answers.isQueued(value)) {
            answered++;
            transaction.queue(ring, info);
            passSilent();
            return;
        }
        if (info.kind.subscribes()) {
            if (ok) {
                throw new SniffException("unpaired_answer");
            }
            if ((ring.flags() & PendingRing.HASHED) != 0) {
                subscriptions.met(ring.value());
            }
            partBytes = -1;
        }
        if (ok && (ring.flags() & PendingRing.QUEUES) != 0) {
            throw new SniffException("reply_mode");
        }
        transactionStep(info.kind, ok, outcome, value);
        if (ok && info.kind == CommandInfo.Kind.SYNC) {
            replication = true;
        }
        finish(ring, outcome);
    }

    private void transactionStep(CommandInfo.Kind kind, boolean ok, Outcome outcome, RespValue value) {
        switch (kind) {
            case MULTI:
                if (ok) {
                    transaction.begin();
                }
                break;
            case EXEC:
                if (transaction.isOpen()) {
                    boolean executed = ok && !value.isNull;
                    outcome.batch = executed ? value.count : transaction.size();
                    if (executed && (transaction.size() > 0 || value.type != '*')) {
                        throw new SniffException("transaction");
                    }
                    abort(Status.ABORTED, outcome.byWeir);
                }
                break;
            case DISCARD, RESET:
                if (ok && transaction.isOpen()) {
                    abort(Status.ABORTED, outcome.byWeir);
                }
                break;
            case MONITOR:
                monitoring |= ok;
                break;
            default:
        }
        if (kind == CommandInfo.Kind.RESET && ok) {
            reset();
        }
    }

    private void reset() {
        monitoring = false;
        subscriptions.clear();
    }

    /** The transaction ends, and with it what is still queued. */
    private void abort(Status status, boolean byWeir) {
        Outcome outcome = loop.outcomeOfQueued;
        for (PendingRing ring = transaction.ring(); ring != null; ring = transaction.ring()) {
            if (ring.command() == LOST) {
                ring.remove();
                continue;
            }
            outcome.clear();
            outcome.status = status;
            outcome.byWeir = byWeir;
            end(ring, outcome);
        }
        transaction.end();
    }

    /** The oldest command ended: applies it, tells of it, removes it; then passes silent ones behind it. */
    private void finish(PendingRing ring, Outcome outcome) {
        answered++;
        end(ring, outcome);
        if (!ring.isEmpty() && (ring.flags() & PendingRing.SILENT) != 0) {
            passSilent();
        }
    }

    private void end(PendingRing ring, Outcome outcome) {
        CommandInfo info = loop.table.at(ring.command());
        Note note = ring.takeNote();
        if (info.kind != CommandInfo.Kind.PLAIN && outcome.status != Status.ERROR && outcome.status != Status.ABORTED) {
            session.applied(info.kind, ring.value(), note, outcome.status == Status.OK);
        }
        observer.ended(info, ring, note, outcome);
        ring.remove();
        if (note != null) {
            loop.giveBack(note);
        }
    }

    private void passSilent() {
        PendingRing ring = commands.ring();
        while (ring != null && !ring.isEmpty() && (ring.flags() & PendingRing.SILENT) != 0 && ring.command() != LOST) {
            CommandInfo info = loop.table.at(ring.command());
            Outcome outcome = loop.outcome;
            outcome.clear();
            outcome.status = Status.NO_REPLY;
            unproven |= info.kind == CommandInfo.Kind.CLIENT_REPLY || info.kind == CommandInfo.Kind.REPLCONF;
            passSilentTransaction(ring, info, outcome);
        }
    }

    /** Without answers it can only be assumed that a transaction took its usual course. */
    private void passSilentTransaction(PendingRing ring, CommandInfo info, Outcome outcome) {
        switch (info.kind) {
            case MULTI:
                transaction.begin();
                break;
            case EXEC:
                abort(Status.NO_REPLY, false);
                break;
            case DISCARD:
                abort(Status.ABORTED, false);
                break;
            case RESET:
                abort(Status.ABORTED, false);
                reset();
                break;
            default:
                if (transaction.isOpen()) {
                    transaction.queue(ring, info);
                    return;
                }
                if (info.kind.subscribes()) {
                    subscriptions.unsure();
                }
        }
        end(ring, outcome);
    }

    // ---- the end

    /** A burst was seen to its end: gives back what is empty. */
    void rest() {
        commands.rest();
    }

    /** The connection is closed: what is open got no answer. */
    void close() {
        PendingRing ring = commands.ring();
        boolean execOpen = false;
        if (ring != null) {
            while (!ring.isEmpty()) {
                if (ring.command() == LOST) {
                    ring.remove();
                    continue;
                }
                execOpen |= loop.table.at(ring.command()).kind == CommandInfo.Kind.EXEC;
                noReply(ring);
            }
        }
        abort(execOpen ? Status.NO_REPLY : Status.ABORTED, false);
        commands.rest();
        requests.arguments().release();
    }
}
