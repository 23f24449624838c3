package dev.weir.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** What one terminal {@code http} counts beside its exchanges. */
final class HttpMetrics {
    final Counter retries;
    final Counter mirrors;
    final Counter mirrorsRefused;
    final Counter mirrorsLagged;

    HttpMetrics(MeterRegistry meters, String listener) {
        retries = Counter.builder("weir.http.retries")
                .description("Requests that were sent once more")
                .tag("listener", listener)
                .register(meters);
        mirrors = mirror(meters, listener, "sent");
        mirrorsRefused = mirror(meters, listener, "refused");
        mirrorsLagged = mirror(meters, listener, "lagged");
    }

    private static Counter mirror(MeterRegistry meters, String listener, String result) {
        return Counter.builder("weir.http.mirrored")
                .description("Copies of requests to a second cluster, by what became of them")
                .tags("listener", listener, "result", result)
                .register(meters);
    }
}
