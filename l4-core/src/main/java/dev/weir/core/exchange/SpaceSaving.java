package dev.weir.core.exchange;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The heaviest keys of a stream in bounded memory (Metwally and others, “Efficient computation of frequent and top-k
 * elements”, 2005). Each count is too high by at most its error, and no key with more than total / capacity
 * is missing. Keys are bytes within a namespace. One thread adds, without garbage as long as the key is
 * there; any thread reads and never makes it wait.
 */
public final class SpaceSaving {
    private static final int NONE = -1;

    /**
     * A key of the sketch.
     *
     * @param namespace as given
     * @param key its bytes; compared by content
     * @param count not less than the true count
     * @param error {@code count - error} is not more than the true count
     */
    public record Entry(@Nullable String namespace, byte[] key, long count, long error) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Entry e
                    && Objects.equals(namespace, e.namespace)
                    && Arrays.equals(key, e.key)
                    && count == e.count
                    && error == e.error;
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(key);
        }
    }

    private final int capacity;
    private volatile int size;

    // By place. A version is odd while the writer changes the key there.
    private final long[] versions;
    private final long[] counts;
    private final long[] errors;
    private final @Nullable String[] namespaces;
    private final byte[][] keys;
    private final int[] lengths;

    // The writer's own: hash chains, and a heap of places with the smallest count at the top.
    private final int[] hashes;
    private final int[] chains;
    private final int[] next;
    private final int[] heap;
    private final int[] inHeap;

    /** Keeps at most {@code capacity} keys. */
    public SpaceSaving(int capacity) {
        this.capacity = capacity;
        this.versions = new long[capacity];
        this.counts = new long[capacity];
        this.errors = new long[capacity];
        this.namespaces = new @Nullable String[capacity];
        this.keys = new byte[capacity][];
        this.lengths = new int[capacity];
        this.hashes = new int[capacity];
        this.next = new int[capacity];
        this.heap = new int[capacity];
        this.inHeap = new int[capacity];
        this.chains = new int[Integer.highestOneBit(Math.max(1, capacity * 2 - 1)) * 2];
        Arrays.fill(chains, NONE);
    }

    /** The hash that {@link #add} wants; so that several sketches share the work. */
    public static int hash(@Nullable String namespace, byte[] key, int offset, int length) {
        int hash = namespace == null ? 1 : namespace.hashCode();
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + key[i];
        }
        hash *= 0x9e3779b9;
        return hash ^ (hash >>> 15);
    }

    /** Adds {@code weight} ≥ 0 to a key. On the writing thread. */
    public void add(@Nullable String namespace, byte[] key, int offset, int length, int hash, long weight) {
        int place = find(namespace, key, offset, length, hash);
        if (place == NONE) {
            if (weight == 0) {
                return;
            }
            place = size < capacity ? size : heap[0];
            replace(place, namespace, key, offset, length, hash);
        }
        Cells.addOpaque(counts, place, weight);
        sink(inHeap[place]);
    }

    private int find(@Nullable String namespace, byte[] key, int offset, int length, int hash) {
        int place = chains[hash & (chains.length - 1)];
        while (place != NONE && !(hashes[place] == hash && is(place, namespace, key, offset, length))) {
            place = next[place];
        }
        return place;
    }

    private boolean is(int place, @Nullable String namespace, byte[] key, int offset, int length) {
        return Objects.equals(namespaces[place], namespace)
                && Arrays.equals(keys[place], 0, lengths[place], key, offset, offset + length);
    }

    /** Gives a place to a new key, which inherits the count as its error. */
    private void replace(int place, @Nullable String namespace, byte[] key, int offset, int length, int hash) {
        boolean fresh = place == size;
        if (!fresh) {
            unlink(place);
        }
        Cells.setOpaque(versions, place, versions[place] + 1);
        VarHandle.storeStoreFence();
        byte[] bytes = keys[place];
        if (bytes == null || bytes.length < length) {
            bytes = new byte[Math.max(16, length)];
            keys[place] = bytes;
        }
        System.arraycopy(key, offset, bytes, 0, length);
        lengths[place] = length;
        namespaces[place] = namespace;
        Cells.setOpaque(errors, place, counts[place]);
        VarHandle.releaseFence();
        Cells.setOpaque(versions, place, versions[place] + 1);
        hashes[place] = hash;
        int chain = hash & (chains.length - 1);
        next[place] = chains[chain];
        chains[chain] = place;
        if (fresh) {
            rise(place);
            size = place + 1;
        }
    }

    private void unlink(int place) {
        int chain = hashes[place] & (chains.length - 1);
        if (chains[chain] == place) {
            chains[chain] = next[place];
            return;
        }
        int before = chains[chain];
        while (next[before] != place) {
            before = next[before];
        }
        next[before] = next[place];
    }

    /** Puts a new place, whose count is 0, into the heap: at the top. */
    private void rise(int place) {
        int i = place;
        while (i > 0) {
            int parent = (i - 1) / 2;
            put(i, heap[parent]);
            i = parent;
        }
        put(0, place);
    }

    private void sink(int from) {
        int i = from;
        int place = heap[i];
        // A place is in the heap before size tells readers of it.
        int end = size;
        int child = 2 * i + 1;
        while (child < end) {
            if (child + 1 < end && counts[heap[child + 1]] < counts[heap[child]]) {
                child++;
            }
            if (counts[place] <= counts[heap[child]]) {
                break;
            }
            put(i, heap[child]);
            i = child;
            child = 2 * i + 1;
        }
        put(i, place);
    }

    private void put(int i, int place) {
        heap[i] = place;
        inHeap[place] = i;
    }

    /** All keys, in no order. From any thread; a key that is being replaced may be missing. */
    public List<Entry> entries() {
        int n = size;
        List<Entry> entries = new ArrayList<>(n);
        for (int place = 0; place < n; place++) {
            Entry entry = read(place);
            if (entry != null) {
                entries.add(entry);
            }
        }
        return entries;
    }

    private @Nullable Entry read(int place) {
        for (int attempt = 0; attempt < 100; attempt++) {
            long version = Cells.get(versions, place);
            VarHandle.acquireFence();
            byte[] bytes = keys[place];
            int length = lengths[place];
            String namespace = namespaces[place];
            long count = Cells.get(counts, place);
            long error = Cells.get(errors, place);
            byte[] copy = bytes == null ? new byte[0] : Arrays.copyOf(bytes, Math.min(length, bytes.length));
            VarHandle.acquireFence();
            if ((version & 1) == 0 && Cells.get(versions, place) == version) {
                return new Entry(namespace, copy, count, Math.min(count, error));
            }
        }
        return null;
    }

    /** What a key that is not in the sketch can have at most: 0 while there is room. From any thread. */
    public long floor() {
        int n = size;
        if (n < capacity) {
            return 0;
        }
        long least = Long.MAX_VALUE;
        for (int place = 0; place < n; place++) {
            least = Math.min(least, Cells.get(counts, place));
        }
        return least;
    }
}
