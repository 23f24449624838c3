package dev.weir.core.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects every problem of a configuration. Not thread-safe. */
public final class ConfigErrors {
    /**
     * One problem.
     *
     * @param path where in the configuration: {@code listeners[0].filters[1].cluster}
     * @param problem the offending value and what is expected
     * @param line line in the file from 1, or 0 if the configuration did not come from a file
     * @param column column from 1, or 0
     */
    public record Problem(String path, String problem, int line, int column) {
        @Override
        public String toString() {
            String text = path.isEmpty() ? problem : path + ": " + problem;
            return line > 0 ? text + "   " + line + ":" + column : text;
        }
    }

    private final Set<Problem> problems = new LinkedHashSet<>();

    /** Adds a problem at {@code node}. */
    public void add(ConfigNode node, String problem) {
        add(node.path(), problem, node.line(), node.column());
    }

    /** Adds a problem at a place; line and column 0 if unknown. */
    public void add(String path, String problem, int line, int column) {
        problems.add(new Problem(path, problem, line, column));
    }

    /** All problems, in the order of their places in the file. */
    public List<Problem> problems() {
        List<Problem> sorted = new ArrayList<>(problems);
        sorted.sort((a, b) ->
                a.line() != b.line() ? Integer.compare(a.line(), b.line()) : Integer.compare(a.column(), b.column()));
        return List.copyOf(sorted);
    }

    /** How many there are. */
    public int count() {
        return problems.size();
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return problems.isEmpty();
    }

    /** Throws {@link ConfigException} with all problems if there are any. */
    public void throwIfAny(String source) {
        if (!isEmpty()) {
            throw new ConfigException(source, problems());
        }
    }
}
