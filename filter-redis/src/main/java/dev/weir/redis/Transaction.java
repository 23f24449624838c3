package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import org.jspecify.annotations.Nullable;

/** Whether a transaction is open, as far as the answers tell, and the commands queued in it. */
final class Transaction {
    private final Loop loop;
    private boolean open;
    private @Nullable PendingRing queued;

    Transaction(Loop loop) {
        this.loop = loop;
    }

    boolean isOpen() {
        return open;
    }

    void begin() {
        open = true;
    }

    /** It ended; nothing may be queued any more. */
    void end() {
        open = false;
        if (queued != null) {
            loop.giveBack(queued);
            queued = null;
        }
    }

    /** The queued commands, if any. */
    @Nullable
    PendingRing ring() {
        PendingRing ring = queued;
        return ring == null || ring.isEmpty() ? null : ring;
    }

    /** Number of queued commands; a run of lost ones counts as one. */
    int size() {
        return queued == null ? 0 : queued.size();
    }

    /** Moves the oldest command of {@code from} here. */
    void queue(PendingRing from, CommandInfo info) {
        if (info.kind.subscribes()) {
            throw new SniffException("subscribe_in_transaction"); // its confirmations tear EXEC's answer apart
        }
        if (info.kind == CommandInfo.Kind.CLIENT_REPLY && from.value() != ReplyMode.ON) {
            throw new SniffException("reply_mode"); // would cut EXEC's answer off
        }
        roomy().move(from);
    }

    /** A command that was only counted was queued. */
    void lose() {
        PendingRing ring = queued;
        if (ring != null && ring.endsWith(OpenCommands.LOST)) {
            ring.addToLast(1);
        } else {
            roomy().add(OpenCommands.LOST, PendingRing.SPECIAL, 1, 0, 0, 0, null);
        }
    }

    private PendingRing roomy() {
        PendingRing ring = queued;
        if (ring == null) {
            ring = loop.borrowRing();
        } else if (ring.isFull()) {
            boolean full = ring.size() >= loop.settings.maxPending() + OpenCommands.RESERVE;
            ring = full ? null : loop.grow(ring, true);
        }
        if (ring == null) {
            throw new SniffException("pending");
        }
        queued = ring;
        return ring;
    }
}
