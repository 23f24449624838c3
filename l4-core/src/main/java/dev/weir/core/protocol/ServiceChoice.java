package dev.weir.core.protocol;

import dev.weir.core.config.Glob;
import java.util.List;
import java.util.Set;

/**
 * Operations of one service as a configuration names them.
 *
 * @param service the service
 * @param names those of its closed set
 * @param patterns for a service whose operations nobody knows beforehand
 */
public record ServiceChoice(String service, Set<String> names, List<Glob> patterns) {
    /** Copies what it is given. */
    public ServiceChoice {
        names = Set.copyOf(names);
        patterns = List.copyOf(patterns);
    }

    /**
     * Whether {@code operation} is one of them.
     *
     * @param cautious whether one that cannot be told counts as such
     */
    public boolean contains(ServiceOperation operation, boolean cautious) {
        if (!operation.service().equals(service)) {
            return false;
        }
        if (names.contains(operation.name()) || cautious && operation.isUnknown()) {
            return true;
        }
        if (operation.isUnknown()) {
            return false;
        }
        for (int i = 0; i < patterns.size(); i++) {
            if (patterns.get(i).matches(operation.name())) {
                return true;
            }
        }
        return false;
    }
}
