package dev.weir.core.net;

import dev.weir.core.net.Overload.Step;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;

/** The meters of {@link Overload}. */
final class OverloadMetrics {
    private final MeterRegistry meters;
    private final Map<Step, Counter> changes = new EnumMap<>(Step.class);
    private final Counter closed;
    private final Counter refused;

    OverloadMetrics(MeterRegistry meters) {
        this.meters = meters;
        for (Step step : Step.values()) {
            changes.put(
                    step,
                    Counter.builder("weir.overload.changes")
                            .description("Times a step of the overload protection began")
                            .tag("step", step.label())
                            .register(meters));
        }
        this.closed = Counter.builder("weir.overload.closed.connections")
                .description("Idle connections closed by the overload protection")
                .register(meters);
        this.refused = Counter.builder("weir.overload.refused.connections")
                .description("Connections refused by the overload protection")
                .register(meters);
    }

    void bind(Overload overload) {
        Gauge.builder("weir.overload.step", overload, o -> o.step().ordinal())
                .description("0 none, 1 accepts no connections, 2 closes idle ones, 3 refuses new ones")
                .register(meters);
        Gauge.builder("weir.overload.connections", overload, o -> o.status().connections())
                .description("Client connections of all listeners")
                .register(meters);
        Gauge.builder("weir.overload.connections.limit", overload, Overload::limit)
                .description("overload.max_connections; 0 for no limit")
                .register(meters);
    }

    void began(Step step) {
        Counter counter = changes.get(step);
        if (counter != null) {
            counter.increment();
        }
    }

    void closed(int connections) {
        closed.increment(connections);
    }

    void refused() {
        refused.increment();
    }

    long closedConnections() {
        return (long) closed.count();
    }

    long refusedConnections() {
        return (long) refused.count();
    }
}
