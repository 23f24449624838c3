package dev.weir.proxy.replay;

import dev.weir.core.filter.Direction;
import java.util.ArrayList;
import java.util.List;

/** One direction of a TCP connection: where its stream stands, and what came too early. Numbers wrap: compare differences. */
final class Half {
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
    int first;
    int next;
    boolean fin;
    int finSeq;
    boolean ended;
    private boolean acked;
    private int maxAck;

    Half(Direction direction) {
        this.direction = direction;
    }

    void begin(int seq) {
        if (!known) {
            known = true;
            first = seq;
            next = seq;
        }
    }

    /** The receiver of this direction says what it has. */
    void acked(int ack) {
        if (!acked || ack - maxAck > 0) {
            acked = true;
            maxAck = ack;
        }
    }

    /** Whether everything was seen that somebody who says {@code ack} had seen; its one for a lost FIN aside. */
    boolean reached(int ack) {
        return !known || ack - next <= 1;
    }

    /** Whether the receiver has bytes that the capture does not have at this place. */
    boolean lost() {
        return known
                && acked
                && maxAck - next > 1
                && (waiting.isEmpty() || waiting.get(0).seq() - next > 0);
    }

    /** Whether something is missing before what waits, or before the end. */
    boolean hole() {
        return waiting.isEmpty()
                ? lost() || known && fin && finSeq - next > 0
                : waiting.get(0).seq() - next > 0;
    }

    /** Goes on behind the hole. */
    void jump() {
        next = !waiting.isEmpty() ? waiting.get(0).seq() : lost() ? maxAck : finSeq;
    }

    void add(Chunk chunk) {
        int at = waiting.size();
        while (at > 0 && waiting.get(at - 1).seq() - chunk.seq() > 0) {
            at--;
        }
        waiting.add(at, chunk);
    }
}
