package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.SeriesLabels;
import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is scraped of durations. */
class DurationCollectorTest {
    private static final DurationFamily CALLS = new DurationFamily(
            "calls_seconds",
            "Time of calls.",
            List.of(
                    new DurationFamily.Label("method", SeriesRow::operation),
                    new DurationFamily.Label(
                            "code",
                            row -> row.labels() == null ? null : row.labels().value(0))));

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ExchangeSinks sinks = new ExchangeSinks(
            1,
            WireClock.system(),
            new SimpleMeterRegistry(),
            new ProxyConfig.SinkConfig(100, Duration.ofMillis(10), 4),
            List.of(),
            new ExchangeSinks.Protocols() {
                @Override
                public DurationFamily durations(String protocol) {
                    return protocol.equals("calls") ? CALLS : DurationFamily.DB_CLIENT;
                }
            });

    private List<String> scraped() {
        return registry.scrape()
                .lines()
                .filter(line -> line.startsWith("#") || line.contains("_count"))
                .toList();
    }

    private void emit(String protocol, @Nullable SeriesLabels labels) {
        Exchanges exchanges = sinks.forLoop(0);
        Exchange e = exchanges.open().of(FakeConnection.of("orders", 1), protocol, new Operation("GET", 1, true));
        e.durationNanos = 2_000_000;
        e.labels = labels;
        exchanges.emit(e);
    }

    @Test
    void familiesHaveTheirOwnNamesAndLabels() {
        registry.getPrometheusRegistry().register(new DurationCollector(sinks.commands()));
        emit("calls", new SeriesLabels("200"));
        emit("calls", new SeriesLabels("404"));
        emit("redis", null);

        assertThat(scraped())
                .contains(
                        "# HELP calls_seconds Time of calls.",
                        "# TYPE calls_seconds histogram",
                        "calls_seconds_count{code=\"200\",method=\"GET\"} 1",
                        "calls_seconds_count{code=\"404\",method=\"GET\"} 1",
                        "# TYPE db_client_operation_duration_seconds histogram")
                .anyMatch(line -> line.startsWith("db_client_operation_duration_seconds_count{")
                        && line.contains("db_operation_name=\"GET\"")
                        && line.contains("db_system_name=\"redis\"")
                        && line.endsWith("} 1"));
        assertThat(registry.scrape()).contains("calls_seconds_sum{code=\"200\",method=\"GET\"} 0.002");
    }
}
