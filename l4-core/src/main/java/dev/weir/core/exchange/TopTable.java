package dev.weir.core.exchange;

import java.util.List;

/** Exchanges grouped by who made them or what they were; bounded, the rest is in the row {@code _OTHER}. Readers call from any thread. */
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
            long max) {}

    private final CommandStats commands;

    TopTable(CommandStats commands) {
        this.commands = commands;
    }

    /** All rows by {@code dimension}, those with the most total time first. */
    public List<TopRow> rows(Dimension dimension) {
        return List.of();
    }
}
