package dev.weir.redis;

import dev.weir.core.exchange.HotKeys;
import io.micrometer.core.instrument.Counter;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the sniffers of one event loop share: settings, scratch space, and pools. On that loop only. */
final class Loop {
    /** Longest part of an argument or a text that is looked at. */
    static final int SCRATCH = 512;
    /** Bytes that all rings beyond the smallest size may take. */
    static final long BUDGET = 32L << 20;

    private static final int POOLED = 256;
    private static final int GROWTH = 4;
    private static final int NAMES = 1024;
    private static final String[] DATABASES = new String[256];

    static {
        Arrays.setAll(DATABASES, Integer::toString);
    }

    final CommandTable table;
    final ErrorCodes errors;
    final Settings settings;
    final HotKeys.@Nullable Recorder hotKeys;
    final Counter lossy;
    final Counter unsolicited;
    /** For the running call only. */
    final byte[] scratch = new byte[SCRATCH];
    /** For the running call only. */
    final Outcome outcome = new Outcome();
    /** The same, for commands of a transaction while {@link #outcome} belongs to its end. */
    final Outcome outcomeOfQueued = new Outcome();

    private final ArrayDeque<byte[]> arrays = new ArrayDeque<>();
    private final ArrayDeque<Note> notes = new ArrayDeque<>();
    /** By size: 16, 64, 256 and 1,024 commands. */
    private final List<ArrayDeque<PendingRing>> rings =
            List.of(new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>());

    private final Map<String, String> names = new HashMap<>();
    private long taken;

    /**
     * The settings of the filter.
     *
     * @param keys whether the first key goes into {@code target}
     * @param maxPending most commands of a connection that wait for their answer with a record of their own
     */
    record Settings(boolean keys, int maxPending) {}

    Loop(
            CommandTable table,
            ErrorCodes errors,
            Settings settings,
            HotKeys.@Nullable Recorder hotKeys,
            Counter lossy,
            Counter unsolicited) {
        this.table = table;
        this.errors = errors;
        this.settings = settings;
        this.hotKeys = hotKeys;
        this.lossy = lossy;
        this.unsolicited = unsolicited;
    }

    /** An array of {@link #SCRATCH} bytes. */
    byte[] borrow() {
        byte[] array = arrays.pollLast();
        return array == null ? new byte[SCRATCH] : array;
    }

    void giveBack(byte[] array) {
        if (arrays.size() < POOLED) {
            arrays.addLast(array);
        }
    }

    Note borrowNote() {
        Note note = notes.pollLast();
        return note == null ? new Note() : note;
    }

    void giveBack(@Nullable Note note) {
        if (note != null) {
            note.clear();
            if (notes.size() < POOLED) {
                notes.addLast(note);
            }
        }
    }

    /** An empty ring of the smallest size. */
    PendingRing borrowRing() {
        PendingRing ring = rings.get(0).pollLast();
        return ring == null ? new PendingRing(PendingRing.SMALLEST) : ring;
    }

    /**
     * A larger ring with the entries of {@code full}, which is given back; or null if the budget is used up.
     *
     * @param must whether the budget may be overdrawn, by as much again
     */
    @Nullable
    PendingRing grow(PendingRing full, boolean must) {
        int capacity = full.capacity() * GROWTH;
        if (taken + (long) capacity * PendingRing.ENTRY > (must ? 2 * BUDGET : BUDGET)) {
            return null;
        }
        int kind = kind(capacity);
        PendingRing larger = kind < rings.size() ? rings.get(kind).pollLast() : null;
        if (larger == null) {
            larger = new PendingRing(capacity);
        }
        taken += (long) capacity * PendingRing.ENTRY;
        while (!full.isEmpty()) {
            larger.move(full);
        }
        giveBack(full);
        return larger;
    }

    /** Takes back an empty ring. */
    void giveBack(PendingRing ring) {
        ring.clear();
        int kind = kind(ring.capacity());
        if (kind > 0) {
            taken -= (long) ring.capacity() * PendingRing.ENTRY;
        }
        if (kind < rings.size() && rings.get(kind).size() < (kind == 0 ? POOLED : POOLED / 16)) {
            rings.get(kind).addLast(ring);
        }
    }

    private static int kind(int capacity) {
        return (Integer.numberOfTrailingZeros(capacity) - Integer.numberOfTrailingZeros(PendingRing.SMALLEST)) / 2;
    }

    /** Bytes that rings have taken from the budget. */
    long taken() {
        return taken;
    }

    /** The same text for the same database. */
    static String database(int index) {
        return index < DATABASES.length ? DATABASES[index] : Integer.toString(index);
    }

    /** {@code name}, the same instance for equal ones as far as there is room. */
    String same(String name) {
        String known = names.get(name);
        if (known == null) {
            known = name;
            if (names.size() < NAMES) {
                names.put(name, name);
            }
        }
        return known;
    }
}
