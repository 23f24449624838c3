package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily.Label;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Protocols whose durations are exported under a name of their own. */
class DurationFamilyTest {
    private static final DurationFamily CALLS = new DurationFamily(
            "calls_seconds",
            "Time of calls.",
            List.of(
                    new Label("listener", SeriesRow::listener),
                    new Label("method", SeriesRow::operation),
                    new Label("code", DurationFamilyTest::code)));
    private static final SeriesLabels FINE = new SeriesLabels("200");

    private final TestConnection connection = TestConnection.any();

    private static @Nullable String code(SeriesRow row) {
        SeriesLabels labels = row.labels();
        return labels == null ? null : labels.value(0);
    }

    private static ExchangeSinks sinks(int maxSeries) {
        ProxyConfig.SinkConfig config = new ProxyConfig.SinkConfig(maxSeries, Duration.ofMillis(10), 4);
        ExchangeSinks.Protocols protocols = new ExchangeSinks.Protocols() {
            @Override
            public DurationFamily durations(String protocol) {
                return protocol.equals("calls") ? CALLS : DurationFamily.DB_CLIENT;
            }
        };
        return new ExchangeSinks(2, new TestClock(), new SimpleMeterRegistry(), config, List.of(), protocols);
    }

    private void emit(ExchangeSinks sinks, int loop, String protocol, Consumer<Exchange> fields) {
        Exchanges exchanges = sinks.forLoop(loop);
        Exchange e = exchanges.open().of(connection, protocol, SinkBed.GET);
        e.durationNanos = 1_000;
        fields.accept(e);
        exchanges.emit(e);
    }

    private static List<String> texts(ExchangeSinks sinks) {
        return sinks.commands().series().stream()
                .map(row -> row.family().name() + ' ' + row.operation() + ' ' + row.labels() + ' ' + row.count())
                .toList();
    }

    @Test
    void eachProtocolHasItsOwnAlsoOnOneConnection() {
        ExchangeSinks sinks = sinks(100);
        for (int i = 0; i < 3; i++) {
            emit(sinks, 0, "calls", e -> e.labels = FINE);
            emit(sinks, 0, "redis", e -> {});
        }

        assertThat(texts(sinks))
                .containsExactlyInAnyOrder(
                        "calls_seconds GET [200] 3", "db_client_operation_duration_seconds GET null 3");
    }

    @Test
    void furtherLabelsTellSeriesApartByTheirValues() {
        ExchangeSinks sinks = sinks(100);
        emit(sinks, 0, "calls", e -> e.labels = FINE);
        emit(sinks, 1, "calls", e -> e.labels = new SeriesLabels("200"));
        emit(sinks, 0, "calls", e -> e.labels = new SeriesLabels("404"));
        emit(sinks, 0, "calls", e -> {});
        emit(sinks, 0, "calls", e -> {});

        assertThat(texts(sinks))
                .containsExactlyInAnyOrder(
                        "calls_seconds GET [200] 2", "calls_seconds GET [404] 1", "calls_seconds GET null 2");
    }

    @Test
    void allFamiliesShareOneLimit() {
        ExchangeSinks sinks = sinks(10);
        for (int i = 0; i < 100; i++) {
            SeriesLabels labels = new SeriesLabels("c" + i);
            String namespace = "db" + i;
            emit(sinks, 0, "calls", e -> e.labels = labels);
            emit(sinks, 0, "redis", e -> e.namespace = namespace);
        }

        List<SeriesRow> series = sinks.commands().series();

        assertThat(series).hasSizeLessThanOrEqualTo(10);
        assertThat(series.stream().mapToLong(SeriesRow::count).sum()).isEqualTo(200);
        assertThat(series)
                .filteredOn(row -> row.operation().equals("_OTHER"))
                .extracting(row -> row.family().name())
                .containsExactlyInAnyOrder("calls_seconds", "db_client_operation_duration_seconds");
    }

    @Test
    void copiesKeepThemAndPoolsDoNot() {
        Exchange e = new Exchange().of(connection, "calls", SinkBed.GET);
        e.labels = FINE;
        Exchange copy = new Exchange();
        copy.copyFrom(e);

        e.clear();

        assertThat(copy.labels).isSameAs(FINE);
        assertThat(e.labels).isNull();
    }
}
