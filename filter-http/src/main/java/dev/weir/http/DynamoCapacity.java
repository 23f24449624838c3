package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** Consumed capacity, by table and index, as an answer tells it. */
final class DynamoCapacity {
    /** Tells of one part. */
    interface Each {
        /** A table, or an index of it. */
        void part(String table, @Nullable String index, double units);
    }

    private static final int MOST = 64;

    /** To which table each part belongs: its place in the list of the answer. */
    private final int[] places = new int[MOST];

    private final @Nullable String[] indexes = new @Nullable String[MOST];
    private final double[] units = new double[MOST];
    private int parts;

    private final @Nullable String[] tables = new @Nullable String[MOST];
    private final double[] sums = new double[MOST];
    private final boolean[] divided = new boolean[MOST];
    private int size;
    private double total;
    private boolean any;

    void clear() {
        parts = 0;
        size = 0;
        total = 0;
        any = false;
    }

    /** That of another table follows. */
    void begin() {
        if (size < MOST) {
            tables[size] = null;
            sums[size] = 0;
            divided[size++] = false;
        }
    }

    void table(String name) {
        if (size > 0) {
            tables[size - 1] = name;
        }
    }

    /** Units of table and indexes together. */
    void sum(double all) {
        if (size > 0 && isUnits(all)) {
            sums[size - 1] += all;
            total += all;
            any = true;
        }
    }

    /** Units of the table itself, or of one index. */
    void part(@Nullable String index, double some) {
        if (size > 0 && parts < MOST && isUnits(some)) {
            places[parts] = size - 1;
            indexes[parts] = index;
            units[parts++] = some;
            divided[size - 1] = true;
        }
    }

    private static boolean isUnits(double value) {
        return value >= 0 && value < 1e12;
    }

    /** Whether the answer told any. */
    boolean isKnown() {
        return any;
    }

    double total() {
        return total;
    }

    /** By table and index, where the answer said as much, else by table. */
    void each(Each told) {
        for (int i = 0; i < size; i++) {
            String table = tables[i];
            if (!divided[i] && sums[i] > 0) {
                told.part(table == null ? "" : table, null, sums[i]);
            }
        }
        for (int i = 0; i < parts; i++) {
            String table = tables[places[i]];
            if (units[i] > 0) {
                told.part(table == null ? "" : table, indexes[i], units[i]);
            }
        }
    }
}
