package dev.weir.proxy;

import dev.weir.core.exchange.CommandStats;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads the histograms of durations when they are scraped: OpenTelemetry's {@code db.client.operation.duration}, and those that protocols have instead. */
final class DurationCollector implements MultiCollector {
    private final CommandStats stats;
    private final double[] bounds;

    DurationCollector(CommandStats stats) {
        this.stats = stats;
        double[] finite = CommandStats.buckets();
        this.bounds = Arrays.copyOf(finite, finite.length + 1);
        this.bounds[finite.length] = Double.POSITIVE_INFINITY;
    }

    @Override
    public MetricSnapshots collect() {
        Map<String, List<SeriesRow>> families = new TreeMap<>();
        families.put(DurationFamily.DB_CLIENT.name(), new ArrayList<>());
        for (SeriesRow row : stats.series()) {
            families.computeIfAbsent(row.family().name(), name -> new ArrayList<>())
                    .add(row);
        }
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        families.values()
                .forEach(rows -> all.metricSnapshot(histogram(
                        rows.isEmpty() ? DurationFamily.DB_CLIENT : rows.get(0).family(), rows)));
        return all.build();
    }

    private HistogramSnapshot histogram(DurationFamily family, List<SeriesRow> rows) {
        HistogramSnapshot.Builder histogram = HistogramSnapshot.builder()
                .name(family.name())
                .unit(Unit.SECONDS)
                .help(family.help());
        for (SeriesRow row : rows) {
            histogram.dataPoint(HistogramDataPointSnapshot.builder()
                    .labels(labels(row))
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, row.buckets()))
                    .sum(row.sumSeconds())
                    .build());
        }
        return histogram.build();
    }

    private static Labels labels(SeriesRow row) {
        List<DurationFamily.Label> labels = row.family().labels();
        String[] names = new String[labels.size()];
        String[] values = new String[labels.size()];
        for (int i = 0; i < names.length; i++) {
            String value = labels.get(i).value().apply(row);
            names[i] = labels.get(i).name();
            values[i] = value == null ? "" : value;
        }
        return Labels.of(names, values);
    }
}
