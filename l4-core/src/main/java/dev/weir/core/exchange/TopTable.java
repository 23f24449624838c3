package dev.weir.core.exchange;

import static java.util.Comparator.comparingLong;

import dev.weir.core.filter.WireClock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges grouped by who made them or what they were; bounded, the rest is in the row {@code _OTHER}. Readers
 * call from any thread.
 */
public final class TopTable {
    /** By what rows are grouped. */
    public enum Dimension {
        /** Listener and operation. */
        COMMAND,
        /** Database. */
        NAMESPACE,
        /** Client address without port. */
        CLIENT,
        /** User the protocol authenticated. */
        USER,
        /** What the client calls itself. */
        APP
    }

    /**
     * A row, since the start of the process.
     *
     * @param listener listener name
     * @param key value of the dimension; empty where it is unknown, {@code _OTHER} beyond the limit
     * @param calls all exchanges
     * @param perSecond calls per second of late
     * @param errors answered with an error
     * @param requestBytes bytes of requests
     * @param responseBytes bytes of answers
     * @param timed exchanges in the latencies
     * @param totalMicros sum of their durations
     * @param p50 median of the duration in microseconds, -1 if {@code timed} is 0; so are the following
     * @param p90 90th percentile
     * @param p99 99th percentile
     * @param p999 99.9th percentile
     * @param max longest
     * @param peers by client: who it is; else null
     */
    public record TopRow(
            String listener,
            String key,
            long calls,
            double perSecond,
            long errors,
            long requestBytes,
            long responseBytes,
            long timed,
            long totalMicros,
            long p50,
            long p90,
            long p99,
            long p999,
            long max,
            @Nullable Peers peers) {}

    /**
     * Who a client is and what it talks to; at most {@value Peers#MAX_PEERS} of each, sorted.
     *
     * @param users whom servers have authenticated
     * @param apps what it calls itself
     * @param namespaces databases
     * @param libraries libraries and their versions
     * @param servers versions of servers
     */
    public record Peers(
            List<String> users,
            List<String> apps,
            List<String> namespaces,
            List<String> libraries,
            List<String> servers) {
        /** Most texts of each kind. */
        public static final int MAX_PEERS = 8;
    }

    private record RowKey(String listener, String key) {}

    private static final class Sum {
        final TopCell counters = new TopCell(new TopCell.Key());
        final long[] latency = new long[LatencyHistogram.SIZE];
        final Set<String> users = new TreeSet<>();
        final Set<String> apps = new TreeSet<>();
        final Set<String> namespaces = new TreeSet<>();
        final Set<String> libraries = new TreeSet<>();
        final Set<String> servers = new TreeSet<>();

        void addPeers(TopCell cell) {
            add(users, cell.key.user);
            add(apps, cell.key.app);
            add(namespaces, cell.key.namespace);
            add(libraries, cell.library);
            add(servers, cell.server);
        }

        private static void add(Set<String> to, @Nullable String text) {
            if (text != null && !text.isEmpty() && to.size() < Peers.MAX_PEERS) {
                to.add(text);
            }
        }

        Peers peers() {
            return new Peers(
                    List.copyOf(users),
                    List.copyOf(apps),
                    List.copyOf(namespaces),
                    List.copyOf(libraries),
                    List.copyOf(servers));
        }

        void add(TopCell cell) {
            cell.addTo(counters);
            cell.latency.addTo(latency);
        }
    }

    private final CommandStats commands;
    private final List<TopCells> loops;
    private final List<Published> published;
    private final Map<Dimension, RateWindow<RowKey>> rates = new EnumMap<>(Dimension.class);

    TopTable(CommandStats commands, List<TopCells> loops, WireClock clock, List<Published> published) {
        this.commands = commands;
        this.loops = loops;
        this.published = published;
        for (Dimension dimension : Dimension.values()) {
            rates.put(dimension, new RateWindow<>(clock));
        }
    }

