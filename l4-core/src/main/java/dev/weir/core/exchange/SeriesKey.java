package dev.weir.core.exchange;

import java.util.Objects;
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

    // By hand: those that the JDK makes for a record are linked at the first call, which costs a start 50 ms.

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SeriesKey key
                && listener.equals(key.listener)
                && systemName.equals(key.systemName)
                && operation.equals(key.operation)
                && Objects.equals(namespace, key.namespace)
                && Objects.equals(collection, key.collection)
                && Objects.equals(summary, key.summary)
                && Objects.equals(errorType, key.errorType)
                && Objects.equals(serverAddress, key.serverAddress)
                && Objects.equals(serverPort, key.serverPort);
    }

    @Override
    public int hashCode() {
        int hash = listener.hashCode();
        hash = 31 * hash + systemName.hashCode();
        hash = 31 * hash + Objects.hashCode(namespace);
        hash = 31 * hash + operation.hashCode();
        hash = 31 * hash + Objects.hashCode(collection);
        hash = 31 * hash + Objects.hashCode(summary);
        hash = 31 * hash + Objects.hashCode(errorType);
        hash = 31 * hash + Objects.hashCode(serverAddress);
        return 31 * hash + Objects.hashCode(serverPort);
    }
}
