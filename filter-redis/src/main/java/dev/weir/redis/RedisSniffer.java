package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Turns the bytes of one connection into exchanges: walks both streams, lets {@link Pairing} match them. */
final class RedisSniffer implements Sniffer, PairingObserver {
    private static final String PROTOCOL = "redis";
    private static final int TLS_HANDSHAKE = 0x16;
    private static final int TLS_ALERT = 0x15;

    private final Loop loop;
    private final Connection connection;
    private final Session session;
    private final Pairing pairing;
    private final RequestCursor requests;
    private final RespCursor answers;

    private @Nullable SnifferContext context;
    private @Nullable Exchanges exchanges;
    private boolean off;
    private boolean begun;
    private boolean answersBegun;
    /** The requests cannot be followed any more; what was asked before is still answered. */
    private @Nullable SniffException broken;

    /** Whether the value under way is simply the answer to the oldest command, if no push. */
    private boolean plain;

    private long requestStart;
    private long answerStart;
    private long answerBytes;
    private long elementsEnd;

    RedisSniffer(Loop loop, Connection connection) {
        this.loop = loop;
        this.connection = connection;
        this.session = new Session(loop, connection);
        this.pairing = new Pairing(loop, session, this);
        this.requests = new RequestCursor(loop, pairing.requests().arguments());
        this.answers = new RespCursor(loop);
    }

    @Override
    public void onOpen(SnifferContext opened) {
        context = opened;
        exchanges = opened.exchanges();
    }

