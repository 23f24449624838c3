package dev.weir.http;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Counts by name, of few names. */
final class Tally {
    /** Most names; further ones are counted in the total only. */
    static final int NAMES = 16;

    private static final int FEW = 2;

    private String[] names = new String[FEW];
    private long[] counts = new long[FEW];
    private int size;
    private long total;

    void clear() {
        size = 0;
        total = 0;
    }

    void add(String name, long n) {
        total += n;
        for (int i = 0; i < size; i++) {
            if (names[i].equals(name)) {
                counts[i] += n;
                return;
            }
        }
        if (size < NAMES) {
            if (size == names.length) {
                names = Arrays.copyOf(names, 2 * size);
                counts = Arrays.copyOf(counts, 2 * size);
            }
            names[size] = name;
            counts[size++] = n;
        }
    }

    long total() {
        return total;
    }

    int size() {
        return size;
    }

    String name(int i) {
        return names[i];
    }

    long count(int i) {
        return counts[i];
    }

    /** The only name, or null. */
    @Nullable
    String only() {
        return size == 1 ? names[0] : null;
    }

    /** The names, joined by comma; null if there are none. */
    @Nullable
    String joined(ObservationLoop loop) {
        if (size < 2) {
            return only();
        }
        StringBuilder line = loop.line;
        line.setLength(0);
        for (int i = 0; i < size; i++) {
            line.append(i == 0 ? "" : ", ").append(names[i]);
        }
        return line.toString();
    }

    /** Names and numbers: {@code orders:3, users:1}. */
    String withCounts(ObservationLoop loop) {
        StringBuilder line = loop.line;
        line.setLength(0);
        for (int i = 0; i < size; i++) {
            line.append(i == 0 ? "" : ", ").append(names[i]).append(':').append(counts[i]);
        }
        return line.toString();
    }
}
