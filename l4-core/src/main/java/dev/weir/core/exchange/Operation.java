package dev.weir.core.exchange;

/**
 * A command name of a protocol, one object per name, so that sinks can index arrays by it.
 *
 * @param name as in exchanges and labels: {@code GET}, {@code XINFO STREAM}, {@code find}
 * @param index place in its {@link Operations}, from 0
 * @param read whether it only reads data
 */
public record Operation(String name, int index, boolean read) {
    /** The name of everything that is in no table. */
    public static final String OTHER = "_OTHER";

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return name;
    }
}
