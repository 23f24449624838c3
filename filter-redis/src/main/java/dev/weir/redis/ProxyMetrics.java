package dev.weir.redis;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The meters of one {@code redis_proxy}. Exchanges tell of commands; these of what lies beneath. From any thread. */
final class ProxyMetrics {
    /** Those of shards, by registry: meters go on with the object that they were first registered with, also after a reload. */
    private static final Map<MeterRegistry, Map<String, ShardMetrics>> SHARDS =
            Collections.synchronizedMap(new WeakHashMap<>());

    private final MeterRegistry meters;
    private final String listener;
    private final Map<String, ShardMetrics> shards;
    final Count unsupported;
    final Count denied;
    final Count crossShard;
    final Count protocolErrors;
    final Count forwardErrors;
    final Count fragments;
    final Count redirections;
    final Count retries;
    final Count mirrored;
    final Count mirrorsLeftOut;
    /** Connected clients, of all loops. */
    final LongAdder clients = new LongAdder();

    ProxyMetrics(MeterRegistry meters, String listener) {
        this.meters = meters;
        this.listener = listener;
        this.shards = SHARDS.computeIfAbsent(meters, any -> new ConcurrentHashMap<>());
        this.unsupported =
                counter("weir_redis_proxy_unsupported", "Commands that were refused as they are not supported");
        this.denied = counter(
                "weir_redis_proxy_denied", "Commands that were refused as the rules of their user do not allow them");
        this.crossShard = counter(
                "weir_redis_proxy_cross_shard", "Commands that were refused as their keys are on several shards");
        this.protocolErrors = counter("weir_redis_proxy_protocol_errors", "Clients that sent what is no command");
        this.forwardErrors = counter(
                "weir_redis_proxy_forward_errors",
                "Commands that no shard has answered, as there was none, or it failed");
        this.fragments = counter(
                "weir_redis_proxy_fragments", "Parts that commands with keys of several shards were split into");
        this.redirections = counter(
                "weir_redis_proxy_redirections",
                "Answers of a Redis Cluster that sent a command elsewhere (MOVED, ASK, TRYAGAIN)");
        this.mirrored = counter("weir_redis_proxy_mirrored", "Copies of commands, or parts of them, sent to a mirror");
        this.mirrorsLeftOut = counter(
                "weir_redis_proxy_mirrors_left_out",
                "Copies that were not sent: the mirror did not keep up, was away, or has their keys on several shards");
        this.retries =
                counter("weir_redis_proxy_retries", "Commands that read and were sent again, as they had failed");
    }

    private Count counter(String name, String description) {
        return new Count(Counter.builder(name)
                .description(description)
                .tag("listener", listener)
                .register(meters));
    }

    /** A counter that INFO can tell of: meters need not count where nobody collects them, and go on after a reload. */
    static final class Count {
        private final Counter meter;
        private final LongAdder own = new LongAdder();

        private Count(Counter meter) {
            this.meter = meter;
        }

        void increment() {
            add(1);
        }

        void add(long more) {
            meter.increment((double) more);
            own.add(more);
        }

        /** Since the configuration is in force. */
        long sum() {
            return own.sum();
        }
    }

    /** A shard has not answered a call. */
    void lost(Call call) {
        (call.copy ? mirrorsLeftOut : forwardErrors).increment();
    }

    /** Those of one shard; the same for all loops. */
    ShardMetrics shard(String cluster, String endpoint) {
        return shards.computeIfAbsent(
                listener + ' ' + cluster + ' ' + endpoint,
                key -> new ShardMetrics(meters, listener, cluster, endpoint));
    }
}
