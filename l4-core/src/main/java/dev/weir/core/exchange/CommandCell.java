package dev.weir.core.exchange;

/**
 * The counters of one operation of one listener on one event loop. Plain fields: the loop writes, readers come by
 * {@link Published}.
 */
final class CommandCell {
    /** What the family finds it by; another object of the same name may come after a reload. */
    Operation operation;

    final LatencyRecorder latency = new LatencyRecorder();
    long calls;
    long errors;
    long noReply;
    long aborted;
    long waits;
    long hits;
    long misses;
    long rows;
    long requestBytes;
    long responseBytes;
    long nanos;
    long maxMicros;

    CommandCell(Operation operation) {
        this.operation = operation;
    }

    void count(Exchange e) {
        calls++;
        // What is unknown is -1.
        requestBytes += Math.max(0, e.requestBytes);
        responseBytes += Math.max(0, e.responseBytes);
        rows += Math.max(0, e.rows);
        if (e.hit >= 0) {
            hits += e.hit;
            misses += 1 - e.hit;
        }
        if (e.status != Exchange.Status.OK) {
            countStatus(e.status);
        }
        if (e.longWait) {
            waits++;
        }
    }

    private void countStatus(Exchange.Status status) {
        switch (status) {
            case ERROR -> errors++;
            case NO_REPLY -> noReply++;
            case ABORTED -> aborted++;
            case OK -> {}
        }
    }

    void time(long duration, long micros) {
        nanos += duration;
        if (micros > maxMicros) {
            maxMicros = micros;
        }
        latency.record(micros);
    }

    /** Adds all but the latencies to {@code sum}. From any thread. */
    void addTo(CommandCell sum) {
        sum.calls += calls;
        sum.errors += errors;
        sum.noReply += noReply;
        sum.aborted += aborted;
        sum.waits += waits;
        sum.hits += hits;
        sum.misses += misses;
        sum.rows += rows;
        sum.requestBytes += requestBytes;
        sum.responseBytes += responseBytes;
        sum.nanos += nanos;
        sum.maxMicros = Math.max(sum.maxMicros, maxMicros);
    }
}
