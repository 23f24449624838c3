package dev.weir.core.exchange;

import dev.weir.core.sql.DigestTable;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** The meters about the sinks themselves. They read what the loops count anyway. */
final class SinkMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();

    SinkMetrics(MeterRegistry registry, ExchangeSinks sinks, List<LoopExchanges> loops, int maxSeries) {
        this.registry = registry;
        CommandStats commands = sinks.commands();
        counter("weir.exchanges", "Exchanges that were seen", commands, CommandStats::exchanges);
        gauge("weir.series", "Series of the duration histogram in use", commands, CommandStats::seriesInUse);
        gauge("weir.series.limit", "Most series of the duration histogram", commands, c -> maxSeries);
        counter(
                "weir.series.merged",
                "Durations counted under _OTHER: too many series",
                commands,
                CommandStats::merged);
        gauge("weir.top.rows", "Combinations of client, user, app and database", sinks.top(), TopTable::cells);
        counter("weir.top.merged", "Combinations refused by the top table", sinks.top(), TopTable::merged);
        List<DigestTable> digests = sinks.digests();
        gauge("weir.digests", "Statements in the digest tables", digests, all -> sum(all, DigestTable::size));
        gauge("weir.digest.bytes", "Heap of the digest tables", digests, all -> sum(all, DigestTable::bytes));
        counter(
                "weir.digests.merged",
                "Digests merged into _OTHER: too many statements",
                digests,
                all -> sum(all, DigestTable::evicted));
        counter("weir.slow.exchanges", "Exchanges over the slow log's threshold", sinks.slow(), SlowLog::exchanges);
        gauge("weir.live.readers", "Readers of the live feed", sinks.live(), LiveFeed::readers);
        counter("weir.live.dropped", "Readers of the live feed that were too slow", sinks.live(), LiveFeed::dropped);
        Set<String> names = new LinkedHashSet<>();
        for (LoopExchanges loop : loops) {
            for (int i = 0; i < loop.sinks(); i++) {
                names.add(loop.name(i));
            }
        }
        names.forEach(name -> sinkErrors(name, loops));
    }

    private void sinkErrors(String name, List<LoopExchanges> loops) {
        meters.add(FunctionCounter.builder("weir.sink.errors", loops, all -> errors(all, name))
                .tag("sink", name)
                .description("Exceptions thrown by a sink of exchanges")
                .register(registry));
    }

    private static double errors(List<LoopExchanges> loops, String name) {
        double sum = 0;
        for (LoopExchanges loop : loops) {
            for (int i = 0; i < loop.sinks(); i++) {
                sum += loop.name(i).equals(name) ? loop.errors(i) : 0;
            }
        }
        return sum;
    }

    private static double sum(List<DigestTable> tables, ToLongFunction<DigestTable> value) {
        return tables.stream().mapToLong(value).sum();
    }

    private <T> void counter(String name, String help, T source, ToDoubleFunction<T> value) {
        meters.add(
                FunctionCounter.builder(name, source, value).description(help).register(registry));
    }

    private <T> void gauge(String name, String help, T source, ToDoubleFunction<T> value) {
        meters.add(Gauge.builder(name, source, value).description(help).register(registry));
    }

    @Override
    public void close() {
        meters.forEach(registry::remove);
    }
}
