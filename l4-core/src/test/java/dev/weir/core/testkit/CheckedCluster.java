package dev.weir.core.testkit;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A proxy in front of one server that it checks all the time. */
public final class CheckedCluster implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Proxy proxy;

    /** For a server on a port of this machine; {@code check} is what stands below {@code health_check} besides times. */
    public CheckedCluster(int port, Map<String, Object> check) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "interval", "20ms", "timeout", "60s", "jitter", 0, "unhealthy_threshold", 1, "healthy_threshold", 1));
        all.putAll(check);
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + port), "health_check", all)))));
    }

    private EndpointStatus endpoint() {
        return proxy.clusters().get(0).endpoints().get(0);
    }

    private double passed() {
        return meters.get("weir_cluster_health_checks")
                .tag("result", "healthy")
                .counter()
                .count();
    }

    /** Whether another check passes, so that the server is healthy, in a time that is long enough. */
    public boolean passes() {
        double before = passed();
        return eventually(() -> passed() > before && endpoint().health().equals("healthy"));
    }

    /** The reason why the server is not healthy, as soon as there is one with this part in it; what there is after a long time. */
    public String failure(String part) {
        eventually(() ->
                endpoint().health().equals("unhealthy") && endpoint().reason().contains(part));
        return endpoint().health().equals("unhealthy")
                ? endpoint().reason()
                : endpoint().health();
    }

    private static boolean eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        return true;
    }

    @Override
    public void close() {
        proxy.close();
    }
}
