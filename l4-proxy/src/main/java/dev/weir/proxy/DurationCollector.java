package dev.weir.proxy;

import dev.weir.core.exchange.CommandStats;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the histogram of OpenTelemetry's {@code db.client.operation.duration} when it is scraped. */
final class DurationCollector implements Collector {
    static final String NAME = "db_client_operation_duration_seconds";
    private static final String HELP = "Time from the last byte of a request to the last byte of its answer.";

    private final CommandStats stats;
    private final double[] bounds;

    DurationCollector(CommandStats stats) {
        this.stats = stats;
        double[] finite = CommandStats.buckets();
        this.bounds = Arrays.copyOf(finite, finite.length + 1);
        this.bounds[finite.length] = Double.POSITIVE_INFINITY;
    }

    @Override
    public MetricFamilyDescriptor getMetricFamilyDescriptor() {
        return MetricFamilyDescriptor.histogram(NAME)
                .help(HELP)
                .unit(Unit.SECONDS)
                .build();
    }

    @Override
    public MetricSnapshot collect() {
        HistogramSnapshot.Builder histogram =
                HistogramSnapshot.builder().name(NAME).unit(Unit.SECONDS).help(HELP);
        for (SeriesRow row : stats.series()) {
            histogram.dataPoint(HistogramDataPointSnapshot.builder()
                    .labels(labels(row))
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, row.buckets()))
                    .sum(row.sumSeconds())
                    .build());
        }
        return histogram.build();
    }

    private static Labels labels(SeriesRow row) {
        return Labels.of(
                "db_collection_name",
                text(row.collection()),
                "db_namespace",
                text(row.namespace()),
                "db_operation_name",
                row.operation(),
                "db_query_summary",
                text(row.summary()),
                "db_system_name",
                row.systemName(),
                "error_type",
                text(row.errorType()),
                "listener",
                row.listener(),
                "server_address",
                text(row.serverAddress()),
                "server_port",
                text(row.serverPort()));
    }

    private static String text(@Nullable String label) {
        return label == null ? "" : label;
    }
}
