package dev.weir.proxy.replay;

import dev.weir.core.filter.Direction;
import java.util.ArrayList;
import java.util.List;

/** One direction of a TCP connection: where its stream stands, and what came too early. Numbers wrap: compare differences. */
final class Half {
    /** The largest window there is: a number that is further away belongs to something else. */
    static final int MAX_AHEAD = 1 << 30;

    /**
     * A packet that has to wait.
     *
     * @param bytes as far as they were captured
     * @param length on the wire
     * @param ack what its sender had seen of the other direction
     */
    record Chunk(int seq, byte[] bytes, int length, int ack) {}

    final Direction direction;
    /** Sorted. */
    final List<Chunk> waiting = new ArrayList<>(0);

    boolean known;
    /** Whether {@link #first} is from a SYN. */
    boolean exact;
    /** The number of the first byte. */
    int first;
    /** The number of the next byte to be shown. */
    int next;

    boolean fin;
    int finSeq;
    /** Whether the end was shown. */
    boolean ended;

    private boolean acked;
    private int maxAck;

    Half(Direction direction) {
        this.direction = direction;
    }

    void begin(int seq, boolean bySyn) {
        if (!known) {
            known = true;
            exact = bySyn;
            first = seq;
            next = seq;
        }
    }

    /** The receiver of this direction says what it has. */
    void acked(int ack) {
        int ahead = ack - next;
        if (ahead > -MAX_AHEAD && ahead < MAX_AHEAD && (!acked || ack - maxAck > 0)) {
            acked = true;
            maxAck = ack;
        }
    }

    void fin(int seq) {
        if (!fin) {
            fin = true;
            finSeq = seq;
        }
    }

    /** Whether everything was shown that somebody who says {@code ack} had seen. */
    boolean reached(int ack) {
        return !known || ack - next <= 0 || ack - next > MAX_AHEAD;
    }

    /** Bytes that are known to exist before the next that is here; 0 if none are missing. */
    int missing() {
        if (!known || ended) {
            return 0;
        }
        int there = !waiting.isEmpty() ? waiting.get(0).seq() : fin ? finSeq : acked ? maxAck : next;
        return Math.max(0, there - next);
    }

    /** Whether something is still to come. A byte acknowledged at the very end is a FIN that the capture has not. */
    boolean unfinished() {
        return !waiting.isEmpty() || missing() > (fin ? 0 : 1);
    }

    /** Whether bytes are missing that the receiver has: then the capture lost them. */
    boolean lost() {
        return acked && maxAck - next > 0 && missing() > 0;
    }

    void add(Chunk chunk) {
        int at = waiting.size();
        while (at > 0 && waiting.get(at - 1).seq() - chunk.seq() > 0) {
            at--;
        }
        waiting.add(at, chunk);
    }
}
