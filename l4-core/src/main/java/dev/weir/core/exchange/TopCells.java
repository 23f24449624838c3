package dev.weir.core.exchange;

import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The cells of the top table on one event loop; at most {@link #MAX} and one per listener. When there are
 * too many, new combinations lose first the client, then everything; cells that nobody has used for
 * ten minutes make room and are added to {@code _OTHER}.
 */
final class TopCells {
    /** Most cells, those under {@code _OTHER} not counted. */
    static final int MAX = 1_024;

    /** Places kept for combinations without a client. */
    static final int RESERVED = 256;

    static final long STALE_NANOS = 600_000_000_000L;
    private static final long SWEEP_NANOS = 10_000_000_000L;

    private final Map<TopCell.Key, TopCell> cells = new ConcurrentHashMap<>();
    private final TopCell.Key probe = new TopCell.Key();
    private final long[] merged = new long[1];
    private int listeners;
    private long sweptNanos;
    private boolean swept;

    @SuppressWarnings("ReferenceEquality") // Another instance of an equal text is looked up: slower, not wrong.
    void count(Exchange e, ConnectionScope scope, long nanos, long micros) {
        TopCell cell = scope.top;
        if (cell == null
                || cell.removed
                || scope.user != e.user
                || scope.app != e.app
                || scope.topNamespace != e.namespace) {
            cell = find(e, scope);
        }
        cell.count(e);
        if (nanos >= 0) {
            cell.time(nanos, micros);
        }
    }

    private TopCell find(Exchange e, ConnectionScope scope) {
        TopCell cell = cells.get(probe.set(scope.listener, scope.clientHost, e.user, e.app, e.namespace));
        if (cell == null) {
            cell = make(e.startNanos);
        }
        scope.user = e.user;
        scope.app = e.app;
        scope.topNamespace = e.namespace;
        scope.top = cell;
        return cell;
    }

    /** Makes the cell of {@link #probe}, or finds the one that stands for it. */
    private TopCell make(long now) {
        if (size() >= MAX - RESERVED) {
            sweep(now);
        }
        if (size() < MAX - RESERVED) {
            return add();
        }
        Cells.addOpaque(merged, 0, 1);
        probe.client = Operation.OTHER;
        TopCell cell = cells.get(probe);
        if (cell != null) {
            return cell;
        }
        return size() < MAX ? add() : other(probe.listener);
    }

    private int size() {
        return cells.size() - listeners;
    }

    private TopCell add() {
        TopCell cell = new TopCell(probe.copy());
        cells.put(cell.key, cell);
        return cell;
    }

    private TopCell other(String listener) {
        String other = Operation.OTHER;
        TopCell cell = cells.get(probe.set(listener, other, other, other, other));
        if (cell == null) {
            cell = add();
            listeners++;
        }
        return cell;
    }

    private void sweep(long now) {
        if (swept && now - sweptNanos < SWEEP_NANOS) {
            return;
        }
        swept = true;
        sweptNanos = now;
        TopCell.Key wanted = probe.copy();
        for (Iterator<TopCell> i = cells.values().iterator(); i.hasNext(); ) {
            TopCell cell = i.next();
            if (now - cell.usedNanos > STALE_NANOS && !Operation.OTHER.equals(cell.key.namespace)) {
                i.remove();
                cell.removed = true;
                TopCell other = other(cell.key.listener);
                cell.addTo(other);
                other.latency.add(cell.latency);
            }
        }
        probe.set(wanted.listener, wanted.client, wanted.user, wanted.app, wanted.namespace);
    }

    /** From any thread. */
    Collection<TopCell> all() {
        return cells.values();
    }

    /** How often a combination was refused. From any thread. */
    long merged() {
        return Cells.get(merged, 0);
    }
}
