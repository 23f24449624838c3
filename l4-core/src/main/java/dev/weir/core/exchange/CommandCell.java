package dev.weir.core.exchange;

/** The counters of one operation of one listener on one event loop. */
final class CommandCell {
    /** By status, in the order of {@link Exchange.Status}. */
    static final int OK = 0;

    static final int ERRORS = 1;
    static final int NO_REPLY = 2;
    static final int ABORTED = 3;
    static final int WAITS = 4;
    static final int MISSES = 5;
    static final int HITS = 6;
    static final int ROWS = 7;
    static final int REQUEST_BYTES = 8;
    static final int RESPONSE_BYTES = 9;
    static final int NANOS = 10;
    static final int MAX_MICROS = 11;
    static final int COUNTERS = 12;

    /** The object that the array of the family finds it by; another one of the same name may come after a reload. */
    final Operation operation;

    final long[] counters;
    final LatencyRecorder latency;

    CommandCell(Operation operation) {
        this(operation, new long[COUNTERS], new LatencyRecorder());
    }

    private CommandCell(Operation operation, long[] counters, LatencyRecorder latency) {
        this.operation = operation;
        this.counters = counters;
        this.latency = latency;
    }

    /** The same counters under another object of the same name. */
    CommandCell under(Operation other) {
        return new CommandCell(other, counters, latency);
    }

    void count(Exchange e) {
        long[] c = counters;
        Cells.add(c, e.status.ordinal(), 1);
        if (e.requestBytes > 0) {
            Cells.add(c, REQUEST_BYTES, e.requestBytes);
        }
        if (e.responseBytes > 0) {
            Cells.add(c, RESPONSE_BYTES, e.responseBytes);
        }
        if (e.rows > 0) {
            Cells.add(c, ROWS, e.rows);
        }
        if (e.hit >= 0) {
            Cells.add(c, e.hit == 0 ? MISSES : HITS, 1);
        }
        if (e.longWait) {
            Cells.add(c, WAITS, 1);
        }
    }

    void time(long nanos, long micros) {
        long[] c = counters;
        Cells.add(c, NANOS, nanos);
        if (micros > c[MAX_MICROS]) {
            Cells.set(c, MAX_MICROS, micros);
        }
        latency.record(micros);
    }
}
