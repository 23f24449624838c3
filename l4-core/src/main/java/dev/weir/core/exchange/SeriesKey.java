package dev.weir.core.exchange;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What makes one series of an exported histogram; null is an empty label. */
record SeriesKey(
        DurationFamily family,
        String listener,
        String systemName,
        @Nullable String namespace,
        String operation,
        @Nullable String collection,
        @Nullable String summary,
        @Nullable String errorType,
        @Nullable String serverAddress,
        @Nullable String serverPort,
        @Nullable SeriesLabels labels) {

    /** What is beyond the limit. */
    static SeriesKey other(DurationFamily family, String listener, String systemName, boolean error) {
        String other = Operation.OTHER;
        String type = error ? other : null;
        return new SeriesKey(family, listener, systemName, other, other, null, null, type, null, null, null);
    }

    /** What the series of one listener, system, database and server have in common. */
    SeriesKey scope() {
        return new SeriesKey(
                family, listener, systemName, namespace, "", null, null, null, serverAddress, serverPort, null);
    }

    /** One series of this scope. */
    SeriesKey with(
            Operation operation,
            @Nullable String collection,
            @Nullable String summary,
            @Nullable String error,
            @Nullable SeriesLabels more) {
        return new SeriesKey(
                family,
                listener,
                systemName,
                namespace,
                operation.name(),
                collection,
                summary,
                error,
                serverAddress,
                serverPort,
                more);
    }

    // By hand: those that the JDK makes for a record are linked at the first call, which costs a start 50 ms.

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SeriesKey key
                && family.equals(key.family)
                && listener.equals(key.listener)
                && systemName.equals(key.systemName)
                && operation.equals(key.operation)
                && Objects.equals(namespace, key.namespace)
                && Objects.equals(collection, key.collection)
                && Objects.equals(summary, key.summary)
                && Objects.equals(errorType, key.errorType)
                && Objects.equals(serverAddress, key.serverAddress)
                && Objects.equals(serverPort, key.serverPort)
                && Objects.equals(labels, key.labels);
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
        hash = 31 * hash + Objects.hashCode(serverPort);
        return 31 * hash + Objects.hashCode(labels);
    }
}
