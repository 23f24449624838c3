package dev.weir.http;

import dev.weir.core.exchange.Operation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Counters of DynamoDB by table, of one listener: so many combinations of labels each, then {@code _OTHER}. From any thread. */
final class DynamoMetrics {
    /** Most combinations of a counter; a listener has two hundred tables with two indexes and an operation or two each. */
    static final int MOST = 1_000;

    private record Series(String name, String table, String more, Operation operation) {}

    private final MeterRegistry meters;
    private final String listener;
    private final Map<Series, Counter> counters = new ConcurrentHashMap<>();
    private final Map<String, Integer> used = new ConcurrentHashMap<>();

    DynamoMetrics(MeterRegistry meters, String listener) {
        this.meters = meters;
        this.listener = listener;
    }

    void consumed(String table, @Nullable String index, Operation operation, double units) {
        count("weir_dynamodb_consumed_capacity_units", "index", table, index == null ? "" : index, operation, units);
    }

    void throttled(String table, String error, Operation operation) {
        count("weir_dynamodb_throttled", "error", table, error, operation, 1);
    }

    void unprocessed(String table, Operation operation, long items) {
        count("weir_dynamodb_unprocessed", null, table, "", operation, (double) items);
    }

    void conditionFailed(String table, Operation operation) {
        count("weir_dynamodb_condition_failed", null, table, "", operation, 1);
    }

    /** Reasons come from servers: a set that is closed, but may grow with the service. */
    void cancelled(String reason, Operation operation, long items) {
        count("weir_dynamodb_cancelled", "reason", null, reason, operation, (double) items);
    }

    void retried(Operation operation) {
        count("weir_dynamodb_retries", null, null, "", operation, 1);
    }

    private void count(
            String name, @Nullable String label, @Nullable String table, String value, Operation operation, double n) {
        Series series = new Series(name, table == null ? "" : table, value, operation);
        Counter counter = counters.get(series);
        if (counter == null) {
            counter = make(series, label, table != null);
        }
        counter.increment(n);
    }

    /** What a configuration before this one has left counts as well. */
    private int registered(String name) {
        return meters.find(name).tag("listener", listener).counters().size();
    }

    private synchronized Counter make(Series series, @Nullable String label, boolean byTable) {
        Counter known = counters.get(series);
        if (known != null) {
            return known;
        }
        boolean full = used.computeIfAbsent(series.name(), this::registered) >= MOST;
        Counter.Builder builder = Counter.builder(series.name())
                .tag("listener", listener)
                .tag("operation", series.operation().name());
        if (byTable) {
            builder.tag("table", full ? Operation.OTHER : series.table());
        }
        if (label != null) {
            builder.tag(label, full ? Operation.OTHER : series.more());
        }
        Counter made = builder.register(meters);
        if (!full) {
            used.merge(series.name(), 1, Integer::sum);
            counters.put(series, made);
        }
        return made;
    }
}
