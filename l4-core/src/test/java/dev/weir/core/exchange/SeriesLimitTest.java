package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.CommandStats.SeriesRow;
import java.util.List;
import org.junit.jupiter.api.Test;

class SeriesLimitTest {
    @Test
    void laterCombinationsGoUnderOther() {
        SinkBed bed = new SinkBed(10, List.of());
        TestConnection connection = TestConnection.any();

        for (int i = 0; i < 1_000; i++) {
            String namespace = "db" + i;
            bed.emit(i & 1, connection, SinkBed.GET, e -> {
                e.namespace = namespace;
                e.durationNanos = 1_000;
            });
        }

        List<SeriesRow> series = bed.sinks.commands().series();
        assertThat(series).hasSize(7);
        assertThat(series.stream().mapToLong(SeriesRow::count).sum()).isEqualTo(1_000);
        assertThat(series)
                .filteredOn(row -> row.operation().equals("_OTHER"))
                .singleElement()
                .satisfies(row -> {
                    assertThat(row.listener()).isEqualTo("orders");
                    assertThat(row.systemName()).isEqualTo("redis");
                    assertThat(row.namespace()).isEqualTo("_OTHER");
                    assertThat(row.errorType()).isNull();
                    assertThat(row.count()).isEqualTo(994);
                });
        assertThat(bed.sinks.commands().merged()).isEqualTo(994);
        assertThat(bed.meter("weir.series")).isEqualTo(10);
        assertThat(bed.meter("weir.series.limit")).isEqualTo(10);
        assertThat(bed.meter("weir.series.merged")).isEqualTo(994);
    }

    @Test
    void whatIsAdmittedStaysAndIsSharedByTheLoops() {
        SinkBed bed = new SinkBed(10, List.of());
        for (int loop = 0; loop < 2; loop++) {
            for (int i = 0; i < 100; i++) {
                Operation operation = SinkBed.OPERATIONS.all().get(1 + i % 50);
                bed.emit(loop, new TestConnection(loop, "orders", "10.1.1.1"), operation, e -> e.durationNanos = 1_000);
            }
        }

        assertThat(bed.sinks.commands().series())
                .filteredOn(row -> !row.operation().equals("_OTHER"))
                .hasSize(6)
                .allSatisfy(row -> assertThat(row.count()).isEqualTo(4));
    }

    @Test
    void errorsBeyondTheLimitStayErrors() {
        SinkBed bed = new SinkBed(10, List.of());
        TestConnection connection = TestConnection.any();

        for (int i = 0; i < 100; i++) {
            String error = "E" + i;
            bed.emit(0, connection, SinkBed.GET, e -> {
                e.status = Exchange.Status.ERROR;
                e.error = error;
                e.durationNanos = 1_000;
            });
        }

        assertThat(bed.sinks.commands().series())
                .filteredOn(row -> row.operation().equals("_OTHER"))
                .singleElement()
                .satisfies(row -> assertThat(row.errorType()).isEqualTo("_OTHER"));
    }

    @Test
    void manyListenersStayWithinTheLimit() {
        SinkBed bed = new SinkBed(10, List.of());

        for (int i = 0; i < 50; i++) {
            bed.get(new TestConnection(i, "listener" + i, "10.1.1.1"), 5);
        }

        assertThat(bed.sinks.commands().series()).hasSizeLessThanOrEqualTo(10);
        assertThat(bed.sinks.commands().series().stream()
                        .mapToLong(SeriesRow::count)
                        .sum())
                .isEqualTo(50);
        assertThat(bed.sinks.commands().rows()).hasSize(50);
    }

    @Test
    void aScopeWithManyCollectionsFindsEachAgain() {
        SinkBed bed = new SinkBed(5_000, List.of());
        TestConnection connection = TestConnection.any();

        for (int i = 0; i < 6_000; i++) {
            // A new instance each time, as a careless producer would have it.
            String collection = "c" + i % 1_000;
            bed.emit(0, connection, SinkBed.GET, e -> {
                e.collection = collection;
                e.durationNanos = 1_000;
            });
        }

        assertThat(bed.sinks.commands().series())
                .hasSize(1_000)
                .allSatisfy(row -> assertThat(row.count()).isEqualTo(6));
    }
}
