package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;

/**
 * The way from a driver to a server: a tap, a Weir with sniffing, and between it and the server what makes that one compress, and
 * number its streams as mongod does.
 */
final class MongoWay implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final MongoSetup setup;
    private final @Nullable MessageRelay ids;
    private final @Nullable CompressionBridge bridge;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();
    private final Proxy proxy;
    private final WireTap tap;

    MongoWay(MongoSetup setup, int serverPort, Map<String, ?> settings) throws IOException {
        this.setup = setup;
        int server = serverPort;
        try (WireClient client = new WireClient(server)) {
            client.ask(BsonDocument.parse("{dropDatabase: 1, $db: 'shop'}"));
        }
        ids = setup.driver() == MongoDriver.JAVA ? new MessageRelay(server, localPort -> new StreamIds()) : null;
        server = ids == null ? server : ids.port();
        BridgeCompressor offered = setup.compressor();
        BridgeCompressor answers = setup.answers() == null ? offered : setup.answers();
        bridge = offered == null || answers == null ? null : CompressionBridge.start(server, offered, answers, 0);
        proxy = proxy(bridge == null ? server : bridge.port(), settings);
        tap = new WireTap(proxy.address("db").port());
    }

    WireTap tap() {
        return tap;
    }

    Proxy proxy() {
        return proxy;
    }

    /** All so far. */
    List<Exchange> exchanges() {
        return List.copyOf(exchanges);
    }

    /** A driver's monitors go some time after the driver. */
    void awaitNoConnection() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (proxy.listeners().get(0).connectionsActive() > 0) {
            assertThat(System.nanoTime()).as("a connection stays").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private Proxy proxy(int server, Map<String, ?> settings) {
        Map<String, Object> stats = new HashMap<>(settings);
        stats.put("type", "mongo_stats");
        ProxyConfig config = ProxyConfig.of(Map.of(
                "event_loops",
                2,
                "listeners",
                List.of(Map.of(
                        "name",
                        "db",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(stats, Map.of("type", "tcp_proxy", "cluster", "c")))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server)))));
        return Proxy.builder()
                .meters(meters)
                .sink(loop -> exchange -> {
                    Exchange copy = new Exchange();
                    copy.copyFrom(exchange);
                    exchanges.add(copy);
                })
                .start(config);
    }

    /** Every connection was read to its end. */
    void assertNothingStopped() {
        assertThat(meters.find("weir.sniffer.stops").counters())
                .filteredOn(counter -> counter.count() > 0)
                .extracting(counter -> counter.getId().getTags() + " " + counter.count())
                .isEmpty();
    }

    /** What is counted apart from the exchanges. */
    void assertCounters(Map<Integer, List<Map<String, String>>> expected) {
        List<Map<String, String>> all =
                expected.values().stream().flatMap(List::stream).toList();
        for (String kind : List.of("scatter", "multi_get", "no_max_time")) {
            assertThat(meters.get("weir_mongo_queries")
                            .tag("kind", kind)
                            .counter()
                            .count())
                    .as(kind)
                    .isEqualTo((double) all.stream()
                            .filter(fields -> fields.containsKey(kind))
                            .count());
        }
        assertThat(counter("weir_mongo_lossy")).isZero();
        assertThat(counter("weir_mongo_unsolicited")).isZero();
        assertThat(counter("weir_mongo_primary_changes")).isZero();
        // The one that was made up.
        assertThat(counter("weir_mongo_unknown_cursors")).isEqualTo(1);
    }

    private double counter(String name) {
        return meters.get(name).counter().count();
    }

    void assertCompressed() {
        if (bridge != null) {
            BridgeCompressor offered = Objects.requireNonNull(setup.compressor());
            assertThat(bridge.inflated(offered)).isGreaterThan(50);
            assertThat(bridge.deflated(Objects.requireNonNullElse(setup.answers(), offered)))
                    .isGreaterThan(50);
        }
    }

    @Override
    public void close() throws IOException {
        tap.close();
        proxy.close();
        if (bridge != null) {
            bridge.close();
        }
        if (ids != null) {
            ids.close();
        }
    }
}