    @Override
    public void onBytes(Direction direction, ByteBuf data, long nanos) {
        if (off) {
            return;
        }
        int from = data.readerIndex();
        int to = data.writerIndex();
        if (from == to) {
            return;
        }
        try {
            if (direction == Direction.TO_UPSTREAM) {
                requests(data, from, to, nanos);
            } else {
                answers(data, from, to, nanos);
            }
            pairing.rest();
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    private void requests(ByteBuf data, int from, int to, long nanos) {
        if (broken != null) {
            return;
        }
        if (!begun) {
            begun = true;
            if (data.getByte(from) == TLS_HANDSHAKE) {
                stop();
                context().encrypted();
                return;
            }
        }
        try {
            int i = from;
            while (i < to) {
                if (requests.atBoundary()) {
                    requestStart = nanos;
                }
                i = requests.step(data, i, to);
                if (requests.complete()) {
                    if (requests.looksLikeHttp()) {
                        throw new SniffException("http");
                    }
                    pairing.requested(requests.info(), requests.count(), requests.size(), requestStart, nanos);
                }
            }
        } catch (SniffException e) {
            // The server answers what came before, then an error, and closes.
            broken = e;
            requests.release();
            if (!pairing.anyOpen()) {
                throw e;
            }
        }
    }

    private void answers(ByteBuf data, int from, int to, long nanos) {
        if (!answersBegun) {
            answersBegun = true;
            int first = data.getByte(from);
            if (first == TLS_ALERT || first == TLS_HANDSHAKE) {
                stop();
                context().encrypted();
                return;
            }
        }
        int i = from;
        while (i < to) {
            if (answers.atBoundary()) {
                plain = pairing.plain();
                if (!plain && pairing.replicationMayBegin() && replicationBegins(data, i, nanos)) {
                    if (off) {
                        return;
                    }
                    i++;
                    continue;
                }
                answerStart = nanos;
                answerBytes = 0;
                elementsEnd = -1;
                answers.watchTexts(!plain && pairing.readsTexts());
                answers.watchElements(!plain && pairing.readsElements());
            }
            RespCursor.Event event = answers.step(data, i, to);
            int end = answers.position();
            answerBytes += end - i;
            i = end;
            if (event != RespCursor.Event.MORE) {
                ended(event, nanos);
                if (off) {
                    return;
                }
                if (broken != null && !pairing.anyOpen()) {
                    throw broken;
                }
            }
        }
    }

    private void ended(RespCursor.Event event, long nanos) {
        boolean byWeir = context().madeByWeir();
        RespValue value = answers.value();
        if (plain && value.type != '>') {
            pairing.answeredPlainly(value, answerBytes, answerStart, byWeir, nanos);
        } else {
            endedSpecially(event, value, byWeir, nanos);
        }
        answers.release();
    }

    private void endedSpecially(RespCursor.Event event, RespValue value, boolean byWeir, long nanos) {
        if (event == RespCursor.Event.ELEMENT || value.lastElement && pairing.readsElements()) {
            if (elementsEnd < 0) {
                elementsEnd = value.headerLength();
            }
            pairing.element(value, answerBytes - elementsEnd, byWeir);
            elementsEnd = answerBytes;
        }
        if (event == RespCursor.Event.VALUE) {
            pairing.answered(value, answerBytes, answerStart, byWeir, nanos);
            if (pairing.replication()) {
                replicationBegan();
            }
        }
    }

    /** Before the answer to PSYNC a server may send newlines; to SYNC it answers with the stream itself. */
    private boolean replicationBegins(ByteBuf data, int i, long nanos) {
        byte first = data.getByte(i);
        if (first == '\n') {
            return true;
        }
        if (first == '$') {
            pairing.replicationBegins(context().madeByWeir(), nanos);
            replicationBegan();
            return true;
        }
        return false;
    }

    private void replicationBegan() {
        stop();
        context().opaque("replication");
    }

    @Override
    public boolean idle() {
        return off || requests.atBoundary() && answers.atBoundary() && pairing.idle();
    }

    @Override
    public void onClose(CloseReason reason, long nanos) {
        stop();
        pairing.close();
    }

    /** What is open stays until {@link #onClose}. */
    private void stop() {
        off = true;
        requests.release();
        answers.release();
    }

    private SnifferContext context() {
        if (context == null) {
            throw new IllegalStateException("onOpen was not called");
        }
        return context;
    }

    // ---- exchanges

    @Override
    public void ended(CommandInfo info, PendingRing ring, @Nullable Note note, Outcome outcome) {
        Exchanges to = exchanges;
        if (to == null) {
            throw new IllegalStateException("onOpen was not called");
        }
        long sent = ring.sent();
        Exchange exchange = to.open();
        exchange.of(connection, PROTOCOL, info.operation);
        exchange.startNanos = ring.start();
        exchange.requestBytes = ring.bytes();
        exchange.namespace = session.namespace();
        exchange.user = session.user();
        exchange.app = session.app();
        exchange.status = outcome.status;
        exchange.error = outcome.error;
        exchange.byWeir = outcome.byWeir;
        exchange.responseBytes = outcome.bytes;
        exchange.rows = outcome.rows;
        exchange.batch = outcome.batch;
        exchange.hit = outcome.hit;
        if (outcome.timed) {
            exchange.firstByteNanos = Math.max(0, outcome.first - sent);
            exchange.durationNanos = Math.max(0, outcome.end - sent);
            exchange.queueNanos = outcome.previousEnd > sent ? outcome.previousEnd - sent : 0;
            exchange.longWait = (ring.flags() & PendingRing.WAITS) != 0;
        }
        if (note != null && info.readsKeys() && note.text.present()) {
            key(exchange, note.text, (ring.flags() & PendingRing.SAMPLED) != 0, outcome);
        }
        to.emit(exchange);
    }

    private void key(Exchange exchange, Note.Text key, boolean sampled, Outcome outcome) {
        if (loop.settings.keys()) {
            exchange.target = key.text();
        }
        HotKeys.Recorder recorder = loop.hotKeys;
        if (sampled && recorder != null && outcome.status != Status.ABORTED) {
            recorder.record(
                    exchange.namespace,
                    key.bytes(),
                    0,
                    Math.min(key.length(), recorder.maxKeyBytes()),
                    exchange.requestBytes,
                    Math.max(0, exchange.responseBytes),
                    exchange.longWait ? 0 : Math.max(0, exchange.durationNanos));
        }
    }
}
