package dev.weir.proxy.replay;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection: puts its packets in order and shows them to a sniffer. A packet waits for those before it in its
 * own direction, and for what its sender had acknowledged in the other one, so that no answer comes before its request.
 * Bytes that the receiver has acknowledged and that do not come are a gap.
 */
final class Flow {
    /** Most bytes that may wait, per connection. */
    static final long MAX_WAITING = 4 << 20;

    private static final int MAX_CHUNKS = 4_096;
    private static final int CHUNK_OVERHEAD = 64;
    private static final int PATIENCE_PACKETS = 64;
    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final int MAX_FIRST_SEGMENT = 1 << 16;
    private static final int MAX_LATE = 1 << 20;

    /** Bytes that wait in all connections together. */
    static final class Budget {
        static final long MAX = 64 << 20;
        long used;
    }

    final FlowKey key;
    long lastNanos;
    private final ReplaySniffer sniffer;
    private final ReplayCounts counts;
    private final Budget budget;
    private final Half up = new Half(Direction.TO_UPSTREAM);
    private final Half down = new Half(Direction.TO_CLIENT);
    /** Where what the server said before the connection was understood ended; null after a packet of the client. */
    private @Nullable Integer answeredTo;

    private boolean spoken;
    private boolean ignoreAcks;
    private long waitingBytes;
    private long stalledSince;
    private int stalledPackets;
    private int stalledUp;
    private int stalledDown;
    private boolean clientEndedFirst;
    private boolean closed;

    Flow(FlowKey key, ReplaySniffer sniffer, ReplayCounts counts, Budget budget) {
        this.key = key;
        this.sniffer = sniffer;
        this.counts = counts;
        this.budget = budget;
    }

    boolean closed() {
        return closed;
    }

    /** The number that the client's stream began with. */
    int first() {
        return up.first;
    }

    /** Whether a packet with SYN begins another connection between the same ports. */
    boolean renewedBy(TcpPacket p, boolean fromClient) {
        Half from = fromClient ? up : down;
        Half to = fromClient ? down : up;
        int behind = from.first - (p.seq + 1);
        // Without the SYN, what came first need not be the first: a SYN a little before it is only late.
        boolean late = behind == 0 || !from.exact && behind > 0 && behind < MAX_LATE;
        int answered = p.ack - to.first;
        boolean other = p.has(TcpPacket.ACK) && to.exact && (answered < 0 || answered > MAX_FIRST_SEGMENT);
        return from.known && !late || other;
    }

    void packet(TcpPacket p, ByteBuf data, boolean fromClient, long nanos) {
        Half from = fromClient ? up : down;
        Half to = fromClient ? down : up;
        lastNanos = nanos;
        int seq = p.seq;
        if (p.has(TcpPacket.SYN)) {
            from.begin(++seq, true);
        } else if (!from.known && (to.known || p.length > 0 && joins(p, data, fromClient))) {
            from.begin(seq, false);
        }
        if (p.has(TcpPacket.ACK) && from.known) {
            to.begin(p.ack, p.has(TcpPacket.SYN));
            to.acked(p.ack);
        }
        if (p.has(TcpPacket.FIN)) {
            from.fin(seq + p.length);
        }
        if (from.known) {
            if (p.length > 0 && !p.has(TcpPacket.RST) && sniffer.wantsMore()) {
                offer(from, to, p, seq, data, nanos);
            }
            drain(nanos);
            patience(nanos);
        }
        if (p.has(TcpPacket.RST)) {
            close(fromClient ? CloseReason.CLIENT_RESET : CloseReason.UPSTREAM_RESET, nanos);
        } else if (up.ended && down.ended || up.fin && down.fin && !(up.known && sniffer.wantsMore())) {
            close(clientEndedFirst ? CloseReason.CLIENT_CLOSED : CloseReason.UPSTREAM_CLOSED, nanos);
        }
    }

    /**
     * The capture began in mid-stream: whether this is the begin of a request. What the server says before one answers
     * nothing that was seen; and what the client says may be the rest of a request, unless the server has answered all
     * before it, or its bytes cannot be anything else.
     */
    private boolean joins(TcpPacket p, ByteBuf data, boolean fromClient) {
        if (!fromClient) {
            answeredTo = p.seq + p.length;
            spoken = true;
            return false;
        }
        // A single byte may be a keep-alive probe.
        boolean turn = answeredTo != null && p.ack == answeredTo && p.length > 1;
        data.setIndex(p.payload, p.payload + p.captured);
        boolean begins = turn || !spoken && sniffer.looksLikeFirst(data);
        answeredTo = null;
        spoken = true;
        return begins;
    }

