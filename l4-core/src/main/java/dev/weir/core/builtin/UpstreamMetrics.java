package dev.weir.core.builtin;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** Meters of the connections to a cluster. */
final class UpstreamMetrics {
    private final MeterRegistry meters;
    private final String cluster;
    private final Timer connectTime;

    UpstreamMetrics(MeterRegistry meters, String cluster) {
        this.meters = meters;
        this.cluster = cluster;
        this.connectTime = Timer.builder("weir.upstream.connect")
                .description("Time to connect to an upstream")
                .tag("cluster", cluster)
                .serviceLevelObjectives(
                        Duration.ofNanos(100_000),
                        Duration.ofMillis(1),
                        Duration.ofMillis(10),
                        Duration.ofMillis(100),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10))
                .register(meters);
    }

    void connected(long nanos) {
        connectTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    void failed(Throwable cause) {
        failures(reason(cause)).increment();
    }

    void noEndpoint() {
        failures("no_endpoint").increment();
    }

    private static String reason(Throwable cause) {
        if (cause instanceof io.netty.channel.ConnectTimeoutException) {
            return "timeout";
        }
        if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
            return "tls";
        }
        if (cause instanceof UnknownHostException) {
            return "unresolved";
        }
        return cause instanceof java.net.ConnectException ? "refused" : "other";
    }

    private Counter failures(String reason) {
        return Counter.builder("weir.upstream.connect.failures")
                .description("Upstream connection attempts that failed")
                .tags("cluster", cluster, "reason", reason)
                .register(meters);
    }
}
