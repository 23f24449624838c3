package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a connection that wait for their answer. Bounded by a number and by the budget of the loop: beyond
 * that it is lossy, and commands that have no effect on pairing are only counted, run by run, so that their answers can
 * be told from those of later ones. It records again when it has drained.
 */
final class OpenCommands {
    /** In place of a command's number: a run of commands that were only counted. */
    static final int LOST = 0xffff;
    /** Room beyond the bound, for such runs and for commands that pairing cannot do without. */
    static final int RESERVE = 1024;

    private final Loop loop;
    private @Nullable PendingRing ring;
    private final int maxPending;
    private boolean lossy;

    OpenCommands(Loop loop) {
        this.loop = loop;
        this.maxPending = loop.settings.maxPending();
    }

    /** The ring if any command is open. */
    @Nullable
    PendingRing ring() {
        PendingRing held = ring;
        return held == null || held.isEmpty() ? null : held;
    }

    boolean isEmpty() {
        return ring == null || ring.isEmpty();
    }

    int size() {
        return ring == null ? 0 : ring.size();
    }

    /** Adds a command, or counts it. */
    void add(CommandInfo info, int flags, int value, long start, long now, long bytes, @Nullable Note note) {
        PendingRing to = ring;
        if (to == null) {
            to = loop.borrowRing();
            ring = to;
        }
        if (!lossy && to.size() < maxPending && !to.isFull() && info.kind == CommandInfo.Kind.PLAIN) {
            to.add(info.index, flags, value, start, now, bytes, note);
            return;
        }
        addSlowly(to, info, flags, value, start, now, bytes, note);
    }

    private void addSlowly(
            PendingRing to,
            CommandInfo info,
            int flags,
            int value,
            long start,
            long now,
            long bytes,
            @Nullable Note note) {
        boolean must = info.kind != CommandInfo.Kind.PLAIN && info.kind != CommandInfo.Kind.SCAN;
        lossy |= to.size() >= maxPending;
        PendingRing roomy = to.isFull() && !(lossy && !must) ? larger(to, must) : to;
        if (roomy == null || lossy && !must) {
            lossy = true;
            loop.giveBack(note);
            lose(to, (flags & PendingRing.SILENT) != 0);
            return;
        }
        int special = info.kind == CommandInfo.Kind.PLAIN ? 0 : PendingRing.SPECIAL;
        roomy.add(info.index, flags | special, value, start, now, bytes, note);
    }

    private @Nullable PendingRing larger(PendingRing full, boolean must) {
        PendingRing larger = full.size() >= maxPending + RESERVE ? null : loop.grow(full, must);
        if (larger != null) {
            ring = larger;
        } else if (must) {
            throw new SniffException("pending");
        }
        return larger;
    }

    private void lose(PendingRing from, boolean silent) {
        loop.lossy.increment();
        if (silent) {
            return;
        }
        if (from.endsWith(LOST)) {
            from.addToLast(1);
            return;
        }
        PendingRing larger = from.isFull() ? larger(from, true) : from;
        if (larger != null) {
            larger.add(LOST, PendingRing.SPECIAL, 1, 0, 0, 0, null);
        }
    }

    /** Gives the ring back if nothing is open. */
    void rest() {
        PendingRing held = ring;
        if (held != null && held.isEmpty()) {
            loop.giveBack(held);
            ring = null;
            lossy = false;
        }
    }
}
