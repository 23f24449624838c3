package dev.weir.core.sql;

import dev.weir.core.exchange.LatencyHistogram;
import dev.weir.core.exchange.Operation;
import java.util.Map;
import java.util.TreeMap;

/** The numbers of one digest on one listener, as they were when the table was read. */
public final class DigestRow {
    private final String listener;
    private final SqlStatement statement;
    private final DigestCounts counts;
    private final long[] latency;
    private long inherited;

    DigestRow(String listener, SqlStatement statement, DigestCounts counts, long[] latency, long inherited) {
        this.listener = listener;
        this.statement = statement;
        this.counts = counts;
        this.latency = latency;
        this.inherited = inherited;
    }

    /** Takes over what the same digest has in another loop. */
    void add(DigestRow other) {
        counts.add(other.counts);
        for (int i = 0; i < latency.length; i++) {
            latency[i] += other.latency[i];
        }
        inherited += other.inherited;
    }

    /** Name of the listener. */
    public String listener() {
        return listener;
    }

    /** What was executed; its text is {@code _OTHER} in the row of all that had no place. */
    public SqlStatement statement() {
        return statement;
    }

    /** Executions. */
    public long calls() {
        return counts.cells[DigestCounts.CALLS];
    }

    /** At most so many more executions of it are in {@code _OTHER}, from before it had its place. */
    public long missed() {
        return inherited;
    }

    /** Those that failed. */
    public long errors() {
        return counts.cells[DigestCounts.ERRORS];
    }

    /** Errors by code; those beyond the first {@value DigestCounts#MAX_CODES} codes are {@code _OTHER}. */
    public Map<String, Long> errorCodes() {
        Map<String, Long> codes = new TreeMap<>();
        long rest = errors();
        for (int i = 0; i < DigestCounts.MAX_CODES; i++) {
            String code = counts.codes[i];
            if (code != null) {
                codes.merge(code, counts.cells[DigestCounts.CODES + i], Long::sum);
                rest -= counts.cells[DigestCounts.CODES + i];
            }
        }
        if (rest > 0) {
            codes.merge(Operation.OTHER, rest, Long::sum);
        }
        return codes;
    }

    /** Rows sent. */
    public long rowsSent() {
        return counts.cells[DigestCounts.ROWS_SENT];
    }

    /** Rows changed. */
    public long rowsAffected() {
        return counts.cells[DigestCounts.ROWS_AFFECTED];
    }

    /** Bytes of requests. */
    public long requestBytes() {
        return counts.cells[DigestCounts.REQUEST_BYTES];
    }

    /** Bytes of answers. */
    public long responseBytes() {
        return counts.cells[DigestCounts.RESPONSE_BYTES];
    }

    /** Executions without an index. */
    public long noIndex() {
        return counts.cells[DigestCounts.NO_INDEX];
    }

    /** Start of the first one, by the wire clock. */
    public long firstNanos() {
        return counts.cells[DigestCounts.FIRST];
    }

    /** Start of the last one, by the wire clock. */
    public long lastNanos() {
        return counts.cells[DigestCounts.LAST];
    }

    /** Executions with a duration. */
    public long timed() {
        return counts.cells[DigestCounts.TIMED];
    }

    /** Sum of the durations. */
    public long totalNanos() {
        return counts.cells[DigestCounts.NANOS];
    }

    /** The longest. */
    public long maxNanos() {
        return counts.cells[DigestCounts.MAX_NANOS];
    }

    /** A quantile of the durations in microseconds, -1 without any. */
    public long quantileMicros(double quantile) {
        return Math.min(Math.max(0, maxNanos() / 1_000), LatencyHistogram.quantile(latency, quantile));
    }

    /** Variance to mean of the durations, in seconds as pt-query-digest has it; 0 without any. */
    public double varianceToMean() {
        double nanos = counts.cells[DigestCounts.TIMED_NANOS];
        if (nanos == 0) {
            return 0;
        }
        double n = timed();
        double mean = nanos / 1_000.0 / n;
        double variance = Double.longBitsToDouble(counts.cells[DigestCounts.SQUARES]) / n - mean * mean;
        return Math.max(0, variance) / mean / 1e6;
    }
}
