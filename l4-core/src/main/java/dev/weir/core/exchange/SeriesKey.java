package dev.weir.core.exchange;

import org.jspecify.annotations.Nullable;

/** The labels of one series of {@code db_client_operation_duration_seconds}; null is an empty label. */
record SeriesKey(
        String listener,
        String systemName,
        @Nullable String namespace,
        String operation,
        @Nullable String collection,
        @Nullable String summary,
        @Nullable String errorType,
        @Nullable String serverAddress,
        @Nullable String serverPort) {

    /** What is beyond the limit. */
    static SeriesKey other(String listener, String systemName, boolean error) {
        String other = Operation.OTHER;
        return new SeriesKey(listener, systemName, other, other, null, null, error ? other : null, null, null);
    }

    /** What the series of one listener, system, database and server have in common. */
    SeriesKey scope() {
        return new SeriesKey(listener, systemName, namespace, "", null, null, null, serverAddress, serverPort);
    }

    /** One series of this scope. */
    SeriesKey with(Operation operation, @Nullable String collection, @Nullable String summary, @Nullable String error) {
        String name = operation.name();
        return new SeriesKey(
                listener, systemName, namespace, name, collection, summary, error, serverAddress, serverPort);
    }
}
