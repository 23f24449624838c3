package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.weir.core.exchange.TopTable.Dimension;
import dev.weir.core.exchange.TopTable.TopRow;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopTableTest {
    private final SinkBed bed = new SinkBed();

    private void use(int loop, TestConnection connection, String user, String app, String namespace, long micros) {
        bed.emit(loop, connection, SinkBed.GET, e -> {
            e.user = user;
            e.app = app;
            e.namespace = namespace;
            e.durationNanos = micros * 1_000;
            e.requestBytes = 10;
            e.responseBytes = 20;
        });
    }

    @Test
    void groupsByEachDimension() {
        TestConnection a = new TestConnection(1, "orders", "10.1.1.1");
        TestConnection b = new TestConnection(2, "orders", "10.1.1.2");
        use(0, a, "alice", "shop", "0", 100);
        use(0, a, "alice", "shop", "1", 200);
        use(1, b, "bob", "shop", "1", 900);
        bed.emit(1, b, SinkBed.SET, e -> e.status = Exchange.Status.ERROR);

        assertThat(bed.sinks.top().rows(Dimension.USER))
                .extracting(TopRow::key, TopRow::calls, TopRow::errors, TopRow::totalMicros)
                .containsExactly(tuple("bob", 1L, 0L, 900L), tuple("alice", 2L, 0L, 300L), tuple("", 1L, 1L, 0L));
        assertThat(bed.sinks.top().rows(Dimension.CLIENT))
                .extracting(TopRow::key, TopRow::calls)
                .containsExactly(tuple("10.1.1.2", 2L), tuple("10.1.1.1", 2L));
        assertThat(bed.sinks.top().rows(Dimension.NAMESPACE))
                .extracting(TopRow::key, TopRow::calls)
                .containsExactly(tuple("1", 2L), tuple("0", 1L), tuple("", 1L));
        assertThat(bed.sinks.top().rows(Dimension.APP))
                .extracting(TopRow::key, TopRow::calls, TopRow::requestBytes, TopRow::responseBytes)
                .containsExactly(tuple("shop", 3L, 30L, 60L), tuple("", 1L, 0L, 0L));
        assertThat(bed.sinks.top().rows(Dimension.COMMAND))
                .extracting(TopRow::key, TopRow::calls)
                .containsExactly(tuple("GET", 3L), tuple("SET", 1L));
    }

    @Test
    void percentilesErrByAtMostFivePercent() {
        TestConnection a = TestConnection.any();
        for (int micros = 1; micros <= 10_000; micros++) {
            use(0, a, "alice", "shop", "0", micros);
        }

        TopRow row = bed.sinks.top().rows(Dimension.USER).get(0);

        assertThat(row.p50()).isCloseTo(5_000, withinPercentage(5));
        assertThat(row.p90()).isCloseTo(9_000, withinPercentage(5));
        assertThat(row.p99()).isCloseTo(9_900, withinPercentage(5));
        assertThat(row.max()).isEqualTo(10_000);
        assertThat(row.timed()).isEqualTo(10_000);
    }

    @Test
    void aMillionUsersAreFewRows() {
        TestConnection a = TestConnection.any();
        for (int i = 0; i < 1_000_000; i++) {
            use(0, a, "user" + i, "shop", "0", 10);
        }

        List<TopRow> rows = bed.sinks.top().rows(Dimension.USER);

        assertThat(rows).hasSizeLessThanOrEqualTo(TopCells.MAX + 1);
        assertThat(rows.get(0).key()).isEqualTo("_OTHER");
        assertThat(rows.stream().mapToLong(TopRow::calls).sum()).isEqualTo(1_000_000);
        assertThat(bed.meter("weir.top.rows")).isLessThanOrEqualTo(TopCells.MAX + 1);
        assertThat(bed.meter("weir.top.merged")).isPositive();
    }

    @Test
    void tooManyClientsDoNotHideTheUsers() {
        for (int i = 0; i < 5_000; i++) {
            use(0, new TestConnection(i, "orders", "10.1." + i / 256 + "." + i % 256), "user" + i % 3, "shop", "0", 10);
        }

        assertThat(bed.sinks.top().rows(Dimension.USER))
                .extracting(TopRow::key)
                .containsExactlyInAnyOrder("user0", "user1", "user2");
        assertThat(bed.sinks.top().rows(Dimension.CLIENT)).hasSize(TopCells.MAX - TopCells.RESERVED + 1);
    }

    @Test
    void whatNobodyUsesMakesRoom() {
        TestConnection old = new TestConnection(1, "orders", "10.9.9.9");
        use(0, old, "old", "shop", "0", 10);
        for (int i = 0; i < 2_000; i++) {
            use(0, TestConnection.any(), "user" + i, "shop", "0", 10);
        }
        bed.clock.advance(Duration.ofMinutes(11));
        use(0, TestConnection.any(), "late", "shop", "0", 10);

        assertThat(bed.sinks.top().rows(Dimension.USER)).extracting(TopRow::key).containsExactly("_OTHER", "late");
        use(0, old, "old", "shop", "0", 10);
        assertThat(bed.sinks.top().rows(Dimension.USER))
                .extracting(TopRow::key, TopRow::calls)
                .containsExactly(tuple("_OTHER", 2_001L), tuple("late", 1L), tuple("old", 1L));
    }
}
