package dev.weir.core.sql;

import java.util.Arrays;

/** The digests, the one with the fewest calls at the top. */
final class DigestHeap {
    private final DigestEntry[] entries;
    private int size;

    DigestHeap(int capacity) {
        entries = new DigestEntry[capacity];
    }

    private DigestHeap(DigestEntry[] entries, int size) {
        this.entries = entries;
        this.size = size;
    }

    DigestHeap larger(int capacity) {
        return new DigestHeap(Arrays.copyOf(entries, capacity), size);
    }

    int size() {
        return size;
    }

    void add(DigestEntry entry) {
        int i = size++;
        while (i > 0 && entries[(i - 1) / 2].rank() > entry.rank()) {
            put(i, entries[(i - 1) / 2]);
            i = (i - 1) / 2;
        }
        put(i, entry);
    }

    /** Takes the top out. */
    DigestEntry remove() {
        DigestEntry top = entries[0];
        DigestEntry last = entries[--size];
        if (size > 0) {
            put(0, last);
            sink(0);
        }
        return top;
    }

    /** Restores the order after the count there grew. */
    void sink(int from) {
        int i = from;
        DigestEntry entry = entries[i];
        for (int child = 2 * i + 1; child < size; child = 2 * i + 1) {
            if (child + 1 < size && entries[child + 1].rank() < entries[child].rank()) {
                child++;
            }
            if (entry.rank() <= entries[child].rank()) {
                break;
            }
            put(i, entries[child]);
            i = child;
        }
        put(i, entry);
    }

    private void put(int i, DigestEntry entry) {
        entries[i] = entry;
        entry.heapIndex = i;
    }
}
