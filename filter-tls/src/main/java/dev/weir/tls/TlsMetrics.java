package dev.weir.tls;

import dev.weir.core.tls.TlsSession;
import dev.weir.core.tls.TlsSupport;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The meters of one section. Handshakes are rare beside bytes: meters of Micrometer will do. */
final class TlsMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final Tags tags;
    private final Timer time;
    private final Counter full;
    private final Counter resumed;
    private final Map<String, Counter> failures = new ConcurrentHashMap<>();
    private final Map<String, Counter> kinds = new ConcurrentHashMap<>();
    private final Counter reloads;
    private final Counter failedReloads;
    private final List<Expiries.Shown> expiries = new ArrayList<>();

    TlsMetrics(TlsSupport.Scope scope, boolean server) {
        registry = scope.meters();
        tags = Tags.of("side", server ? "client" : "upstream", "name", scope.name());
        time = Timer.builder("weir.tls.handshake.duration")
                .description("Time of TLS handshakes that succeeded")
                .tags(tags)
                .serviceLevelObjectives(
                        Duration.ofMillis(1),
                        Duration.ofMillis(5),
                        Duration.ofMillis(20),
                        Duration.ofMillis(100),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10))
                .register(registry);
        full = handshakes("full");
        resumed = handshakes("resumed");
        reloads = reloads("success");
        failedReloads = reloads("failure");
    }

    private Counter handshakes(String kind) {
        return Counter.builder("weir.tls.handshakes")
                .description("TLS handshakes that succeeded")
                .tags(tags.and("kind", kind))
                .register(registry);
    }

    private Counter reloads(String result) {
        return Counter.builder("weir.tls.reloads")
                .description("Times that changed files of TLS were read again")
                .tags(tags.and("result", result))
                .register(registry);
    }

    /** A responder was asked what is to be stapled. */
    void stapled(boolean success) {
        Counter.builder("weir.tls.staples")
                .description("Times that a responder was asked for what is stapled")
                .tags(tags.and("result", success ? "success" : "failure"))
                .register(registry)
                .increment();
    }

    void succeeded(TlsSession session, long nanos) {
        (session.resumed() ? resumed : full).increment();
        time.record(nanos, TimeUnit.NANOSECONDS);
        // Versions and ciphers are the engine's: a small set.
        kinds.computeIfAbsent(session.version() + " " + session.cipher(), key -> kind(session))
                .increment();
    }

    private Counter kind(TlsSession session) {
        return Counter.builder("weir.tls.connections")
                .description("TLS connections by what was agreed on")
                .tags(tags.and("version", session.version(), "cipher", session.cipher()))
                .register(registry);
    }

    void failed(Failure failure) {
        failures.computeIfAbsent(
                        failure.label(),
                        label -> Counter.builder("weir.tls.handshake.failures")
                                .description("TLS handshakes that failed")
                                .tags(tags.and("reason", label))
                                .register(registry))
                .increment();
    }

    void reloaded(boolean success) {
        (success ? reloads : failedReloads).increment();
    }

    /** Shows when certificates end; in the place of those shown before. {@code epochSeconds} holds the moments. */
    synchronized void certificates(Map<String, Long> epochSeconds) {
        List<Expiries.Shown> before = List.copyOf(expiries);
        expiries.clear();
        epochSeconds.forEach((file, end) -> expiries.add(Expiries.show(registry, tags.and("certificate", file), end)));
        before.forEach(Expiries.Shown::close);
    }

    @Override
    public synchronized void close() {
        expiries.forEach(Expiries.Shown::close);
        expiries.clear();
    }
}
