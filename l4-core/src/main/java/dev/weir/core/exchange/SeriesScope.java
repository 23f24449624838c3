package dev.weir.core.exchange;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The series of one listener, system, database and server on one event loop: a small hash table by operation,
 * collection, summary and error, and before it an
 * array for those that have an operation only.
 */
final class SeriesScope {
    /** Stands in cells that are found otherwise. */
    static final Operation NO_OPERATION = new Operation(Operation.OTHER, 0, false);

    private static final int FIRST_SIZE = 16;

    private final CommandFamily family;
    private final SeriesRegistry registry;
    private final @Nullable SeriesKey labels;
    private @Nullable SeriesCell[] plain = new @Nullable SeriesCell[0];
    private @Nullable SeriesCell[] table = new @Nullable SeriesCell[FIRST_SIZE];
    private int size;

    /** With null for {@code labels} everything in it is beyond the limit. */
    SeriesScope(CommandFamily family, SeriesRegistry registry, @Nullable SeriesKey labels) {
        this.family = family;
        this.registry = registry;
        this.labels = labels;
    }

    void time(Exchange e, long nanos) {
        Operation operation = e.operation();
        if (e.status != Exchange.Status.ERROR && e.collection == null && e.summary == null && e.labels == null) {
            int i = operation.index();
            @Nullable SeriesCell[] known = plain;
            if (i < known.length) {
                SeriesCell cell = known[i];
                if (cell != null && cell.of(operation)) {
                    cell.time(nanos);
                    return;
                }
            }
        }
        find(e, operation).time(nanos);
    }

    private SeriesCell find(Exchange e, Operation operation) {
        String collection = e.collection;
        String summary = e.summary;
        String error = e.status != Exchange.Status.ERROR ? null : e.error != null ? e.error : Operation.OTHER;
        SeriesLabels more = e.labels;
        int hash = SeriesCell.hash(operation, collection, summary, error, more);
        SeriesCell cell = table[hash & (table.length - 1)];
        while (cell != null && !cell.is(operation, collection, summary, error, more)) {
            cell = cell.next;
        }
        if (cell == null) {
            cell = make(operation, collection, summary, error, more);
        }
        if (cell == null) {
            return family.beyond(error != null);
        }
        if (collection == null && summary == null && error == null && more == null) {
            remember(operation, cell);
        }
        return cell;
    }

    private void remember(Operation operation, SeriesCell cell) {
        int i = operation.index();
        if (i >= plain.length) {
            plain = Arrays.copyOf(plain, i + 16);
        }
        plain[i] = cell;
    }

    private @Nullable SeriesCell make(
            Operation operation,
            @Nullable String collection,
            @Nullable String summary,
            @Nullable String error,
            @Nullable SeriesLabels more) {
        var cells = labels == null ? null : registry.admit(labels.with(operation, collection, summary, error, more));
        if (cells == null) {
            return null;
        }
        SeriesCell cell = new SeriesCell(operation, collection, summary, error, more);
        cells.add(cell);
        if (++size > table.length) {
            grow();
        }
        put(cell);
        return cell;
    }

    private void grow() {
        @Nullable SeriesCell[] old = table;
        table = new @Nullable SeriesCell[old.length * 2];
        for (SeriesCell cell : old) {
            while (cell != null) {
                SeriesCell next = cell.next;
                put(cell);
                cell = next;
            }
        }
    }

    private void put(SeriesCell cell) {
        int i = cell.hash() & (table.length - 1);
        cell.next = table[i];
        table[i] = cell;
    }
}
