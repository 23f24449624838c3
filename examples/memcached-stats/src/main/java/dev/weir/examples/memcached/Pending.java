package dev.weir.examples.memcached;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a connection that wait for their answers, oldest first: a linked list whose nodes are pooled per event
 * loop, so that nothing is allocated per command and an idle connection holds none.
 */
final class Pending {
    /** Bounds the memory of a connection whose server does not answer. */
    private static final int MOST = 10_000;

    /** A command that waits, with its record. */
    static final class Node {
        private @Nullable Exchange exchange;
        private @Nullable Node next;
        Command command = Command.UNKNOWN;
        /** When its last byte was seen. */
        long sent;
        /** Sent with the flag q: it is answered only if there is something to tell. */
        boolean quiet;
        /** Hash of what its answer repeats, 0 if nothing. */
        private long tag;

        Exchange exchange() {
            if (exchange == null) {
                throw new IllegalStateException("no exchange (expected: one as long as the command waits)");
            }
            return exchange;
        }

        /** Whether {@code reply}, which repeats {@code answerTag}, can be the end of its answer. */
        boolean isEndedBy(Reply reply, long answerTag) {
            return command.kind().endsWith(reply, quiet) && (!quiet || tag == 0 || tag == answerTag || reply.isError());
        }
    }

    /** Nodes that are free, of one event loop; used on that loop only. */
    static final class Pool {
        private static final int MOST_FREE = 1_024;

        private @Nullable Node free;
        private int size;

        private Node take() {
            Node node = free;
            if (node == null) {
                return new Node();
            }
            free = node.next;
            node.next = null;
            size--;
            return node;
        }

        private void put(Node node) {
            node.exchange = null;
            if (size < MOST_FREE) {
                node.next = free;
                free = node;
                size++;
            }
        }
    }

    private final Pool pool;
    private @Nullable Node oldest;
    private @Nullable Node newest;
    private int size;

    Pending(Pool pool) {
        this.pool = pool;
    }

    boolean isFull() {
        return size == MOST;
    }

    /** The one whose turn it is, or null. */
    @Nullable
    Node oldest() {
        return oldest;
    }

    /** Adds a command with its record. */
    void add(Exchange exchange, Command command, long sent, boolean quiet, long tag) {
        Node node = pool.take();
        node.exchange = exchange;
        node.command = command;
        node.sent = sent;
        node.quiet = quiet;
        node.tag = tag;
        if (newest == null) {
            oldest = node;
        } else {
            newest.next = node;
        }
        newest = node;
        size++;
    }

    /** Hands in the record of the oldest, and removes it. */
    void emitOldest(Exchanges exchanges) {
        Node node = oldest;
        if (node != null) {
            oldest = node.next;
            newest = oldest == null ? null : newest;
            size--;
            exchanges.emit(node.exchange());
            pool.put(node);
        }
    }
}
