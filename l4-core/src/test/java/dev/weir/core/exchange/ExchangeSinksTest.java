package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.TopTable.Dimension;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExchangeSinksTest {
    private final TestConnection connection = TestConnection.any();

    @Test
    void aSinkThatThrowsIsCountedAndDoesNotDisturbTheOthers() {
        List<Operation> seen = new ArrayList<>();
        ExchangeSink.Factory bad = loop -> exchange -> {
            throw new IllegalStateException("broken on purpose");
        };
        SinkBed bed = new SinkBed(100, List.of(bad, loop -> exchange -> seen.add(exchange.operation())));
        bed.get(connection, 5);
        bed.get(connection, 5);

        assertThat(seen).containsExactly(SinkBed.GET, SinkBed.GET);
        assertThat(bed.sinks.commands().rows())
                .singleElement()
                .extracting(CommandRow::calls)
                .isEqualTo(2L);
        assertThat(bed.meter("weir.sink.errors", "sink", "extra")).isEqualTo(2);
        assertThat(bed.meter("weir.sink.errors", "sink", "commands")).isZero();
        assertThat(bed.meter("weir.exchanges")).isEqualTo(2);
    }

    @Test
    void recordsAreUsedAgainAndCleared() {
        SinkBed bed = new SinkBed();
        Exchanges exchanges = bed.sinks.forLoop(0);
        Exchange first = exchanges.open().of(connection, "redis", SinkBed.GET);
        first.user = "alice";
        first.attribute("a", 1);
        exchanges.emit(first);

        Exchange again = exchanges.open();

        assertThat(again).isSameAs(first);
        assertThat(again.user).isNull();
        assertThat(again.attributes()).isZero();
        assertThat(again)
                .usingRecursiveComparison()
                .ignoringFields("attributeNames", "attributeValues", "attributeNumbers")
                .isEqualTo(new Exchange());
        assertThat(exchanges.open()).isNotSameAs(first);
    }

    @Test
    void refusesARecordTwice() {
        Exchanges exchanges = new SinkBed().sinks.forLoop(0);
        Exchange e = exchanges.open().of(connection, "redis", SinkBed.GET);
        exchanges.discard(e);

        assertThatThrownBy(() -> exchanges.discard(e)).hasMessageContaining("handed in twice");
        assertThatThrownBy(() -> exchanges.emit(e)).hasMessageContaining("handed in twice");
    }

    @Test
    void manyMayBeOpenAndEndInAnyOrder() {
        SinkBed bed = new SinkBed();
        Exchanges exchanges = bed.sinks.forLoop(0);
        List<Exchange> open = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            open.add(exchanges.open().of(connection, "redis", SinkBed.GET));
        }
        for (int i = open.size() - 1; i >= 0; i -= 2) {
            exchanges.emit(open.get(i));
        }
        for (int i = 0; i < open.size(); i += 2) {
            exchanges.discard(open.get(i));
        }

        assertThat(bed.sinks.commands().rows().get(0).calls()).isEqualTo(2_500);
    }

    @Test
    void takesSystemNamesFromTheProtocols() {
        TestClock clock = new TestClock();
        ExchangeSinks sinks = new ExchangeSinks(
                1,
                clock,
                new SimpleMeterRegistry(),
                new ProxyConfig.SinkConfig(100, Duration.ofMillis(10), 4),
                List.of(),
                new ExchangeSinks.Protocols() {
                    @Override
                    public String systemName(String protocol) {
                        return protocol.equals("dynamodb") ? "aws.dynamodb" : "";
                    }
                });
        for (String protocol : List.of("dynamodb", "http")) {
            Exchange e = sinks.forLoop(0).open().of(connection, protocol, SinkBed.GET);
            e.durationNanos = 1;
            sinks.forLoop(0).emit(e);
        }

        assertThat(sinks.commands().series())
                .singleElement()
                .extracting(SeriesRow::systemName)
                .isEqualTo("aws.dynamodb");
        assertThat(sinks.commands().rows()).hasSize(2);
    }

    @Test
    void aConnectionOfAnotherProxyIsAskedAnew() {
        SinkBed one = new SinkBed();
        SinkBed two = new SinkBed();
        one.get(connection, 5);
        two.get(connection, 5);
        one.get(connection, 5);

        assertThat(one.sinks.commands().rows().get(0).calls()).isEqualTo(2);
        assertThat(two.sinks.commands().rows().get(0).calls()).isEqualTo(1);
        assertThat(one.sinks.top().rows(Dimension.CLIENT).get(0).calls()).isEqualTo(2);
    }

    @Test
    void removesItsMetersAtTheEnd() {
        SinkBed bed = new SinkBed();
        assertThat(bed.meters.getMeters()).isNotEmpty();

        bed.close();

        assertThat(bed.meters.getMeters()).isEmpty();
    }

    @Test
    void allocatesNothingPerExchange() {
        try (AccessLog log = AccessLog.toStream(
                OutputStream.nullOutputStream(), 1_024, new TestClock(), new SimpleMeterRegistry())) {
            SinkBed bed = new SinkBed(2_000, List.of(log));
            TestConnection[] connections = new TestConnection[50];
            for (int i = 0; i < connections.length; i++) {
                connections[i] = new TestConnection(i, "orders", "10.1.1." + i % 8);
            }
            for (int i = 0; i < 20; i++) {
                burst(bed, connections);
            }
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20; i++) {
                burst(bed, connections);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            // 20 × 50 × 100 exchanges; a few hundred bytes are the measurement's own.
            assertThat(allocated).isLessThan(10_000);
        }
    }

    private static final String[] NAMESPACES = {"0", "1"};

    private static void burst(SinkBed bed, TestConnection[] connections) {
        Exchanges exchanges = bed.sinks.forLoop(0);
        for (TestConnection connection : connections) {
            for (int i = 0; i < 100; i++) {
                Exchange e = exchanges
                        .open()
                        .of(connection, "redis", SinkBed.OPERATIONS.all().get(1 + i % 20));
                e.namespace = NAMESPACES[i & 1];
                e.user = "default";
                e.requestBytes = 30;
                e.responseBytes = 70;
                e.hit = i & 1;
                e.durationNanos = 1_000L + i * 211_000L;
                if (i % 10 == 0) {
                    e.status = Exchange.Status.ERROR;
                    e.error = "WRONGTYPE";
                }
                exchanges.emit(e);
            }
        }
    }
}
