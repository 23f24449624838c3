package dev.weir.core.sql;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Digests and their numbers, of one event loop, in bounded memory. Loops have a table each and share the cap; readers
 * add tables up by {@link #rows} from any thread and make nobody wait. Where there is no place for a new digest, the
 * one with the fewest calls leaves (Space-Saving: see {@link dev.weir.core.exchange.SpaceSaving}); its numbers go to
 * the row {@code _OTHER}, so totals are always right.
 */
public final class DigestTable {
    /** The cap for all loops together, unless told otherwise. */
    public static final long DEFAULT_MAX_BYTES = 16L << 20;

    /** Text and summary of the row of the rest. */
    public static final String OTHER = "_OTHER";

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

    private final long maxBytes;
    private final DigestEntry other =
            new DigestEntry(new SqlStatement(0, OTHER, OTHER, List.of(), OTHER, OTHER, false));

    private long published;
    private volatile @Nullable DigestEntry[] slots = new @Nullable DigestEntry[FIRST_SLOTS];
    private long bytes;
    private long evicted;

    // The writer's own.
    private @Nullable DigestEntry[] chains = new @Nullable DigestEntry[2 * FIRST_SLOTS];
    private DigestHeap heap = new DigestHeap(FIRST_SLOTS);
    private int used;
    private int[] free = new int[FIRST_SLOTS];
    private int freed;

    /** A table of at most so many bytes of heap; less than 32 KiB counts as that. */
    public DigestTable(long maxBytes) {
        this.maxBytes = Math.max(MIN_BYTES, maxBytes);
        this.bytes = 2 * DigestEntry.BYTES + 64L * FIRST_SLOTS;
    }

    /** The statement with this digest, if it has a place; so that the caller need not make one. On the loop. */
    public @Nullable SqlStatement find(long id) {
        DigestEntry entry = entry(id);
        return entry == null ? null : entry.statement;
    }

    /** Counts an execution. On the loop; allocates only for a digest that is new. */
    public void record(SqlStatement statement, Execution execution) {
        DigestEntry entry = entry(statement.id());
        if (entry == null) {
            entry = admit(statement);
        }
        entry.counts.add(execution);
        if (entry != other) {
            heap.sink(entry.heapIndex);
        }
        PUBLISHED.setRelease(this, published + 1);
    }

    private @Nullable DigestEntry entry(long id) {
        DigestEntry entry = chains[chain(id)];
        while (entry != null && entry.statement.id() != id) {
            entry = entry.next;
        }
        return entry;
    }

    private int chain(long id) {
        return (int) id & (chains.length - 1);
    }

    private DigestEntry admit(SqlStatement statement) {
        long needed = DigestEntry.BYTES + statement.bytes();
        if (needed > maxBytes / 4) {
            return other;
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
            return other;
        }
        DigestEntry entry = reused;
        if (entry == null) {
            entry = new DigestEntry(statement);
            place(entry);
        } else {
            entry.reuse(statement, rank);
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
        other.counts.add(least.counts);
        bytes -= least.bytes;
        evicted++;
        return least;
    }

    private void unlink(DigestEntry entry) {
        int chain = chain(entry.statement.id());
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
                int chain = chain(entry.statement.id());
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

    /** Estimate of the heap it takes. From any thread. */
    public long bytes() {
        acquire();
        return bytes;
    }

    /** All rows of the tables added up by digest, {@code _OTHER} among them if it has calls. From any thread. */
    public static List<DigestRow> rows(List<DigestTable> tables) {
        Map<Long, DigestRow> rows = new LinkedHashMap<>();
        DigestRow rest = null;
        for (DigestTable table : tables) {
            table.acquire();
            for (int i = 0; i < table.slots.length; i++) {
                DigestRow row = table.row(i);
                if (row != null) {
                    rows.merge(row.statement().id(), row, DigestRow::plus);
                }
            }
            DigestRow more = table.other.copy();
            rest = rest == null || more == null ? more : rest.plus(more);
        }
        List<DigestRow> all = new ArrayList<>(rows.values());
        if (rest != null && rest.calls() > 0) {
            all.add(rest);
        }
        return all;
    }

    /** What was written before the last execution was published is seen after this. */
    private long acquire() {
        return (long) PUBLISHED.getAcquire(this);
    }

    /** What a place holds; one that changes hands all the time is left out. */
    private @Nullable DigestRow row(int slot) {
        for (int i = 0; i < RETRIES; i++) {
            DigestEntry entry = (DigestEntry) SLOTS.getAcquire(slots, slot);
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