    /** All rows by {@code dimension}, those with the most total time first. */
    public List<TopRow> rows(Dimension dimension) {
        List<TopRow> rows = new ArrayList<>();
        if (dimension == Dimension.COMMAND) {
            commands.rows().forEach(row -> rows.add(row(row)));
            return rows;
        }
        Map<RowKey, Sum> sums = sums(dimension);
        Map<RowKey, Double> perSecond = window(dimension).perSecond(calls(sums));
        sums.forEach((key, sum) -> rows.add(
                row(key, sum, perSecond.getOrDefault(key, 0.0), dimension == Dimension.CLIENT ? sum.peers() : null)));
        rows.sort(comparingLong(TopRow::totalMicros)
                .thenComparingLong(TopRow::calls)
                .reversed()
                .thenComparing(TopRow::listener)
                .thenComparing(TopRow::key));
        return rows;
    }

    /** Takes a sample for the rates. */
    void sampleRates() {
        for (Dimension dimension : Dimension.values()) {
            if (dimension != Dimension.COMMAND) {
                window(dimension).sample(calls(dimension));
            }
        }
    }

    /** Number of combinations of client, user, app and database in use, over all loops. */
    int cells() {
        return loops.stream().mapToInt(loop -> loop.all().size()).sum();
    }

    /** How often a combination was refused because there were too many. */
    long merged() {
        return loops.stream().mapToLong(TopCells::merged).sum();
    }

    private RateWindow<RowKey> window(Dimension dimension) {
        return Objects.requireNonNull(rates.get(dimension));
    }

    private Map<RowKey, Sum> sums(Dimension dimension) {
        Published.acquire(published);
        Map<RowKey, Sum> sums = new HashMap<>();
        for (TopCells loop : loops) {
            for (TopCell cell : loop.all()) {
                Sum sum = sums.computeIfAbsent(rowKey(cell, dimension), k -> new Sum());
                sum.add(cell);
                if (dimension == Dimension.CLIENT) {
                    sum.addPeers(cell);
                }
            }
        }
        return sums;
    }

    /** Without latencies: once a second for all dimensions, so it must be cheap. */
    private Map<RowKey, Long> calls(Dimension dimension) {
        Published.acquire(published);
        Map<RowKey, Long> calls = new HashMap<>();
        for (TopCells loop : loops) {
            for (TopCell cell : loop.all()) {
                calls.merge(rowKey(cell, dimension), cell.calls, Long::sum);
            }
        }
        return calls;
    }

    private static RowKey rowKey(TopCell cell, Dimension dimension) {
        String key = key(cell.key, dimension);
        return new RowKey(cell.key.listener, key == null ? "" : key);
    }

    private static @Nullable String key(TopCell.Key key, Dimension dimension) {
        return switch (dimension) {
            case NAMESPACE -> key.namespace;
            case CLIENT -> key.client;
            case USER -> key.user;
            case APP -> key.app;
            case COMMAND -> throw new IllegalArgumentException("by command (expected: from the command statistics)");
        };
    }

    private static Map<RowKey, Long> calls(Map<RowKey, Sum> sums) {
        Map<RowKey, Long> calls = new HashMap<>();
        sums.forEach((key, sum) -> calls.put(key, sum.counters.calls));
        return calls;
    }

    private static TopRow row(RowKey key, Sum sum, double perSecond, @Nullable Peers peers) {
        TopCell counters = sum.counters;
        long max = counters.maxMicros;
        long timed = LongStream.of(sum.latency).sum();
        return new TopRow(
                key.listener(),
                key.key(),
                counters.calls,
                perSecond,
                counters.errors,
                counters.requestBytes,
                counters.responseBytes,
                timed,
                counters.nanos / 1_000,
                Math.min(max, LatencyHistogram.quantile(sum.latency, 0.5)),
                Math.min(max, LatencyHistogram.quantile(sum.latency, 0.9)),
                Math.min(max, LatencyHistogram.quantile(sum.latency, 0.99)),
                Math.min(max, LatencyHistogram.quantile(sum.latency, 0.999)),
                timed == 0 ? -1 : max,
                peers);
    }

    private static TopRow row(CommandStats.CommandRow row) {
        return new TopRow(
                row.listener(),
                row.command(),
                row.calls(),
                row.perSecond(),
                row.errors(),
                row.requestBytes(),
                row.responseBytes(),
                row.timed(),
                row.totalMicros(),
                row.p50(),
                row.p90(),
                row.p99(),
                row.p999(),
                row.max(),
                null);
    }
}
