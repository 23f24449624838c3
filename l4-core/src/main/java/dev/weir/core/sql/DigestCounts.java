package dev.weir.core.sql;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

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
    /** With the time of what went on with an execution; what has a sample in the histogram is in {@link #TIMED_NANOS}. */
    static final int NANOS = 10;

    static final int TIMED_NANOS = 11;
    static final int MAX_NANOS = 12;
    /** Sum of squares in µs², the bits of a double. */
    static final int SQUARES = 13;

    /** From here on: how often each of {@link #codes}. */
    static final int CODES = 14;

    static final int MAX_CODES = 8;
    static final int SIZE = CODES + MAX_CODES;

    final long[] cells;
    /** The first few error codes; further ones are in the number of errors only. */
    final @Nullable String[] codes;

    DigestCounts() {
        this(new long[SIZE], new @Nullable String[MAX_CODES]);
    }

    private DigestCounts(long[] cells, @Nullable String[] codes) {
        this.cells = cells;
        this.codes = codes;
    }

    DigestCounts copy() {
        return new DigestCounts(cells.clone(), codes.clone());
    }

    void clear() {
        Arrays.fill(cells, 0);
        Arrays.fill(codes, null);
    }

    private boolean unused() {
        return cells[CALLS] == 0 && cells[RESPONSE_BYTES] == 0 && cells[REQUEST_BYTES] == 0;
    }

    void add(Exchange e, long nanos) {
        long[] to = cells;
        if (unused()) {
            to[FIRST] = e.startNanos;
        }
        if (!e.continued) {
            to[CALLS]++;
        }
        to[LAST] = e.startNanos;
        // What is unknown is -1.
        to[ROWS_SENT] += Math.max(0, e.rowsSent);
        to[ROWS_AFFECTED] += Math.max(0, e.rowsAffected);
        to[REQUEST_BYTES] += Math.max(0, e.requestBytes);
        to[RESPONSE_BYTES] += Math.max(0, e.responseBytes);
        if (e.noIndex && !e.continued) {
            to[NO_INDEX]++;
        }
        if (e.status == Exchange.Status.ERROR) {
            to[ERRORS]++;
            code(e.error == null ? Operation.OTHER : e.error, 1);
        }
        if (nanos >= 0) {
            to[NANOS] += nanos;
        }
        if (nanos >= 0 && !e.continued) {
            double micros = nanos / 1_000.0;
            to[TIMED]++;
            to[TIMED_NANOS] += nanos;
            to[MAX_NANOS] = Math.max(to[MAX_NANOS], nanos);
            to[SQUARES] = Double.doubleToRawLongBits(Double.longBitsToDouble(to[SQUARES]) + micros * micros);
        }
    }

    private void code(String code, long n) {
        for (int i = 0; i < MAX_CODES; i++) {
            if (codes[i] == null) {
                codes[i] = code;
            }
            if (code.equals(codes[i])) {
                cells[CODES + i] += n;
                return;
            }
        }
    }

    /** Takes over what another one has. */
    void add(DigestCounts other) {
        long[] from = other.cells;
        if (other.unused()) {
            return;
        }
        cells[FIRST] = unused() ? from[FIRST] : Math.min(cells[FIRST], from[FIRST]);
        cells[LAST] = unused() ? from[LAST] : Math.max(cells[LAST], from[LAST]);
        for (int i = 0; i <= TIMED_NANOS; i++) {
            cells[i] += i == FIRST || i == LAST ? 0 : from[i];
        }
        cells[MAX_NANOS] = Math.max(cells[MAX_NANOS], from[MAX_NANOS]);
        double squares = Double.longBitsToDouble(cells[SQUARES]) + Double.longBitsToDouble(from[SQUARES]);
        cells[SQUARES] = Double.doubleToRawLongBits(squares);
        for (int i = 0; i < MAX_CODES; i++) {
            String code = other.codes[i];
            if (code != null) {
                code(code, from[CODES + i]);
            }
        }
    }
}
