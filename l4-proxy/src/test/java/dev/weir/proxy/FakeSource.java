package dev.weir.proxy;

import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.Proxy.LimitStatus;
import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.Proxy.OverloadStatus;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig.SinkConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.WireClock;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A proxy that exists on paper, for the admin server to show. */
final class FakeSource implements AdminSource {
    private static final long MICRO = 1_000L;

    final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    final ExchangeSinks sinks =
            new ExchangeSinks(1, WireClock.system(), meters, new SinkConfig(100, Duration.ofMillis(10), 16), List.of());
    private final Operations operations;

    volatile boolean draining;
    volatile boolean decoding = true;
    volatile CompletableFuture<ReloadOutcome> reload;
    volatile RuntimeException failure;

    FakeSource() {
        Operations.Builder builder = Operations.builder();
        builder.add("GET", true);
        builder.add("SET", false);
        operations = builder.build();
        meters.getPrometheusRegistry().register(new DurationCollector(sinks.commands()));
    }

    /** Shows an exchange to the sinks. */
    void exchange(String command, String user, long micros, String error) {
        Exchange exchange = sinks.forLoop(0).open();
        exchange.of(FakeConnection.of("orders", 1), "redis", operations.find(command));
        exchange.startNanos = WireClock.system().nanoTime();
        exchange.user = user;
        exchange.namespace = "0";
        exchange.requestBytes = 30;
        exchange.responseBytes = 70;
        exchange.firstByteNanos = micros * MICRO;
        exchange.durationNanos = micros * MICRO;
        exchange.error = error;
        exchange.status = error == null ? Exchange.Status.OK : Exchange.Status.ERROR;
        sinks.forLoop(0).emit(exchange);
    }

    /** Shows an execution of a statement to the sinks. */
    void statement(String text, long micros, String error, long sent, long affected) {
        SqlNormalizer normalizer = new SqlNormalizer();
        byte[] sql = text.getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        Exchange exchange = sinks.forLoop(0).open();
        exchange.of(FakeConnection.of("orders", 1), "mysql", operations.find("GET"));
        exchange.startNanos = WireClock.system().nanoTime();
        exchange.durationNanos = micros * MICRO;
        exchange.statement(normalizer.statement());
        exchange.rowsSent = sent;
        exchange.rowsAffected = affected;
        exchange.noIndex = affected > 0;
        exchange.error = error;
        exchange.status = error == null ? Exchange.Status.OK : Exchange.Status.ERROR;
        sinks.forLoop(0).emit(exchange);
    }

    @Override
    public String version() {
        return "test";
    }

    @Override
    public List<ListenerStatus> listeners() {
        if (failure != null) {
            throw failure;
        }
        return List.of(new ListenerStatus(
                "orders",
                new Address("127.0.0.1", 6380),
                List.of("redis_stats", "tcp_proxy"),
                3,
                7,
                11,
                13,
                true,
                decoding));
    }

    @Override
    public List<ClusterStatus> clusters() {
        return List.of(new ClusterStatus(
                "orders",
                "round_robin",
                7,
                false,
                "insecure",
                List.of(
                        new LimitStatus("connections", 2, 100, 0),
                        new LimitStatus("pending", 0, -1, 0),
                        new LimitStatus("host_connections", -1, 50, 6)),
                List.of(new EndpointStatus(
                        "10.0.0.5:6379",
                        "shard-1",
                        1,
                        2,
                        3,
                        4,
                        "ejected",
                        "5 failures in a row, ejected for 30000 ms",
                        Instant.ofEpochMilli(0),
                        Instant.ofEpochMilli(30_000),
                        Instant.ofEpochMilli(0),
                        Map.of("zone", "a")))));
    }

    @Override
    public ExchangeSinks exchanges() {
        return sinks;
    }

    @Override
    public WireClock clock() {
        return WireClock.system();
    }

    @Override
    public PrometheusRegistry metrics() {
        return meters.getPrometheusRegistry();
    }

    @Override
    public Object config() {
        return Map.of("listeners", List.of(Map.of("name", "orders", "password", "hunter2")));
    }

    @Override
    public OverloadStatus overload() {
        return new OverloadStatus("none", "nothing", 3, 0);
    }

    @Override
    public @Nullable LastReload lastReload() {
        return null;
    }

    @Override
    public boolean started() {
        return true;
    }

    @Override
    public boolean draining() {
        return draining;
    }

    @Override
    public void drain() {
        draining = true;
    }

    @Override
    public boolean decode(String listener, boolean enabled) {
        if (!listener.equals("orders")) {
            return false;
        }
        decoding = enabled;
        return true;
    }

    @Override
    public CompletableFuture<ReloadOutcome> reload() {
        return reload;
    }
}
