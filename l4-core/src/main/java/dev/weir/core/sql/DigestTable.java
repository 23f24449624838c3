package dev.weir.core.sql;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Digests per listener and their numbers, of one event loop, in bounded memory. Loops have a table each and share
 * the cap evenly; readers add tables up by {@link #rows} from any thread and make nobody wait. Where there is no place
 * for a new digest, the one with the fewest calls leaves (Space-Saving: see
 * {@link dev.weir.core.exchange.SpaceSaving}); its numbers go to the row {@code _OTHER} of its listener, so totals
 * are always right.
 */
public final class DigestTable {
    /** The cap for all loops together, unless told otherwise. */
    public static final long DEFAULT_MAX_BYTES = 16L << 20;

    /** The statement of the rows of the rest; its text and summary are {@code _OTHER}. */
    public static final SqlStatement OTHER =
            new SqlStatement(0, Operation.OTHER, Operation.OTHER, List.of(), Operation.OTHER, Operation.OTHER, false);

    private static final long MIN_BYTES = 32L << 10;
    private static final int FIRST_SLOTS = 16;
    private static final int RETRIES = 8;
    private static final VarHandle PUBLISHED;
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(DigestEntry[].class);

    static {
        try {
            PUBLISHED = MethodHandles.lookup().findVarHandle(DigestTable.class, "published", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private record RowKey(String listener, long id) {}

    private final long maxBytes;

    private long published;
    private volatile @Nullable DigestEntry[] slots = new @Nullable DigestEntry[FIRST_SLOTS];
    private volatile DigestEntry[] others = new DigestEntry[0];
    private long bytes;
    private long evicted;

    // The writer's own.
    private @Nullable DigestEntry[] chains = new @Nullable DigestEntry[2 * FIRST_SLOTS];
    private DigestHeap heap = new DigestHeap(FIRST_SLOTS);
    private int used;
    private int[] free = new int[FIRST_SLOTS];
    private int freed;

    /**
     * A table of at most so many bytes of heap; less than 32 KiB counts as that. With 0 it stays empty, and nobody
     * needs to make statements for it.
     */
    public DigestTable(long maxBytes) {
        this.maxBytes = maxBytes <= 0 ? 0 : Math.max(MIN_BYTES, maxBytes);
        this.bytes = 64L * FIRST_SLOTS;
    }

    /** Whether anything is kept. If not, producers need not normalise statements. From any thread. */
    public boolean enabled() {
        return maxBytes > 0;
    }

    /** The statement with this digest, if it has a place; so that the caller need not make one. On the loop. */
    public @Nullable SqlStatement find(long id) {
        DigestEntry entry = chains[chain(id)];
        while (entry != null && entry.id != id) {
            entry = entry.next;
        }
        return entry == null ? null : entry.statement;
    }

    /**
     * Counts an exchange that has a statement, and ignores others. On the loop; allocates only for a digest that is
     * new.
     *
     * @param listener name of its listener
     * @param nanos its duration; -1 keeps it out of the latencies
     */
    public void count(Exchange exchange, String listener, long nanos) {
        SqlStatement statement = exchange.sql;
        if (statement == null || maxBytes == 0) {
            return;
        }
        long id = statement.id();
        DigestEntry entry = chains[chain(id)];
        while (entry != null && !entry.is(id, listener)) {
            entry = entry.next;
        }
        if (entry == null) {
            entry = admit(listener, statement);
        }
        if (entry == null) {
            other(listener).add(exchange, nanos);
        } else {
            entry.add(exchange, nanos);
            heap.sink(entry.heapIndex);
        }
        PUBLISHED.setRelease(this, published + 1);
    }

    /** The row of the rest of a listener; there are few listeners. */
    private DigestEntry other(String listener) {
        for (DigestEntry entry : others) {
            if (entry.listener.equals(listener)) {
                return entry;
            }
        }
        DigestEntry entry = new DigestEntry(listener, OTHER);
        DigestEntry[] more = Arrays.copyOf(others, others.length + 1);
        more[others.length] = entry;
        others = more;
        bytes += DigestEntry.BYTES;
        return entry;
    }

    private int chain(long id) {
        return (int) id & (chains.length - 1);
    }

    /** A place for a digest; null if it is too large for any. */
    private @Nullable DigestEntry admit(String listener, SqlStatement statement) {
        long needed = DigestEntry.BYTES + statement.bytes();
        if (needed > maxBytes / 4) {
            return null;
        }
        DigestEntry reused = null;
        long rank = 0;
        while (bytes + growth() + needed > maxBytes && heap.size() > 0) {
            if (reused != null) {
                drop(reused);
            }
            reused = evict();
            rank = reused.rank();
        }
        if (bytes + growth() + needed > maxBytes) {
            if (reused != null) {
                drop(reused);
            }
            return null;
        }
        DigestEntry entry = reused;
        if (entry == null) {
            entry = new DigestEntry(listener, statement);
            place(entry);
        } else {
            entry.reuse(listener, statement, rank);
        }
        entry.bytes = needed;
        bytes += needed;
        int chain = chain(statement.id());
        entry.next = chains[chain];
        chains[chain] = entry;
        heap.add(entry);
        return entry;
    }

    /** Takes the least used digest out; its place is still visible to readers until it is dropped or reused. */
    private DigestEntry evict() {
        DigestEntry least = heap.remove();
        unlink(least);
        other(least.listener).add(least);
        bytes -= least.bytes;
        evicted++;
        return least;
    }

    private void unlink(DigestEntry entry) {
        int chain = chain(entry.id);
        DigestEntry before = chains[chain];
        if (before == entry) {
            chains[chain] = entry.next;
            return;
        }
        while (before != null && before.next != entry) {
            before = before.next;
        }
        if (before != null) {
            before.next = entry.next;
        }
    }

    private void drop(DigestEntry entry) {
        SLOTS.setRelease(slots, entry.slot, null);
        free[freed++] = entry.slot;
    }

    /** Bytes by which the arrays grow with the next new place. */
    private long growth() {
        return freed == 0 && used == slots.length ? 64L * slots.length : 0;
    }

    private void place(DigestEntry entry) {
        bytes += growth();
        if (freed == 0 && used == slots.length) {
            grow();
        }
        entry.slot = freed > 0 ? free[--freed] : used++;
        SLOTS.setRelease(slots, entry.slot, entry);
    }

    private void grow() {
        int size = 2 * slots.length;
        slots = Arrays.copyOf(slots, size);
        free = Arrays.copyOf(free, size);
        heap = heap.larger(size);
        DigestEntry[] old = chains;
        chains = new @Nullable DigestEntry[2 * size];
        for (DigestEntry first : old) {
            DigestEntry entry = first;
            while (entry != null) {
                DigestEntry next = entry.next;
                int chain = chain(entry.id);
                entry.next = chains[chain];
                chains[chain] = entry;
                entry = next;
            }
        }
    }

    /** Digests that left for others so far; their numbers are in {@code _OTHER}. From any thread. */
    public long evicted() {
        acquire();
        return evicted;
    }

    /** Digests in it now. From any thread. */
    public long size() {
        acquire();
        return (long) used - freed;
    }

    /** Estimate of the heap it takes. From any thread. */
    public long bytes() {
        acquire();
        return bytes;
    }

    /** All rows of the tables added up by listener and digest, those of the rest among them. From any thread. */
    public static List<DigestRow> rows(List<DigestTable> tables) {
        Map<RowKey, DigestRow> rows = new HashMap<>();
        for (DigestTable table : tables) {
            table.acquire();
            @Nullable DigestEntry[] places = table.slots;
            for (int i = 0; i < places.length; i++) {
                add(rows, row(places, i));
            }
            for (DigestEntry other : table.others) {
                add(rows, other.copy());
            }
        }
        return new ArrayList<>(rows.values());
    }

    private static void add(Map<RowKey, DigestRow> rows, @Nullable DigestRow row) {
        if (row == null || row.calls() == 0) {
            return;
        }
        DigestRow known =
                rows.putIfAbsent(new RowKey(row.listener(), row.statement().id()), row);
        if (known != null) {
            known.add(row);
        }
    }

    /** What was written before the last execution was published is seen after this. */
    private long acquire() {
        return (long) PUBLISHED.getAcquire(this);
    }

    /** What a place holds; one that changes hands all the time is left out. */
    private static @Nullable DigestRow row(@Nullable DigestEntry[] places, int slot) {
        for (int i = 0; i < RETRIES; i++) {
            DigestEntry entry = (DigestEntry) SLOTS.getAcquire(places, slot);
            if (entry == null) {
                return null;
            }
            DigestRow row = entry.copy();
            if (row != null) {
                return row;
            }
        }
        return null;
    }
}
