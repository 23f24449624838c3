package dev.weir.core.exchange;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * All series of the exported histograms, of all loops together: at most {@code limit}, first come, never evicted.
 * Two of them are for what belongs to no other, and two more per listener and system as long as there is room.
 */
final class SeriesRegistry {
    private final int limit;
    private final Map<SeriesKey, List<SeriesCell>> series = new ConcurrentHashMap<>();
    private final Set<SeriesKey> scopes = ConcurrentHashMap.newKeySet();
    private volatile boolean full;

    SeriesRegistry(int limit) {
        this.limit = limit;
        admit(SeriesKey.other(DurationFamily.DB_CLIENT, Operation.OTHER, Operation.OTHER, false));
        admit(SeriesKey.other(DurationFamily.DB_CLIENT, Operation.OTHER, Operation.OTHER, true));
    }

    /** The cells of a series, or null if it is one too many. Takes no lock once the limit is reached. */
    @Nullable
    List<SeriesCell> admit(SeriesKey key) {
        List<SeriesCell> cells = series.get(key);
        return cells != null || full ? cells : add(key);
    }

    private synchronized @Nullable List<SeriesCell> add(SeriesKey key) {
        List<SeriesCell> cells = series.get(key);
        if (cells == null && !full) {
            cells = new CopyOnWriteArrayList<>();
            series.put(key, cells);
            scopes.add(key.scope());
            full = series.size() >= limit;
        }
        return cells;
    }

    /** Whether {@code key} names a scope that has series, or may still get one. */
    boolean admitsScope(SeriesKey key) {
        return !full || scopes.contains(key.scope());
    }

    /** A cell for one loop for what is beyond the limit. */
    SeriesCell other(DurationFamily family, String listener, String systemName, boolean error) {
        List<SeriesCell> cells = admit(SeriesKey.other(family, listener, systemName, error));
        if (cells == null) {
            cells = admit(SeriesKey.other(DurationFamily.DB_CLIENT, Operation.OTHER, Operation.OTHER, error));
        }
        SeriesCell cell = new SeriesCell();
        if (cells != null) {
            cells.add(cell);
        }
        return cell;
    }

    Map<SeriesKey, List<SeriesCell>> all() {
        return series;
    }
}
