package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import org.jspecify.annotations.Nullable;

/** The labels of one protocol's exchanges that are names of clients. Of one terminal; from any thread. */
final class NameLabels {
    private final ProvenNames collections = new ProvenNames();
    private final ProvenNames summaries = new ProvenNames();
    private final ProvenNames namespaces = new ProvenNames();

    /**
     * Leaves the collection if it may be a label; else it is {@code _OTHER}.
     *
     * @param proven whether the server's answer proves it
     */
    void collection(Exchange e, boolean proven) {
        String name = e.collection;
        if (name != null) {
            String label = collections.label(name, proven);
            e.collection = label == null ? Operation.OTHER : label;
        }
    }

    /** Leaves the summary if it may be a label; it is a field of the exchange, too, whose target and statement have the names. */
    void summary(Exchange e, boolean proven) {
        String summary = e.summary;
        e.summary = summary == null ? null : summaries.label(summary, proven);
    }

    /** The label of a namespace, or null. */
    @Nullable
    String namespace(String name, boolean proven) {
        return namespaces.label(name, proven);
    }
}
