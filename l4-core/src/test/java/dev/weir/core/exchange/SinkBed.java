package dev.weir.core.exchange;

import dev.weir.core.config.ProxyConfig;
import dev.weir.core.filter.Connection;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** The sinks of a small proxy, and short ways to feed them. */
final class SinkBed implements AutoCloseable {
    static final Operations OPERATIONS = operations();
    static final Operation GET = OPERATIONS.all().get(1);
    static final Operation SET = OPERATIONS.all().get(2);

    final TestClock clock = new TestClock();
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final ExchangeSinks sinks;

    SinkBed() {
        this(2_000, List.of());
    }

    SinkBed(int maxSeries, List<ExchangeSink.Factory> extra) {
        this(new ProxyConfig.SinkConfig(maxSeries, Duration.ofMillis(10), 4), extra);
    }

    SinkBed(ProxyConfig.SinkConfig config, List<ExchangeSink.Factory> extra) {
        sinks = new ExchangeSinks(2, clock, meters, config, extra);
    }

    private static Operations operations() {
        Operations.Builder builder = Operations.builder();
        builder.add("GET", true);
        builder.add("SET", false);
        for (int i = 0; i < 300; i++) {
            builder.add("OP" + i, false);
        }
        return builder.build();
    }

    /** Emits a GET that took {@code micros}. */
    void get(Connection connection, long micros) {
        emit(0, connection, GET, e -> e.durationNanos = micros * 1_000);
    }

    void emit(int loop, Connection connection, Operation operation, Consumer<Exchange> fields) {
        Exchanges exchanges = sinks.forLoop(loop);
        Exchange e = exchanges.open().of(connection, "redis", operation);
        e.startNanos = clock.nanoTime();
        fields.accept(e);
        exchanges.emit(e);
    }

    double meter(String name, String... tags) {
        return meters.get(name).tags(tags).meter().measure().iterator().next().getValue();
    }

    @Override
    public void close() {
        sinks.close();
    }
}
