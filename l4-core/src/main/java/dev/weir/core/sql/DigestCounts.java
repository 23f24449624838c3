package dev.weir.core.sql;

import dev.weir.core.exchange.LatencyHistogram;
import java.util.Arrays;

/** What was counted of a digest. One thread writes plainly and publishes by other means, any thread copies. */
final class DigestCounts {
    static final int CALLS = 0;
    static final int ERRORS = 1;
    static final int ROWS_SENT = 2;
    static final int ROWS_AFFECTED = 3;
    static final int REQUEST_BYTES = 4;
    static final int RESPONSE_BYTES = 5;
    static final int NO_INDEX = 6;
    static final int FIRST = 7;
    static final int LAST = 8;
    static final int TIMED = 9;
    static final int NANOS = 10;
    static final int MAX_NANOS = 11;
    /** Sum of squares in µs², the bits of a double. */
    static final int SQUARES = 12;

    static final int CODES = 13;
    static final int MAX_CODES = 4;
    static final int SIZE = CODES + 2 * MAX_CODES;

    final long[] cells = new long[SIZE];
    final LatencyHistogram latency = new LatencyHistogram();

    void clear() {
        Arrays.fill(cells, 0);
        latency.clear();
    }

    void add(Execution e) {
        if (cells[CALLS]++ == 0) {
            cells[FIRST] = e.startNanos;
        }
        cells[LAST] = e.startNanos;
        cells[ROWS_SENT] += e.rowsSent;
        cells[ROWS_AFFECTED] += e.rowsAffected;
        cells[REQUEST_BYTES] += e.requestBytes;
        cells[RESPONSE_BYTES] += e.responseBytes;
        cells[NO_INDEX] += e.noIndex ? 1 : 0;
        if (e.error != 0) {
            cells[ERRORS]++;
            code(cells, e.error, 1);
        }
        if (e.durationNanos >= 0) {
            double micros = e.durationNanos / 1_000.0;
            cells[TIMED]++;
            cells[NANOS] += e.durationNanos;
            cells[MAX_NANOS] = Math.max(cells[MAX_NANOS], e.durationNanos);
            cells[SQUARES] = Double.doubleToRawLongBits(Double.longBitsToDouble(cells[SQUARES]) + micros * micros);
            latency.record(e.durationNanos / 1_000);
        }
    }

    /** The first few codes are told apart; further ones are in the number of errors only. */
    private static void code(long[] cells, long code, long n) {
        for (int i = CODES; i < SIZE; i += 2) {
            if (cells[i] == code || cells[i] == 0) {
                cells[i] = code;
                cells[i + 1] += n;
                return;
            }
        }
    }

    /** Takes over what another one has. On the writing thread. */
    void add(DigestCounts other) {
        merge(cells, other.cells);
        latency.add(other.latency);
    }

    static void merge(long[] into, long[] from) {
        if (from[CALLS] == 0) {
            return;
        }
        into[FIRST] = into[CALLS] == 0 ? from[FIRST] : Math.min(into[FIRST], from[FIRST]);
        into[LAST] = into[CALLS] == 0 ? from[LAST] : Math.max(into[LAST], from[LAST]);
        for (int i = 0; i <= NANOS; i++) {
            into[i] += i == FIRST || i == LAST ? 0 : from[i];
        }
        into[MAX_NANOS] = Math.max(into[MAX_NANOS], from[MAX_NANOS]);
        double squares = Double.longBitsToDouble(into[SQUARES]) + Double.longBitsToDouble(from[SQUARES]);
        into[SQUARES] = Double.doubleToRawLongBits(squares);
        for (int i = CODES; i < SIZE; i += 2) {
            if (from[i] != 0) {
                code(into, from[i], from[i + 1]);
            }
        }
    }
}
