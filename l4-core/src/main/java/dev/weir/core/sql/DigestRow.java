package dev.weir.core.sql;

import dev.weir.core.exchange.LatencyHistogram;
import java.util.Map;
import java.util.TreeMap;

/** The numbers of one digest, as they were when the table was read. */
public final class DigestRow {
    private final SqlStatement statement;
    private final long[] cells;
    private final long inherited;
    final long[] latency;

    DigestRow(SqlStatement statement, long[] cells, long[] latency, long inherited) {
        this.statement = statement;
        this.cells = cells;
        this.latency = latency;
        this.inherited = inherited;
    }

    /** The two together, of two loops. */
    DigestRow plus(DigestRow other) {
        long[] sum = cells.clone();
        DigestCounts.merge(sum, other.cells);
        long[] both = latency.clone();
        for (int i = 0; i < both.length; i++) {
            both[i] += other.latency[i];
        }
        return new DigestRow(statement, sum, both, inherited + other.inherited);
    }

    /** What was executed; its text is {@code _OTHER} in the row of all that had no place. */
    public SqlStatement statement() {
        return statement;
    }

    /** Executions. */
    public long calls() {
        return cells[DigestCounts.CALLS];
    }

    /** At most so many more executions of it are in {@code _OTHER}, from before it had its place. */
    public long missed() {
        return inherited;
    }

    /** Those that failed. */
    public long errors() {
        return cells[DigestCounts.ERRORS];
    }

    /** Errors by number; the first {@value DigestCounts#MAX_CODES} numbers only. */
    public Map<Integer, Long> errorCodes() {
        Map<Integer, Long> codes = new TreeMap<>();
        for (int i = DigestCounts.CODES; i < DigestCounts.SIZE; i += 2) {
            if (cells[i] != 0) {
                codes.put((int) cells[i], cells[i + 1]);
            }
        }
        return codes;
    }

    /** Rows sent. */
    public long rowsSent() {
        return cells[DigestCounts.ROWS_SENT];
    }

    /** Rows changed. */
    public long rowsAffected() {
        return cells[DigestCounts.ROWS_AFFECTED];
    }

    /** Bytes of requests. */
    public long requestBytes() {
        return cells[DigestCounts.REQUEST_BYTES];
    }

    /** Bytes of answers. */
    public long responseBytes() {
        return cells[DigestCounts.RESPONSE_BYTES];
    }

    /** Executions without an index. */
    public long noIndex() {
        return cells[DigestCounts.NO_INDEX];
    }

    /** Start of the first one, by the wire clock. */
    public long firstNanos() {
        return cells[DigestCounts.FIRST];
    }

    /** Start of the last one, by the wire clock. */
    public long lastNanos() {
        return cells[DigestCounts.LAST];
    }

    /** Executions with a duration. */
    public long timed() {
        return cells[DigestCounts.TIMED];
    }

    /** Sum of the durations. */
    public long totalNanos() {
        return cells[DigestCounts.NANOS];
    }

    /** The longest. */
    public long maxNanos() {
        return cells[DigestCounts.MAX_NANOS];
    }

    /** A quantile of the durations in microseconds, -1 without any. */
    public long quantileMicros(double quantile) {
        return Math.min(Math.max(0, maxNanos() / 1_000), LatencyHistogram.quantile(latency, quantile));
    }

    /** Variance to mean of the durations, in seconds as pt-query-digest has it; 0 without any. */
    public double varianceToMean() {
        if (totalNanos() == 0) {
            return 0;
        }
        double n = timed();
        double mean = totalNanos() / 1_000.0 / n;
        double variance = Double.longBitsToDouble(cells[DigestCounts.SQUARES]) / n - mean * mean;
        return Math.max(0, variance) / mean / 1e6;
    }
}
