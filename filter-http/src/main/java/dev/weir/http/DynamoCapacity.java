package dev.weir.http;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Consumed capacity, by table and index, as an answer tells it. */
final class DynamoCapacity {
    /** Tells of one part. */
    interface Each {
        /** A table, or an index of it. */
        void part(String table, @Nullable String index, double units);
    }

    private static final int MOST = 64;
    private static final int FEW = 2;

    /** To which table each part belongs: its place in the list of the answer. */
    private int[] places = new int[FEW];

    private @Nullable String[] indexes = new @Nullable String[FEW];
    private double[] units = new double[FEW];
    private int parts;

    private @Nullable String[] tables = new @Nullable String[FEW];
    private double[] sums = new double[FEW];
    private boolean[] divided = new boolean[FEW];
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
            if (size == tables.length) {
                tables = Arrays.copyOf(tables, 2 * size);
                sums = Arrays.copyOf(sums, 2 * size);
                divided = Arrays.copyOf(divided, 2 * size);
            }
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
            if (parts == places.length) {
                places = Arrays.copyOf(places, 2 * parts);
                indexes = Arrays.copyOf(indexes, 2 * parts);
                units = Arrays.copyOf(units, 2 * parts);
            }
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
