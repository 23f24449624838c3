package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Cuts what comes on one connection of a {@link ShardLink} into answers, and hands each to the call that it belongs to. */
final class LinkAnswers {
    private final ProxyLoop home;
    private final ShardLink link;
    private final LinkGreeting greeting;
    private final CallRing sent;
    private final ShardMetrics.Counts metrics;
    /** Whether the cluster wants to know how calls went. */
    private final boolean judged;
    /** Whether it is one client's alone. */
    private final boolean own;
    /** What the elements of the value that comes are the answers to; null if that is no answer to EXEC. */
    private @Nullable QueuedCommands queued;
    /** Of the element that comes, as far as it has come; with the begin of the whole before the first one. */
    private long elementBytes;
    /** Whether an element of it has come. */
    private boolean within;

    private final RespCursor cursor;
    private boolean greets;
    private boolean closed;
    private long read;
    /** Of late, in nanoseconds; each answer counts an eighth. */
    private long latency;
    /** The begin of an error that may be a redirection, until it is whole. */
    private @Nullable ByteBuf begun;

    LinkAnswers(
            ProxyLoop home,
            ShardLink link,
            LinkGreeting greeting,
            CallRing sent,
            ShardMetrics.Counts metrics,
            boolean own) {
        this.home = home;
        this.link = link;
        this.greeting = greeting;
        this.sent = sent;
        this.metrics = metrics;
        this.own = own;
        this.judged = link.cluster().wantsOutcomes();
        this.cursor = new RespCursor(home.shared);
        this.read = home.clock.nanoTime();
    }

    /** What comes first answers the greeting. */
    void awaitGreeting() {
        greets = true;
    }

    /** When something came last, or when the connection was made. */
    long lastRead() {
        return read;
    }

    long latency() {
        return latency;
    }

    void close() {
        closed = true;
        if (begun != null) {
            begun.release();
            begun = null;
        }
    }

    /**
     * Bytes have come; lent.
     *
     * @throws SniffException if they are no answers to what was sent
     */
    void received(ByteBuf data) {
        read = home.clock.nanoTime();
        int i = data.readerIndex();
        int to = data.writerIndex();
        while (i < to && !closed) {
            if (cursor.atBoundary() && data.getByte(i) == '>') {
                throw new SniffException("push");
            }
            if (own && cursor.atBoundary()) {
                watchQueued();
            }
            RespCursor.Event event = cursor.step(data, i, to);
            boolean last = event == RespCursor.Event.VALUE;
            int end = cursor.position();
            if (queued != null) {
                element(queued, event, end - i);
            }
            if (greets) {
                if (last) {
                    greeted(cursor.value());
                }
            } else {
                answered(data, i, end - i, last);
            }
            if (event != RespCursor.Event.MORE) {
                cursor.release();
            }
            i = end;
        }
    }

    /** Each element of the answer to EXEC is that of a command that was queued. */
    private void watchQueued() {
        Call next = sent.peek();
        ProxyTransaction of = next == null || next.done ? null : next.transaction;
        queued = of != null && next != null && next.info.kind == CommandInfo.Kind.EXEC ? of.commands() : null;
        elementBytes = 0;
        within = false;
        cursor.watchElements(queued != null);
    }

    private void element(QueuedCommands of, RespCursor.Event event, int bytes) {
        RespValue value = cursor.value();
        elementBytes += bytes;
        if (event == RespCursor.Event.ELEMENT || event == RespCursor.Event.VALUE && value.lastElement) {
            of.element(value, link, elementBytes - (within ? 0 : value.headerLength()));
            within = true;
            elementBytes = 0;
        }
    }

    private void greeted(RespValue value) {
        if (greeting.answered(value)) {
            greets = false;
            link.ready();
        } else {
            String refusal = greeting.refusal();
            if (refusal != null) {
                link.lose(refusal);
            }
        }
    }

    private void answered(ByteBuf data, int from, int length, boolean last) {
        Call call = sent.peek();
        if (call == null) {
            throw new SniffException("unasked");
        }
        if (last) {
            sent.remove();
            link.settled(call);
        }
        if (call.done) {
            if (last) {
                drop();
                link.answered(call);
            }
            return;
        }
        boolean error = call.responseBytes == 0 ? data.getByte(from) == '-' : begun != null;
        call.responseBytes += length;
        if (error && link.redirects()) {
            error(call, data, from, length, last);
        } else {
            answer(call, data, from, length, last);
        }
    }

    private void answer(Call call, ByteBuf data, int from, int length, boolean last) {
        if (last) {
            outcome(call);
        }
        home.answer(call, data, from, length, last);
        if (last) {
            link.answered(call);
        }
    }

    private void outcome(Call call) {
        call.outcome(cursor.value(), read);
        boolean error = call.status == Exchange.Status.ERROR;
        long took = read - call.sent;
        metrics.answered(error, took);
        latency += (took - latency) >> 3;
        if (judged) {
            String code = call.error;
            link.endpoint().done(error && code != null ? home.judge(code) : Endpoint.Outcome.SUCCESS, took / 1_000);
        }
    }

    private void drop() {
        if (begun != null) {
            begun.release();
            begun = null;
        }
    }

    /** An error of a Redis Cluster's node: it may say that another one has what was asked for. */
    private void error(Call call, ByteBuf data, int from, int length, boolean last) {
        ByteBuf before = begun;
        if (before == null && last) {
            whole(call, data, from, length);
            return;
        }
        if (before == null) {
            before = home.allocator().buffer(length * 2);
            begun = before;
        }
        before.writeBytes(data, from, length);
        if (last) {
            begun = null;
            try {
                whole(call, before, before.readerIndex(), before.readableBytes());
            } finally {
                before.release();
            }
        }
    }

    private void whole(Call call, ByteBuf data, int from, int length) {
        String line = data.toString(from + 1, length - 3, StandardCharsets.UTF_8);
        Redirection redirection = Redirection.read(line, link.endpoint().address());
        boolean its =
                redirection != null && call.slot >= 0 && (redirection.slot() < 0 || redirection.slot() == call.slot);
        if (redirection == null || !its) {
            answer(call, data, from, length, true);
            return;
        }
        metrics.answered(false, read - call.sent);
        call.inLink = false;
        call.responseBytes = 0;
        home.elsewhere.follow(call, link, redirection);
        link.maybeLeave();
    }
}
