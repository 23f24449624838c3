package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.sql.DigestTable;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What the terminal tells of its exchanges beyond plain HTTP: the keys {@code dynamodb}, {@code elasticsearch}, {@code clickhouse} and {@code grpc}. */
final class ObservationSettings {
    /**
     * A protocol whose bodies are looked at.
     *
     * @param bodyLimit bytes of a body that are looked at
     * @param statements whether statements are shown as they were sent
     * @param labels the names that are labels
     */
    record Bodies(long bodyLimit, boolean statements, NameLabels labels) {}

    /** Bytes of a body that are looked at, unless told otherwise. */
    static final long BODY_LIMIT = 1 << 20;

    private static final int METHODS = 500;

    final String listener;
    final MeterRegistry meters;
    final DynamoDetails.@Nullable Settings dynamo;
    final @Nullable Bodies elasticsearch;
    final @Nullable Bodies clickhouse;

    final @Nullable GrpcMethods grpc;

    private final Map<Exchanges, ObservationLoop> loops = new ConcurrentHashMap<>();
    private final Map<String, Counter> losses = new ConcurrentHashMap<>();

    private ObservationSettings(ConfigNode terminal, FilterEnvironment environment) {
        this.listener = environment.listener();
        this.meters = environment.meters();
        Bodies bodies = bodies(terminal, "dynamodb", true);
        this.dynamo = bodies == null ? null : new DynamoDetails.Settings(bodies, new DynamoMetrics(meters, listener));
        this.elasticsearch = bodies(terminal, "elasticsearch", false);
        this.clickhouse = bodies(terminal, "clickhouse", true);
        this.grpc = grpc(terminal);
    }

    /** Reads the keys. */
    static ObservationSettings read(ConfigNode terminal, FilterEnvironment environment) {
        return new ObservationSettings(terminal, environment);
    }

    /** Whether anything is looked for beyond plain HTTP. */
    boolean looksInside() {
        return dynamo != null || elasticsearch != null || clickhouse != null || grpc != null;
    }

    private static @Nullable Bodies bodies(ConfigNode terminal, String key, boolean sql) {
        ConfigNode node = terminal.child(key);
        if (node == null) {
            return null;
        }
        if (!node.isMap()) {
            return terminal.bool(key, false) ? new Bodies(BODY_LIMIT, false, new NameLabels()) : null;
        }
        long limit = node.size("body_limit", BODY_LIMIT);
        boolean statements = sql && node.bool("statements", false);
        node.rejectUnknown();
        return new Bodies(limit, statements, new NameLabels());
    }

    private static @Nullable GrpcMethods grpc(ConfigNode terminal) {
        ConfigNode node = terminal.child("grpc");
        if (node == null) {
            return null;
        }
        if (!node.isMap()) {
            return terminal.bool("grpc", false) ? new GrpcMethods(METHODS) : null;
        }
        int methods = (int) node.integer("max_methods", METHODS, 1, 10_000);
        node.rejectUnknown();
        return new GrpcMethods(methods);
    }

    /** Details of an exchange are lost; counts why, of a closed set. */
    void lost(String protocol, String reason) {
        losses.computeIfAbsent(
                        protocol + ' ' + reason,
                        key -> Counter.builder("weir_http_details_lost")
                                .description("Exchanges whose body was not read to its end")
                                .tag("listener", listener)
                                .tag("protocol", protocol)
                                .tag("reason", reason)
                                .register(meters))
                .increment();
    }

    /** What the exchanges of one event loop share. */
    ObservationLoop loop(Exchanges exchanges, DigestTable digests) {
        ObservationLoop known = loops.get(exchanges);
        return known != null ? known : loops.computeIfAbsent(exchanges, key -> new ObservationLoop(this, digests));
    }
}
