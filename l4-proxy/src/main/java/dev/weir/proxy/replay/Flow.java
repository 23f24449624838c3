package dev.weir.proxy.replay;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;

/**
 * One TCP connection: puts its packets in order and shows them to a sniffer. A packet waits for those before it in its
 * own direction, and for what its sender had acknowledged in the other one, so that no answer comes before its request.
 * Bytes that the receiver has acknowledged and that do not come are a gap.
 */
final class Flow {
    /** Most bytes that may wait, per connection. */
    static final long MAX_WAITING = 1 << 20;

    private static final int MAX_CHUNKS = 4_096;
    private static final int CHUNK_OVERHEAD = 64;
    private static final int PATIENCE_PACKETS = 64;
    private static final long PATIENCE_NANOS = 1_000_000_000L;

    /** Bytes that wait in all connections together. */
    static final class Budget {
        static final long MAX = 32 << 20;
        long used;
    }

    final FlowKey key;
    long lastNanos;
    private final Watch watch;
    private final ReplayCounts counts;
    private final Budget budget;
    private final Half up = new Half(Direction.TO_UPSTREAM);
    private final Half down = new Half(Direction.TO_CLIENT);
    private boolean ignoreAcks;
    private long waitingBytes;
    private long stalledSince;
    private int stalledPackets;
    private int stalledUp;
    private int stalledDown;
    private boolean clientEndedFirst;
    private boolean closed;

    Flow(FlowKey key, Watch watch, ReplayCounts counts, Budget budget) {
        this.key = key;
        this.watch = watch;
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

    /** Whether a SYN begins another connection between the same ports. */
    boolean renewedBy(TcpPacket p, boolean fromClient) {
        Half half = fromClient ? up : down;
        int behind = half.first - (p.seq + 1);
        // One that comes after the bytes behind it is late, not new.
        return half.known && (behind < 0 || behind > MAX_WAITING);
    }

    void packet(TcpPacket p, ByteBuf data, boolean fromClient, long nanos) {
        Half from = fromClient ? up : down;
        Half to = fromClient ? down : up;
        lastNanos = nanos;
        int seq = p.seq;
        if (p.has(TcpPacket.SYN)) {
            from.begin(++seq);
        } else if (!from.known && (p.length > 0 || p.has(TcpPacket.FIN)) && (fromClient || to.known)) {
            // The capture began in mid-stream: what the server says before the client does answers nothing.
            from.begin(seq);
        }
        if (p.has(TcpPacket.ACK) && from.known) {
            to.begin(p.ack);
            to.acked(p.ack);
        }
        if (!from.known) {
            return;
        }
        if (p.length > 0 && !watch.off()) {
            offer(from, to, p, seq, data, nanos);
        }
        if (p.has(TcpPacket.FIN) && !from.fin) {
            from.fin = true;
            from.finSeq = seq + p.length;
        }
        drain(nanos);
        patience(nanos);
        if (p.has(TcpPacket.RST)) {
            close(fromClient ? CloseReason.CLIENT_RESET : CloseReason.UPSTREAM_RESET, nanos);
        } else if (up.ended && down.ended || watch.off() && up.fin && down.fin) {
            close(clientEndedFirst ? CloseReason.CLIENT_CLOSED : CloseReason.UPSTREAM_CLOSED, nanos);
        }
    }

    private void offer(Half from, Half to, TcpPacket p, int seq, ByteBuf data, long nanos) {
        counts.cut += p.captured < p.length ? 1 : 0;
        int ahead = seq - from.next;
        if (from.ended || ahead < 0 && ahead + p.length <= 0 || ahead == Integer.MIN_VALUE) {
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
        while (!watch.off()
                && (waitingBytes > MAX_WAITING
                        || budget.used > Budget.MAX
                        || up.waiting.size() + down.waiting.size() > MAX_CHUNKS)) {
            force(nanos);
        }
    }

    private void waiting(long bytes) {
        waitingBytes += bytes;
        budget.used += bytes;
    }

    /** Shows what is new of a packet; {@code known}: bytes at its begin that were shown before. */
    private void deliver(Half from, ByteBuf data, int begin, int captured, int length, int known, long nanos) {
        int shown = Math.max(0, captured - known);
        int missing = length - Math.max(captured, known);
        from.next += length - known;
        if (shown > 0 && !watch.off()) {
            data.setIndex(begin + known, begin + captured);
            watch.bytes(from.direction, data, nanos);
        }
        if (missing > 0 && !watch.off()) {
            watch.gap(from.direction, nanos);
        }
    }

    private void drain(long nanos) {
        boolean moved = true;
        while (moved) {
            moved = step(up, down, nanos) | step(down, up, nanos);
        }
        if (watch.off()) {
            forget();
        }
    }

    private boolean step(Half half, Half other, long nanos) {
        boolean moved = false;
        if (!half.waiting.isEmpty()) {
            Half.Chunk chunk = half.waiting.get(0);
            int ahead = chunk.seq() - half.next;
            if (ahead <= 0 && (ignoreAcks || other.reached(chunk.ack()))) {
                half.waiting.remove(0);
                waiting(-chunk.bytes().length - CHUNK_OVERHEAD);
                if (ahead + chunk.length() > 0) {
                    ByteBuf data = Unpooled.wrappedBuffer(chunk.bytes());
                    deliver(half, data, 0, chunk.bytes().length, chunk.length(), -ahead, nanos);
                } else {
                    counts.repeated++;
                }
                moved = true;
            }
        }
        if (half.fin && !half.ended && half.waiting.isEmpty() && half.finSeq - half.next <= 0) {
            half.ended = true;
            half.next = half.finSeq + 1;
            clientEndedFirst |= half == up && !down.ended;
            watch.end(half.direction, nanos);
            moved = true;
        }
        return moved;
    }

    /** Waits for what may still come, but not for ever. */
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
        if (over && (up.lost() || down.lost())) {
            force(nanos);
        }
    }

    /** Goes on without what is missing. */
    private void force(long nanos) {
        Half half = up.lost() ? up : down.lost() ? down : up.hole() ? up : down;
        if (half.hole()) {
            half.jump();
            watch.gap(half.direction, nanos);
        } else {
            // Each waits for the other: nobody means what these packets say.
            ignoreAcks = true;
        }
        drain(nanos);
    }

    private void forget() {
        up.waiting.clear();
        down.waiting.clear();
        waiting(-waitingBytes);
    }

    /** The end: what waits is shown, what is missing is not waited for. */
    void close(CloseReason reason, long nanos) {
        while (!watch.off() && (!up.waiting.isEmpty() || !down.waiting.isEmpty() || up.hole() || down.hole())) {
            force(nanos);
        }
        forget();
        watch.close(reason, nanos);
        closed = true;
    }

    @Override
    public String toString() {
        return key + " " + Arrays.asList(up.next, down.next);
    }
}
