package dev.weir.tls.starttls;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** How negotiations went. */
final class StarttlsMetrics {
    private final Counter opened;
    private final Counter failed;

    StarttlsMetrics(MeterRegistry meters, String listener, String side, String protocol) {
        this.opened = counter(meters, listener, side, protocol, "ok");
        this.failed = counter(meters, listener, side, protocol, "failed");
    }

    private static Counter counter(
            MeterRegistry meters, String listener, String side, String protocol, String outcome) {
        return Counter.builder("weir_starttls")
                .description("Negotiations of TLS in mid-stream that ended")
                .tag("listener", listener)
                .tag("side", side)
                .tag("protocol", protocol)
                .tag("outcome", outcome)
                .register(meters);
    }

    void opened() {
        opened.increment();
    }

    void failed() {
        failed.increment();
    }
}
