package dev.weir.core.exchange;

import static java.util.Comparator.comparingLong;

import dev.weir.core.filter.WireClock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What happened per command: exact counts, percentiles, and the buckets of the exported histogram. Readers call
 * from any thread and never stop a loop.
 */
public final class CommandStats {
    /**
     * A command of a listener, since the start of the process.
     *
     * @param listener listener name
     * @param protocol as in exchanges
     * @param systemName OpenTelemetry {@code db.system.name}
     * @param command the operation's name
     * @param calls all exchanges
     * @param perSecond calls per second of late (about ten seconds; since the start when asked for the first time)
     * @param errors answered with an error
     * @param noReply without an answer
     * @param aborted queued in a transaction that was not executed
     * @param waits long polls and blocking commands; they are not in the latencies
     * @param hits reads that found something
     * @param misses reads that found nothing
     * @param rows rows, documents or elements returned or affected
     * @param requestBytes bytes of requests
     * @param responseBytes bytes of answers
     * @param timed exchanges in the latencies
     * @param totalMicros sum of their durations
     * @param p50 median of the duration in microseconds, -1 if {@code timed} is 0; so are the following
     * @param p90 90th percentile
     * @param p99 99th percentile
     * @param p999 99.9th percentile
     * @param max longest
     */
    public record CommandRow(
            String listener,
            String protocol,
            String systemName,
            String command,
            long calls,
            double perSecond,
            long errors,
            long noReply,
            long aborted,
            long waits,
            long hits,
            long misses,
            long rows,
            long requestBytes,
            long responseBytes,
            long timed,
            long totalMicros,
            long p50,
            long p90,
            long p99,
            long p999,
            long max) {}

    /**
     * One label combination of an exported histogram. A label that is null is empty. Names are those of {@link DurationFamily#DB_CLIENT}; other families
     * name them as they do.
     *
     * @param family the histogram
     * @param listener listener name
     * @param systemName {@code db_system_name}
     * @param namespace {@code db_namespace}
     * @param operation {@code db_operation_name}
     * @param collection {@code db_collection_name}
     * @param summary {@code db_query_summary}
     * @param errorType {@code error_type}
     * @param serverAddress {@code server_address}
     * @param serverPort {@code server_port}
     * @param labels for what else the family has in labels; null where it has nothing, and beyond the limit
     * @param buckets observations per bucket, not cumulative: {@code buckets[i]} counts those {@code <= buckets()[i]}
     *     and greater than the bound before; one more at the end for the rest
     * @param sumSeconds sum of all durations
     * @param count number of observations, the sum of {@code buckets}
     */
    public record SeriesRow(
            DurationFamily family,
            String listener,
            String systemName,
            @Nullable String namespace,
            String operation,
            @Nullable String collection,
            @Nullable String summary,
            @Nullable String errorType,
            @Nullable String serverAddress,
            @Nullable String serverPort,
            @Nullable SeriesLabels labels,
            long[] buckets,
            double sumSeconds,
            long count) {}

    /**
     * An error code of a listener.
     *
     * @param listener listener name
     * @param protocol as in exchanges
     * @param code the protocol's code, {@code _OTHER} for those beyond the limit
     * @param count how often
     * @param firstMicros when it was first seen, microseconds since 1970
     * @param lastMicros when it was last seen
     */
    public record ErrorRow(
            String listener, String protocol, String code, long count, long firstMicros, long lastMicros) {}

    /** Of a command, over all loops. */
    record CommandKey(String listener, String protocol, String command) {}

    /** Of an error code, over all loops. */
    record ErrorKey(String listener, String protocol, String code) {}

    /** Places in the cell of an error code. */
    static final int COUNT = 0;

    static final int FIRST = 1;
    static final int LAST = 2;

