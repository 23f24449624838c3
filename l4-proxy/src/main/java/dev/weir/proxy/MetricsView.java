package dev.weir.proxy;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;

/** {@code /metrics}: Prometheus' text form, or OpenMetrics for those who ask for it. */
final class MetricsView {
    private final AdminSource source;
    private final ExpositionFormatWriter text = PrometheusTextFormatWriter.builder()
            .setIncludeCreatedTimestamps(false)
            .build();
    private final ExpositionFormatWriter openMetrics = OpenMetricsTextFormatWriter.builder()
            .setCreatedTimestampsEnabled(false)
            .setExemplarsOnAllMetricTypesEnabled(false)
            .build();

    MetricsView(AdminSource source) {
        this.source = source;
    }

    AdminResponse scrape(String accept) {
        ExpositionFormatWriter writer = prefersOpenMetrics(accept) ? openMetrics : text;
        AdminResponse response = new AdminResponse(HttpResponseStatus.OK, writer.getContentType());
        try {
            MetricSnapshots snapshots = source.metrics().scrape();
            writer.write(response.body(), snapshots);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return response;
    }

    /** Whether OpenMetrics is asked for, at least as much as plain text. */
    static boolean prefersOpenMetrics(String accept) {
        double open = -1;
        double plain = -1;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", 32)) {
            String type = range.split(";", 2)[0].trim();
            if (type.equals("application/openmetrics-text")) {
                open = Math.max(open, quality(range));
            } else if (type.equals("text/plain")) {
                plain = Math.max(plain, quality(range));
            }
        }
        return open > 0 && open >= plain;
    }

    private static double quality(String range) {
        for (String parameter : range.split(";", 16)) {
            String trimmed = parameter.trim();
            if (trimmed.startsWith("q=")) {
                try {
                    return Double.parseDouble(trimmed.substring(2));
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
