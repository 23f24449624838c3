package dev.weir.core.exchange;

import dev.weir.core.cluster.Endpoint;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The commands of one listener and protocol on one event loop. */
final class CommandFamily {
    /** Most error codes of one family; further ones are counted together. */
    static final int MAX_ERRORS = 128;

    final String listener;
    final String protocol;
    /** What an error code says of the server. */
    Function<String, Endpoint.Outcome> outcomes = error -> Endpoint.Outcome.SUCCESS;

    private final CommandStats stats;
    private final SeriesRegistry registry;
    private final DurationFamily durations;
    private final @Nullable String systemName;
    private @Nullable CommandCell[] cells = new @Nullable CommandCell[0];
    private final Map<String, CommandCell> byName = new HashMap<>();
    private final Map<@Nullable String, Map<@Nullable String, SeriesScope>> scopes = new HashMap<>();
    private final Map<String, long[]> errors = new HashMap<>();
    private final long[] merged;
    private @Nullable SeriesCell beyond;
    private @Nullable SeriesCell beyondError;
    private @Nullable SeriesScope beyondScope;

    /**
     * Made on first use.
     *
     * @param durations the exported histogram
     * @param systemName the label; null keeps the family out of it
     */
    CommandFamily(
            CommandStats stats,
            String listener,
            String protocol,
            DurationFamily durations,
            @Nullable String systemName,
            long[] merged) {
        this.stats = stats;
        this.registry = stats.registry();
        this.listener = listener;
        this.protocol = protocol;
        this.durations = durations;
        this.systemName = systemName;
        this.merged = merged;
        if (systemName != null) {
            // Reserved while there is room.
            registry.admit(SeriesKey.other(durations, listener, systemName, false));
            registry.admit(SeriesKey.other(durations, listener, systemName, true));
        }
    }

    boolean exported() {
        return systemName != null;
    }

    CommandCell cell(Operation operation) {
        int i = operation.index();
        @Nullable CommandCell[] known = cells;
        if (i < known.length) {
            CommandCell cell = known[i];
            if (cell != null && cell.operation.equals(operation)) {
                return cell;
            }
        }
        return make(operation);
    }

    private CommandCell make(Operation operation) {
        CommandCell cell = byName.get(operation.name());
        if (cell == null) {
            cell = new CommandCell(operation);
            byName.put(operation.name(), cell);
            stats.add(new CommandStats.CommandKey(listener, protocol, operation.name()), cell);
        } else {
            cell.operation = operation;
        }
        int i = operation.index();
        if (i >= cells.length) {
            cells = Arrays.copyOf(cells, i + 16);
        }
        cells[i] = cell;
        return cell;
    }

    /** The series of a database and a server. Looked up when one of the two changes on a connection. */
    SeriesScope scope(@Nullable String namespace, @Nullable String upstream) {
        Map<@Nullable String, SeriesScope> servers = scopes.get(namespace);
        SeriesScope scope = servers == null ? null : servers.get(upstream);
        return scope != null ? scope : makeScope(namespace, upstream);
    }

    private SeriesScope makeScope(@Nullable String namespace, @Nullable String upstream) {
        SeriesKey labels = labels(namespace, upstream);
        if (!registry.admitsScope(labels)) {
            if (beyondScope == null) {
                beyondScope = new SeriesScope(this, registry, null);
            }
            return beyondScope;
        }
        SeriesScope scope = new SeriesScope(this, registry, labels);
        scopes.computeIfAbsent(namespace, key -> new HashMap<>()).put(upstream, scope);
        return scope;
    }

    private SeriesKey labels(@Nullable String namespace, @Nullable String upstream) {
        String host = upstream;
        String port = null;
        int colon = upstream == null || upstream.startsWith("unix:") ? -1 : upstream.lastIndexOf(':');
        if (upstream != null && colon > 0) {
            boolean brackets = upstream.charAt(0) == '[' && upstream.charAt(colon - 1) == ']';
            host = brackets ? upstream.substring(1, colon - 1) : upstream.substring(0, colon);
            port = upstream.substring(colon + 1);
        }
        String system = systemName == null ? "" : systemName;
        return new SeriesKey(durations, listener, system, namespace, "", null, null, null, host, port, null);
    }

    /** The cell for what is beyond the limit of series. */
    SeriesCell beyond(boolean error) {
        Cells.addOpaque(merged, 0, 1);
        SeriesCell cell = error ? beyondError : beyond;
        if (cell == null) {
            cell = registry.other(durations, listener, systemName == null ? "" : systemName, error);
            if (error) {
                beyondError = cell;
            } else {
                beyond = cell;
            }
        }
        return cell;
    }

    /** Counts an error code. */
    void error(String code, long nanos) {
        long[] cell = errors.get(code);
        if (cell == null) {
            cell = makeError(errors.size() < MAX_ERRORS ? code : Operation.OTHER, nanos);
        }
        cell[CommandStats.LAST] = nanos;
        Cells.add(cell, CommandStats.COUNT, 1);
    }

    private long[] makeError(String code, long nanos) {
        long[] cell = errors.get(code);
        if (cell == null) {
            cell = new long[] {0, nanos, nanos};
            errors.put(code, cell);
            stats.add(new CommandStats.ErrorKey(listener, protocol, code), cell);
        }
        return cell;
    }
}
