package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.TopTable;
import dev.weir.core.testkit.RecordingExchanges;
import dev.weir.mongo.MongoDriver.Told;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real drivers on real servers through a Weir: for each command that a driver tells of in its command monitoring there is one
 * exchange, on the same connection and in the same order, that says the same; and there are no others.
 */
final class MongoClientsIT {
    private static final Set<String> HELLO = Set.of("hello", "isMaster");

    /** What commands have in them as JSON, and what is left of them in a digest. */
    private static final Map<String, String> SHAPES = Map.of(
            "{\"find\": \"orders\", \"filter\": {\"status\": \"open\", \"total\": {\"$gt\": 100}}, \"sort\": {\"total\": -1}",
            "find orders {status: ?, total: {$gt: ?}} sort {total: -1}",
            "{\"insert\": \"orders\"",
            "insert orders",
            "\"updates\": [{\"q\": {\"status\": \"open\"}",
            "update orders {status: ?} {$inc: {total: ?}}",
            "{\"aggregate\": \"orders\", \"pipeline\": [{\"$group\": {\"_id\": \"$status\"",
            "aggregate orders [{$group: {_id: ?, n: {$sum: ?}, most: {$max: ?}}}, {$sort: {_id: 1}}]");

    private static @Nullable JavaServer javaServer;
    private static @Nullable SecantusServer secantus;

    static List<MongoSetup> setups() {
        return MongoSetup.all();
    }

    @AfterAll
    static void stop() {
        if (javaServer != null) {
            javaServer.close();
            javaServer = null;
        }
        if (secantus != null) {
            secantus.close();
            secantus = null;
        }
    }

    private static int port(@Nullable MongoInstallation installation) throws Exception {
        if (installation == null) {
            javaServer = javaServer == null ? new JavaServer() : javaServer;
            return javaServer.port();
        }
        secantus = secantus == null ? SecantusServer.start(installation) : secantus;
        return secantus.port();
    }

    @ParameterizedTest
    @MethodSource("setups")
    void tellsWhatTheDriverTells(MongoSetup setup) throws Exception {
        try (MongoWay way = new MongoWay(setup, port(setup.server()), Map.of())) {
            Told told = setup.driver().run(setup.uri(way.tap().port()), setup.sessions());
            way.awaitNoConnection();
            way.assertNothingStopped();

            List<Exchange> exchanges = way.exchanges();
            String compressor =
                    setup.compressor() == null ? null : setup.compressor().label();
            Map<Integer, List<Map<String, String>>> expected =
                    new ExpectedExchanges(way.tap(), compressor).of(told.commands());
            Map<Integer, List<Exchange>> seen = exchanges.stream()
                    .collect(Collectors.groupingBy(MongoClientsIT::port, TreeMap::new, Collectors.toList()));
            assertThat(seen.keySet()).isEqualTo(way.tap().connections().keySet());
            expected.forEach((port, commands) -> assertCommands(Objects.requireNonNull(seen.get(port)), commands));
            seen.keySet().removeAll(expected.keySet());
            assertMonitoring(way.tap(), seen, told);
            assertThat(exchanges).allSatisfy(MongoClientsIT::assertTimes);
            assertThat(exchanges).allSatisfy(e -> assertThat(e.app).isEqualTo(MongoSetup.APP));
            assertTables(way, setup.driver(), expected, told);
            way.assertCounters(expected);
            way.assertCompressed();
        }
    }

    /** What a client has not paid for with bytes on the wire is not inflated; commands and answers are found all the same. */
    @Test
    void keepsInStepWhereNotAllIsInflated() throws Exception {
        MongoSetup setup = new MongoSetup(MongoDriver.JAVA, null, BridgeCompressor.ZLIB, null);
        try (MongoWay way = new MongoWay(setup, port(setup.server()), Map.of())) {
            Told told = setup.driver().run(setup.uri(way.tap().port()), List.of("repetitive"));
            way.awaitNoConnection();

            way.assertNothingStopped();
            way.assertLossy();
            Map<Integer, List<Map<String, String>>> expected =
                    new ExpectedExchanges(way.tap(), "zlib").of(told.commands());
            assertThat(expected).hasSize(1);
            expected.forEach((port, commands) -> {
                List<Map<String, String>> seen = way.exchanges().stream()
                        .filter(e -> port(e) == port)
                        .skip(1)
                        .map(MongoClientsIT::compared)
                        .toList();
                assertThat(seen).hasSameSizeAs(commands);
                // The last two are short.
                assertThat(seen.subList(seen.size() - 2, seen.size()))
                        .isEqualTo(commands.subList(commands.size() - 2, commands.size()));
                assertThat(seen.stream().map(MongoClientsIT::known))
                        .containsExactlyElementsOf(
                                commands.stream().map(MongoClientsIT::known).toList());
            });
        }
    }

    /** What the headers tell, and the begin of requests. */
    private static Map<String, String> known(Map<String, String> fields) {
        Map<String, String> some = new TreeMap<>(fields);
        some.keySet().retainAll(Set.of("command", "status", "target", "request_bytes", "response_bytes", "compressor"));
        return some;
    }

    private static int port(Exchange exchange) {
        return Integer.parseInt(exchange.client().substring(exchange.client().lastIndexOf(':') + 1));
    }

