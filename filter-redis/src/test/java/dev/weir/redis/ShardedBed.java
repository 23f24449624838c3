package dev.weir.redis;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** A {@code redis_proxy} before some real servers. */
final class ShardedBed implements AutoCloseable {
    final List<TestServer> shards = new ArrayList<>();
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Proxy proxy;

    private ShardedBed(List<String> servers, Map<String, ?> settings, Map<String, ?> cluster) throws Exception {
        for (String server : servers) {
            shards.add(TestServer.start(server));
        }
        proxy = start(
                meters,
                shards.stream().map(shard -> "127.0.0.1:" + shard.port()).toList(),
                settings,
                cluster);
    }

    /** One server of each name. */
    static ShardedBed of(List<String> servers, Map<String, ?> settings) throws Exception {
        return new ShardedBed(servers, settings, Map.of());
    }

    static ShardedBed of(List<String> servers, Map<String, ?> settings, Map<String, ?> cluster) throws Exception {
        return new ShardedBed(servers, settings, cluster);
    }

    /** A proxy before these endpoints. */
    static Proxy start(
            SimpleMeterRegistry meters, List<String> endpoints, Map<String, ?> settings, Map<String, ?> cluster) {
        return start(Proxy.builder().meters(meters), endpoints, settings, cluster);
    }

    /** The same, of a builder. */
    static Proxy start(Proxy.Builder builder, List<String> endpoints, Map<String, ?> settings, Map<String, ?> cluster) {
        Map<String, Object> terminal = new HashMap<>(Map.of("type", "redis_proxy", "cluster", "c", "hash_tags", true));
        terminal.putAll(settings);
        Map<String, Object> shards =
                new HashMap<>(Map.of("name", "c", "load_balancing", "maglev", "endpoints", endpoints));
        shards.putAll(cluster);
        return builder.start(ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                "clusters",
                List.of(shards))));
    }

    RawClient connect() throws IOException {
        return new RawClient(port());
    }

    int port() {
        return proxy.address("cache").port();
    }

    /** How many clients were closed for a reason. */
    double closed(String reason) {
        return meters.getMeters().stream()
                .filter(meter -> meter.getId().getName().startsWith("weir.connections.closed"))
                .filter(meter -> reason.equals(meter.getId().getTag("reason")))
                .flatMap(meter -> StreamSupport.stream(meter.measure().spliterator(), false))
                .mapToDouble(Measurement::getValue)
                .sum();
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        for (TestServer shard : shards) {
            shard.close();
        }
    }
}
