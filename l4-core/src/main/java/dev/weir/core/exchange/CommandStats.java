package dev.weir.core.exchange;

import dev.weir.core.filter.WireClock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happened per command: exact counts, percentiles, and the buckets of the exported histogram. Readers call from any thread and never stop a loop. */
public final class CommandStats {
    private static final double[] BOUNDS = {
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

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
     * One label combination of {@code db_client_operation_duration_seconds}. A label that is null is empty.
     *
     * @param listener listener name
     * @param systemName {@code db_system_name}
     * @param namespace {@code db_namespace}
     * @param operation {@code db_operation_name}
     * @param collection {@code db_collection_name}
     * @param summary {@code db_query_summary}
     * @param errorType {@code error_type}
     * @param serverAddress {@code server_address}
     * @param serverPort {@code server_port}
     * @param buckets observations per bucket, not cumulative: {@code buckets[i]} counts those {@code <= buckets()[i]}
     *     and greater than the bound before; one more at the end for the rest
     * @param sumSeconds sum of all durations
     * @param count number of observations, the sum of {@code buckets}
     */
    public record SeriesRow(
            String listener,
            String systemName,
            @Nullable String namespace,
            String operation,
            @Nullable String collection,
            @Nullable String summary,
            @Nullable String errorType,
            @Nullable String serverAddress,
            @Nullable String serverPort,
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

    private final WireClock clock;

    CommandStats(WireClock clock) {
        this.clock = clock;
    }

    /** Upper bounds of the histogram in seconds, ascending, without infinity; a copy. */
    public static double[] buckets() {
        return BOUNDS.clone();
    }

    /** All commands that were seen, those with the most total time first. */
    public List<CommandRow> rows() {
        return List.of();
    }

    /** All series of the exported histogram; at most {@code metrics.max_series}. */
    public List<SeriesRow> series() {
        return List.of();
    }

    /** All error codes that were seen, the most frequent first. */
    public List<ErrorRow> errors() {
        return List.of();
    }

    /** Observations that went under {@code _OTHER} because there were too many series. */
    public long merged() {
        return 0;
    }
}
