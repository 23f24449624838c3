package dev.weir.mongo;

import dev.weir.core.exchange.Operation;
import dev.weir.core.sql.SqlStatement;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Which command made an open cursor: drivers fetch from it on any connection. Of all loops of a listener, without a lock: a
 * fixed number of places, an immutable record in each, which a newer cursor replaces if all places for it are taken.
 */
final class Cursors {
    private static final int PROBES = 4;
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /**
     * A cursor.
     *
     * @param id the server's number of it
     * @param operation of the command that made it
     * @param statement its statement, if it has one
     * @param tails whether it waits for documents that are not there yet
     */
    record Cursor(long id, Operation operation, @Nullable SqlStatement statement, boolean tails) {}

    private final AtomicReferenceArray<@Nullable Cursor> places;
    private final int mask;

    /** Room for so many, rounded up to a power of two; for 0 none is kept. */
    Cursors(int size) {
        int rounded = size == 0 ? 0 : Math.max(PROBES, Integer.highestOneBit(2 * size - 1));
        places = new AtomicReferenceArray<>(rounded);
        mask = rounded - 1;
    }

    private int place(long id) {
        return (int) (id * SPREAD >>> 32) & mask;
    }

    /** The cursor with this number, or null. */
    @Nullable
    Cursor find(long id) {
        if (mask > 0) {
            int first = place(id);
            for (int i = 0; i < PROBES; i++) {
                Cursor cursor = places.getAcquire(first + i & mask);
                if (cursor != null && cursor.id == id) {
                    return cursor;
                }
            }
        }
        return null;
    }

    void put(Cursor cursor) {
        if (mask <= 0) {
            return;
        }
        int first = place(cursor.id);
        int chosen = first + (int) (cursor.id & PROBES - 1) & mask;
        for (int i = 0; i < PROBES; i++) {
            Cursor there = places.getAcquire(first + i & mask);
            if (there == null || there.id == cursor.id) {
                chosen = first + i & mask;
                break;
            }
        }
        places.setRelease(chosen, cursor);
    }

    void remove(long id) {
        if (mask > 0) {
            int first = place(id);
            for (int i = 0; i < PROBES; i++) {
                Cursor cursor = places.getAcquire(first + i & mask);
                if (cursor != null && cursor.id == id) {
                    places.compareAndSet(first + i & mask, cursor, null);
                }
            }
        }
    }
}