    private final WireClock clock;
    private final UnaryOperator<String> systemNames;
    private final Function<String, DurationFamily> families;
    private final SeriesRegistry registry;
    private final List<Published> published;
    private final RateWindow<CommandKey> rates;
    private final Map<CommandKey, List<CommandCell>> commands = new ConcurrentHashMap<>();
    private final Map<ErrorKey, List<long[]>> errors = new ConcurrentHashMap<>();
    private final List<long[]> merged = new CopyOnWriteArrayList<>();

    CommandStats(
            WireClock clock,
            int maxSeries,
            UnaryOperator<String> systemNames,
            Function<String, DurationFamily> families,
            List<Published> published) {
        this.clock = clock;
        this.systemNames = systemNames;
        this.families = families;
        this.published = published;
        this.registry = new SeriesRegistry(maxSeries);
        this.rates = new RateWindow<>(clock);
    }

    SeriesRegistry registry() {
        return registry;
    }

    CommandFamily family(String listener, String protocol) {
        String system = systemNames.apply(protocol);
        long[] counter = new long[1];
        merged.add(counter);
        String label = system.isEmpty() ? null : system;
        return new CommandFamily(this, listener, protocol, families.apply(protocol), label, counter);
    }

    void add(CommandKey key, CommandCell cell) {
        commands.computeIfAbsent(key, k -> new CopyOnWriteArrayList<>()).add(cell);
    }

    void add(ErrorKey key, long[] cell) {
        errors.computeIfAbsent(key, k -> new CopyOnWriteArrayList<>()).add(cell);
    }

    /** Upper bounds of the histogram in seconds, ascending, without infinity; a copy. */
    public static double[] buckets() {
        return Buckets.seconds();
    }

    /** All commands that were seen, those with the most total time first. */
    public List<CommandRow> rows() {
        Map<CommandKey, CommandCell> sums = sums();
        Map<CommandKey, Double> perSecond = rates.perSecond(calls(sums));
        Histogram histogram = new Histogram(LatencyRecorder.MAX_MICROS, LatencyRecorder.DIGITS);
        List<CommandRow> rows = new ArrayList<>(sums.size());
        sums.forEach((key, sum) -> {
            histogram.reset();
            commands.getOrDefault(key, List.of()).forEach(cell -> cell.latency.addTo(histogram));
            rows.add(row(key, sum, perSecond.getOrDefault(key, 0.0), histogram));
        });
        rows.sort(comparingLong(CommandRow::totalMicros)
                .thenComparingLong(CommandRow::calls)
                .reversed()
                .thenComparing(CommandRow::listener)
                .thenComparing(CommandRow::command));
        return rows;
    }

    /** Takes a sample for the rates, if the last one is a second old. */
    void sampleRates() {
        rates.sample(calls(sums()));
    }

    /** All exchanges so far. */
    long exchanges() {
        return Published.acquire(published);
    }

    private Map<CommandKey, CommandCell> sums() {
        Published.acquire(published);
        Map<CommandKey, CommandCell> sums = new HashMap<>();
        commands.forEach((key, cells) -> {
            CommandCell sum = new CommandCell(SeriesScope.NO_OPERATION);
            cells.forEach(cell -> cell.addTo(sum));
            sums.put(key, sum);
        });
        return sums;
    }

    private static Map<CommandKey, Long> calls(Map<CommandKey, CommandCell> sums) {
        Map<CommandKey, Long> calls = new HashMap<>();
        sums.forEach((key, sum) -> calls.put(key, sum.calls));
        return calls;
    }

    private CommandRow row(CommandKey key, CommandCell sum, double perSecond, Histogram times) {
        boolean none = times.getTotalCount() == 0;
        return new CommandRow(
                key.listener(),
                key.protocol(),
                systemNames.apply(key.protocol()),
                key.command(),
                sum.calls,
                perSecond,
                sum.errors,
                sum.noReply,
                sum.aborted,
                sum.waits,
                sum.hits,
                sum.misses,
                sum.rows,
                sum.requestBytes,
                sum.responseBytes,
                times.getTotalCount(),
                sum.nanos / 1_000,
                none ? -1 : percentile(times, 50, sum.maxMicros),
                none ? -1 : percentile(times, 90, sum.maxMicros),
                none ? -1 : percentile(times, 99, sum.maxMicros),
                none ? -1 : percentile(times, 99.9, sum.maxMicros),
                none ? -1 : sum.maxMicros);
    }