    /** A connection of the pool says hello once, of which the driver tells nothing, and then only what it tells of. */
    private static void assertCommands(List<Exchange> seen, List<Map<String, String>> expected) {
        assertThat(seen.get(0).operation().name()).isIn(HELLO);
        List<Map<String, String>> fields =
                seen.stream().skip(1).map(MongoClientsIT::compared).toList();
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < Math.min(fields.size(), expected.size()); i++) {
            if (!fields.get(i).equals(expected.get(i))) {
                differences.add("command " + i + " of " + port(seen.get(0)) + ": " + fields.get(i) + "\n    expected: "
                        + expected.get(i) + "\n    all: " + RecordingExchanges.fields(seen.get(i + 1)));
            }
        }
        assertThat(differences).isEmpty();
        assertThat(fields).hasSameSizeAs(expected);
    }

    private static Map<String, String> compared(Exchange exchange) {
        Map<String, String> fields = new TreeMap<>(RecordingExchanges.fields(exchange));
        fields.put("command", exchange.operation().name());
        fields.keySet().retainAll(ExpectedExchanges.FIELDS);
        return fields;
    }

    /** All other connections say nothing but hello, once for each heartbeat; those that measure round trips besides. */
    private static void assertMonitoring(WireTap tap, Map<Integer, List<Exchange>> seen, Told told) {
        seen.forEach((port, exchanges) -> {
            assertThat(exchanges)
                    .allSatisfy(e -> assertThat(e.operation().name()).isIn(HELLO))
                    .allSatisfy(e -> assertThat(e.namespace).isEqualTo("admin"));
            int answers = (int) Objects.requireNonNull(tap.connections().get(port)).stream()
                    .filter(noted -> !noted.request())
                    .count();
            // The tap closes with the driver, which may be before an answer.
            assertThat(exchanges)
                    .filteredOn(e -> e.status == Exchange.Status.OK)
                    .hasSizeBetween(answers, answers + 1);
            assertThat(exchanges)
                    .filteredOn(e -> e.status != Exchange.Status.OK)
                    .hasSizeLessThanOrEqualTo(1)
                    .allSatisfy(e -> assertThat(e.status).isEqualTo(Exchange.Status.NO_REPLY));
        });
        boolean streaming = told.heartbeats().contains(true);
        List<List<Exchange>> monitoring = seen.values().stream()
                .filter(exchanges -> !streaming || exchanges.stream().anyMatch(e -> e.longWait))
                .toList();
        for (boolean awaited : new boolean[] {false, true}) {
            int heartbeats =
                    (int) told.heartbeats().stream().filter(h -> h == awaited).count();
            // The last one may come when the driver no longer tells of it, and a pool may open more than it uses.
            assertThat(monitoring.stream().flatMap(List::stream))
                    .filteredOn(e -> e.longWait == awaited && e.status == Exchange.Status.OK)
                    .hasSizeBetween(heartbeats, heartbeats + monitoring.size());
        }
    }

    private static void assertTimes(Exchange exchange) {
        if (exchange.status == Exchange.Status.NO_REPLY) {
            assertThat(exchange.firstByteNanos).isEqualTo(-1);
            return;
        }
        assertThat(exchange.durationNanos).isNotNegative();
        assertThat(exchange.firstByteNanos).isBetween(0L, exchange.durationNanos);
    }

    private static void assertTables(
            MongoWay way, MongoDriver driver, Map<Integer, List<Map<String, String>>> expected, Told told) {
        Map<String, Long> timed = expected.values().stream()
                .flatMap(List::stream)
                .filter(fields -> !fields.containsKey("wait") && !"no_reply".equals(fields.get("status")))
                .collect(Collectors.groupingBy(
                        fields -> String.valueOf(fields.get("command")), TreeMap::new, Collectors.counting()));
        Map<String, Long> series = way.proxy().exchanges().commands().series().stream()
                .filter(row -> !HELLO.contains(row.operation()))
                .collect(Collectors.groupingBy(
                        SeriesRow::operation, TreeMap::new, Collectors.summingLong(SeriesRow::count)));
        assertThat(series).isEqualTo(timed);
        TopTable.Peers peers = way.proxy()
                .exchanges()
                .top()
                .rows(TopTable.Dimension.CLIENT)
                .get(0)
                .peers();
        assertThat(Objects.requireNonNull(peers).apps()).containsExactly(MongoSetup.APP);
        assertThat(peers.namespaces()).contains("admin", "shop");
        assertThat(peers.libraries())
                .singleElement()
                .satisfies(library -> assertThat(library).startsWith(driver.library()));
        Map<String, Long> digests = new TreeMap<>();
        way.proxy()
                .exchanges()
                .digestUsage()
                .forEach(usage -> digests.merge(
                        usage.row().statement().text(), usage.row().calls(), Long::sum));
        assertThat(digests).containsAllEntriesOf(shapes(told.commands()));
    }

    /** Some digests, and how often a driver told of such a command. */
    private static Map<String, Long> shapes(List<SeenCommand> commands) {
        Map<String, Long> shapes = new TreeMap<>();
        for (SeenCommand seen : commands) {
            String command = seen.command().toJson();
            for (Map.Entry<String, String> shape : SHAPES.entrySet()) {
                if (command.contains(shape.getKey())) {
                    shapes.merge(shape.getValue(), 1L, Long::sum);
                }
            }
        }
        assertThat(shapes).hasSameSizeAs(SHAPES);
        return shapes;
    }
}