    private void offer(Half from, Half to, TcpPacket p, int seq, ByteBuf data, long nanos) {
        if (p.captured < p.length) {
            counts.cut++;
        }
        int ahead = seq - from.next;
        if (ahead > Half.MAX_AHEAD || ahead < -Half.MAX_AHEAD) {
            counts.stray++;
            return;
        }
        if (from.ended || ahead + p.length <= 0) {
            counts.repeated++;
            return;
        }
        int ack = p.has(TcpPacket.ACK) ? p.ack : to.next;
        if (ahead <= 0 && (ignoreAcks || to.reached(ack))) {
            deliver(from, data, p.payload, p.captured, p.length, -ahead, nanos);
            return;
        }
        counts.early++;
        byte[] bytes = new byte[p.captured];
        data.getBytes(p.payload, bytes);
        from.add(new Half.Chunk(seq, bytes, p.length, ack));
        waiting(bytes.length + CHUNK_OVERHEAD);
        while (full() && force(nanos)) {
            counts.overflows++;
        }
    }

    private boolean full() {
        return waitingBytes > MAX_WAITING
                || budget.used > Budget.MAX
                || up.waiting.size() + down.waiting.size() > MAX_CHUNKS;
    }

    private void waiting(long bytes) {
        waitingBytes += bytes;
        budget.used += bytes;
    }

    /** Shows what is new of a packet; {@code known}: bytes at its begin that were shown before. */
    private void deliver(Half from, ByteBuf data, int begin, int captured, int length, int known, long nanos) {
        from.next += length - known;
        if (captured > known) {
            data.setIndex(begin + known, begin + captured);
            sniffer.bytes(from.direction, data, nanos);
        }
        if (length > captured) {
            sniffer.missing(from.direction);
        }
    }

    /** Shows all that can be shown. */
    private void drain(long nanos) {
        boolean moved = true;
        while (moved && sniffer.wantsMore()) {
            boolean upMoved = step(up, down, nanos);
            moved = step(down, up, nanos) || upMoved;
        }
        if (!sniffer.wantsMore()) {
            forget();
        }
    }

    private boolean step(Half half, Half other, long nanos) {
        for (int i = 0; i < half.waiting.size(); i++) {
            Half.Chunk chunk = half.waiting.get(i);
            int ahead = chunk.seq() - half.next;
            if (ahead > 0) {
                return false;
            }
            // One that was sent again may have seen more than the one that is needed, behind it.
            if (ignoreAcks || other.reached(chunk.ack())) {
                half.waiting.remove(i);
                waiting(-chunk.bytes().length - CHUNK_OVERHEAD);
                if (ahead + chunk.length() > 0) {
                    ByteBuf data = Unpooled.wrappedBuffer(chunk.bytes());
                    deliver(half, data, 0, chunk.bytes().length, chunk.length(), -ahead, nanos);
                } else {
                    counts.repeated++;
                }
                return true;
            }
        }
        if (!half.waiting.isEmpty() || !half.fin || half.ended || half.finSeq - half.next > 0) {
            return false;
        }
        half.ended = true;
        half.next = half.finSeq + 1;
        clientEndedFirst |= half == up && !down.ended;
        sniffer.ended(half.direction, nanos);
        return true;
    }

    /** Waits for what may still come, but not for ever. Bytes that nobody acknowledged were lost on the way, and will come. */
    private void patience(long nanos) {
        if (up.waiting.isEmpty() && down.waiting.isEmpty()) {
            stalledPackets = 0;
            return;
        }
        if (stalledPackets == 0 || up.next != stalledUp || down.next != stalledDown) {
            stalledPackets = 0;
            stalledSince = nanos;
            stalledUp = up.next;
            stalledDown = down.next;
        }
        stalledPackets++;
        boolean over = stalledPackets > PATIENCE_PACKETS || nanos - stalledSince > PATIENCE_NANOS;
        if (over && (up.lost() || down.lost() || up.missing() == 0 && down.missing() == 0)) {
            force(nanos);
        }
    }

    /**
     * Goes on without what is missing; false if nothing is missing. Each call moves a stream forward to something that is
     * here, or to its end, so calling it until it says no comes to an end.
     */
    private boolean force(long nanos) {
        Half half = up.lost() ? up : down.lost() ? down : up.missing() > 0 ? up : down;
        int missing = half.missing();
        if (missing > 0) {
            half.next += missing;
            sniffer.missing(half.direction);
        } else if (!ignoreAcks && !(up.waiting.isEmpty() && down.waiting.isEmpty())) {
            // Each waits for the other: nobody means what these packets say.
            ignoreAcks = true;
        } else {
            return false;
        }
        drain(nanos);
        return true;
    }

    private void forget() {
        up.waiting.clear();
        down.waiting.clear();
        waiting(-waitingBytes);
    }

    /** The end: what waits is shown, what is missing is not waited for. */
    void close(CloseReason reason, long nanos) {
        boolean more = true;
        while (more && sniffer.wantsMore() && (up.unfinished() || down.unfinished())) {
            more = force(nanos);
        }
        forget();
        if (!up.known) {
            counts.stopped("skipped", "no_begin");
        }
        sniffer.closed(reason);
        closed = true;
    }
}
