package dev.weir.core.exchange;

import dev.weir.core.exchange.CommandStats.SeriesRow;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The histogram that the durations of a protocol's exchanges are exported as. A constant: families of one name are the same. Series of all
 * families together are limited by {@code metrics.max_series}.
 *
 * @param name as it is exported: {@code db_client_operation_duration_seconds}
 * @param help one sentence
 * @param labels its labels; all that its exchanges differ in has to be in one of them, as no two series may have the same labels
 */
public record DurationFamily(String name, String help, List<Label> labels) {
    /**
     * A label.
     *
     * @param name as it is exported
     * @param value its value for a series; null is the empty text
     */
    public record Label(String name, Function<SeriesRow, @Nullable String> value) {}

    /** OpenTelemetry's {@code db.client.operation.duration}. */
    public static final DurationFamily DB_CLIENT = new DurationFamily(
            "db_client_operation_duration_seconds",
            "Time from the last byte of a request to the last byte of its answer.",
            List.of(
                    new Label("db_collection_name", SeriesRow::collection),
                    new Label("db_namespace", SeriesRow::namespace),
                    new Label("db_operation_name", SeriesRow::operation),
                    new Label("db_query_summary", SeriesRow::summary),
                    new Label("db_system_name", SeriesRow::systemName),
                    new Label("error_type", SeriesRow::errorType),
                    new Label("listener", SeriesRow::listener),
                    new Label("server_address", SeriesRow::serverAddress),
                    new Label("server_port", SeriesRow::serverPort)));

    /** Copies what it is given. */
    public DurationFamily {
        labels = List.copyOf(labels);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DurationFamily family && name.equals(family.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }
}
