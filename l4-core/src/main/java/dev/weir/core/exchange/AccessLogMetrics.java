package dev.weir.core.exchange;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The meters of an access log. */
final class AccessLogMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final List<Meter> meters;

    AccessLogMetrics(MeterRegistry registry, AccessLog log) {
        this.registry = registry;
        this.meters = List.of(
                counter("weir.access.log.lines", "Lines written to the access log", log, AccessLog::written),
                counter("weir.access.log.dropped", "Exchanges missing in the access log", log, AccessLog::dropped),
                counter("weir.access.log.errors", "Failed writes to the access log", log, AccessLog::errors));
    }

    private Meter counter(String name, String help, AccessLog log, ToDoubleFunction<AccessLog> value) {
        return FunctionCounter.builder(name, log, value).description(help).register(registry);
    }

    @Override
    public void close() {
        meters.forEach(registry::remove);
    }
}
