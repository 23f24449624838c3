package dev.weir.core.exchange;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The closed set of a protocol's operations (one per protocol, made once, kept in a constant), with {@code _OTHER} at index 0: clients cannot make it grow.
 * Immutable and shared once built.
 */
public final class Operations {
    private final List<Operation> all;
    private final Map<String, Operation> byName;

    private Operations(List<Operation> all, Map<String, Operation> byName) {
        this.all = List.copyOf(all);
        this.byName = Map.copyOf(byName);
    }

    /** All of them; {@code get(i).index() == i}. */
    public List<Operation> all() {
        return all;
    }

    /** The operation of everything that is not in the set. */
    public Operation other() {
        return all.get(0);
    }

    /** The operation named exactly {@code name}, or null. */
    public @Nullable Operation find(String name) {
        return byName.get(name);
    }

    /** Starts a set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects names. */
    public static final class Builder {
        private final List<Operation> all = new ArrayList<>();
        private final Map<String, Operation> byName = new HashMap<>();

        private Builder() {
            add(Operation.OTHER, false);
        }

        /** Adds a name, or returns the operation that has it already. */
        public Operation add(String name, boolean read) {
            Operation known = byName.get(name);
            if (known != null) {
                return known;
            }
            Operation operation = new Operation(name, all.size(), read);
            all.add(operation);
            byName.put(name, operation);
            return operation;
        }

        /** Ends the set. */
        public Operations build() {
            return new Operations(all, byName);
        }
    }
}