    /** A bucket ends a little above its highest value: never show more than the longest that was seen. */
    private static long percentile(Histogram times, double percent, long max) {
        return Math.min(times.getValueAtPercentile(percent), max);
    }

    /** All series of the exported histograms; at most {@code metrics.max_series}. Those that are exported under the same labels are one. */
    public List<SeriesRow> series() {
        Published.acquire(published);
        Map<List<String>, SeriesRow> rows = new LinkedHashMap<>();
        registry.all().forEach((key, cells) -> {
            long[] buckets = new long[Buckets.COUNT];
            long nanos = 0;
            for (SeriesCell cell : cells) {
                nanos += cell.addTo(buckets);
            }
            long count = LongStream.of(buckets).sum();
            if (count > 0) {
                SeriesRow row = new SeriesRow(
                        key.family(),
                        key.listener(),
                        key.systemName(),
                        key.namespace(),
                        key.operation(),
                        key.collection(),
                        key.summary(),
                        key.errorType(),
                        key.serverAddress(),
                        key.serverPort(),
                        key.labels(),
                        buckets,
                        nanos / 1e9,
                        count);
                rows.merge(exported(row), row, CommandStats::sum);
            }
        });
        return List.copyOf(rows.values());
    }

    /** As they are seen from outside: families may show less than what series are kept by. */
    private static List<String> exported(SeriesRow row) {
        List<String> labels = new ArrayList<>();
        labels.add(row.family().name());
        row.family()
                .labels()
                .forEach(label ->
                        labels.add(Objects.requireNonNullElse(label.value().apply(row), "")));
        return labels;
    }

    private static SeriesRow sum(SeriesRow one, SeriesRow other) {
        for (int i = 0; i < one.buckets().length; i++) {
            one.buckets()[i] += other.buckets()[i];
        }
        return new SeriesRow(
                one.family(),
                one.listener(),
                one.systemName(),
                one.namespace(),
                one.operation(),
                one.collection(),
                one.summary(),
                one.errorType(),
                one.serverAddress(),
                one.serverPort(),
                one.labels(),
                one.buckets(),
                one.sumSeconds() + other.sumSeconds(),
                one.count() + other.count());
    }

    /** All error codes that were seen, the most frequent first. */
    public List<ErrorRow> errors() {
        Published.acquire(published);
        List<ErrorRow> rows = new ArrayList<>();
        errors.forEach((key, cells) -> {
            long count = 0;
            long first = Long.MAX_VALUE;
            long last = Long.MIN_VALUE;
            for (long[] cell : cells) {
                count += Cells.get(cell, COUNT);
                first = Math.min(first, Cells.get(cell, FIRST));
                last = Math.max(last, Cells.get(cell, LAST));
            }
            long firstMicros = clock.epochMicros(first);
            long lastMicros = clock.epochMicros(last);
            rows.add(new ErrorRow(key.listener(), key.protocol(), key.code(), count, firstMicros, lastMicros));
        });
        rows.sort(comparingLong(ErrorRow::count).reversed().thenComparing(ErrorRow::code));
        return rows;
    }

    /** Number of series in use, those reserved for {@code _OTHER} included. */
    public int seriesInUse() {
        return registry.all().size();
    }

    /** Observations that went under {@code _OTHER} because there were too many series. */
    public long merged() {
        long sum = 0;
        for (long[] counter : merged) {
            sum += Cells.get(counter, 0);
        }
        return sum;
    }
}
