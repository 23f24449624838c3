package dev.weir.testbeds;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Some servers that say their number, each behind a relay, in one cluster of a proxy. */
final class ShardBed implements AutoCloseable {
    /** Quick to notice, and with a limit to each check that a busy machine keeps. */
    static final Map<String, Object> CHECK =
            Map.of("type", "redis", "interval", "20ms", "timeout", "20s", "jitter", 0, "unhealthy_threshold", 2);

    /** Never takes a host back by itself within a test. */
    static final Map<String, Object> OUTLIERS = Map.of(
            "consecutive_failures",
            3,
            "interval",
            "20ms",
            "base_ejection_time",
            "1h",
            "max_ejection_time",
            "1h",
            "max_ejection_percent",
            50);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final NumberedShards servers = new NumberedShards();
    private final List<FaultyRelay> relays = new ArrayList<>();
    private final Proxy proxy;

    /** {@code settings} of the cluster besides its endpoints. */
    ShardBed(int count, Map<String, Object> settings) throws IOException {
        for (int i = 0; i < count; i++) {
            relays.add(new FaultyRelay(servers.add()));
        }
        proxy = start(
                meters, settings, relays.stream().map(FaultyRelay::address).toList());
    }

    /** A proxy whose cluster {@code c} has these endpoints. */
    static Proxy start(SimpleMeterRegistry meters, Map<String, Object> settings, List<String> endpoints) {
        Map<String, Object> cluster = new HashMap<>(settings);
        cluster.put("name", "c");
        cluster.put("endpoints", endpoints);
        Map<String, Object> terminal = Map.of("type", "tcp_proxy", "cluster", "c", "connect_attempts", 3);
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        2,
                        "listeners",
                        List.of(Map.of("name", Setup.LISTENER, "address", "127.0.0.1:0", "filters", List.of(terminal))),
                        "clusters",
                        List.of(cluster))));
    }

    FaultyRelay relay(int number) {
        return relays.get(number);
    }

    ShardLoad load(int clients) {
        return new ShardLoad(proxy.address(Setup.LISTENER).port(), clients, ShardLoad.Question.NUMBER);
    }

    ClusterStatus cluster() {
        return proxy.clusters().get(0);
    }

    EndpointStatus endpoint(int number) {
        return cluster().endpoints().get(number);
    }

    /** Waits until what is said of the health of a host is this. */
    boolean becomes(int number, String health) throws InterruptedException {
        return Setup.eventually(() -> endpoint(number).health().equals(health));
    }

    /** What a counter of the cluster stands at. */
    double count(String meter, String tag, String value) {
        return meters.get(meter).tag(tag, value).counters().stream()
                .mapToDouble(c -> c.count())
                .sum();
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        for (FaultyRelay relay : relays) {
            relay.close();
        }
        servers.close();
    }
}
