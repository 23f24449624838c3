package dev.weir.redis;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The meters of one {@code redis_proxy}. Exchanges tell of commands; these of what lies beneath. From any thread. */
final class ProxyMetrics {
    private final MeterRegistry meters;
    private final String listener;
    private final Map<String, ShardMetrics> shards = new ConcurrentHashMap<>();
    final Counter unsupported;
    final Counter crossShard;
    final Counter protocolErrors;

    ProxyMetrics(MeterRegistry meters, String listener) {
        this.meters = meters;
        this.listener = listener;
        this.unsupported =
                counter("weir_redis_proxy_unsupported", "Commands that were refused as they are not supported");
        this.crossShard = counter(
                "weir_redis_proxy_cross_shard", "Commands that were refused as their keys are on several shards");
        this.protocolErrors = counter("weir_redis_proxy_protocol_errors", "Clients that sent what is no command");
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name)
                .description(description)
                .tag("listener", listener)
                .register(meters);
    }

    /** Those of one shard; the same for all loops. */
    ShardMetrics shard(String cluster, String endpoint) {
        return shards.computeIfAbsent(
                cluster + ' ' + endpoint, key -> new ShardMetrics(meters, listener, cluster, endpoint));
    }
}
