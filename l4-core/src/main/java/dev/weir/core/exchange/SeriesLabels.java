package dev.weir.core.exchange;

import java.util.Arrays;
import java.util.List;

/**
 * What tells series of exchanges apart beyond operation, database, collection, summary, error and server: values for the labels that the
 * {@link DurationFamily} of their protocol has for them. From a closed set, and the same instance as long as they are equal: producers make each
 * combination once. Immutable.
 */
public final class SeriesLabels {
    private final String[] values;
    private final int hash;

    /** The values, in the order that the family knows. */
    public SeriesLabels(String... values) {
        this.values = values.clone();
        this.hash = Arrays.hashCode(this.values);
    }

    /** Value {@code i}. */
    public String value(int i) {
        return values[i];
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || other instanceof SeriesLabels labels && hash == labels.hash && Arrays.equals(values, labels.values);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return List.of(values).toString();
    }
}
