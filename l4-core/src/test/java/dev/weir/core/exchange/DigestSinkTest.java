package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSinks.DigestUsage;
import dev.weir.core.filter.Connection;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlStatement;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DigestSinkTest {
    private final SqlNormalizer normalizer = new SqlNormalizer();

    private SqlStatement statement(String text) {
        byte[] sql = text.getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        return normalizer.statement();
    }

    private static Map<String, DigestUsage> byText(SinkBed bed) {
        return bed.sinks.digestUsage().stream()
                .collect(Collectors.toMap(
                        usage -> usage.row().listener() + ": "
                                + usage.row().statement().text(),
                        Function.identity()));
    }

    @Test
    void countsPerListenerAndAddsUpLoops() {
        try (SinkBed bed = new SinkBed()) {
            Connection orders = new TestConnection(1, "orders", "10.1.1.1");
            Connection users = new TestConnection(2, "users", "10.1.1.1");
            SqlStatement select = statement("SELECT a FROM t WHERE b = 1");
            for (int loop = 0; loop < 2; loop++) {
                bed.emit(loop, orders, SinkBed.GET, e -> {
                    e.statement(select);
                    e.durationNanos = 1_000_000;
                });
            }
            bed.emit(0, users, SinkBed.GET, e -> e.statement(select));
            bed.emit(0, orders, SinkBed.GET, e -> {
                e.statement(select);
                e.durationNanos = 5_000_000;
                e.longWait = true;
            });
            bed.get(orders, 10);

            Map<String, DigestUsage> rows = byText(bed);

            assertThat(rows)
                    .containsOnlyKeys("orders: SELECT a FROM t WHERE b = ?", "users: SELECT a FROM t WHERE b = ?");
            DigestUsage row = rows.get("orders: SELECT a FROM t WHERE b = ?");
            assertThat(row.row().calls()).isEqualTo(3);
            assertThat(row.row().timed()).isEqualTo(2);
            assertThat(row.row().maxNanos()).isEqualTo(1_000_000);
            assertThat(bed.meter("weir.digests")).isEqualTo(3);
            assertThat(bed.meter("weir.digest.bytes")).isPositive();
            assertThat(bed.meter("weir.digests.merged")).isZero();
        }
    }

    @Test
    void fillsTheFieldsThatFollowFromAStatement() {
        Exchange e = new Exchange();

        e.statement(statement("SELECT a FROM t JOIN db.u"));

        assertThat(e.digest).isEqualTo(e.sql.hexId());
        assertThat(e.statement).isEqualTo("SELECT a FROM t JOIN db.u");
        assertThat(e.summary).isEqualTo("SELECT t db.u");
        assertThat(e.target).isEqualTo("t, db.u");
        assertThat(e.collection).isNull();
        e.clear();
        assertThat(e.sql).isNull();
    }

    @Test
    void withoutMemoryNothingIsKept() {
        try (SinkBed bed = new SinkBed(new ProxyConfig.SinkConfig(100, Duration.ofMillis(10), 4, 0), List.of())) {
            bed.emit(
                    0,
                    new TestConnection(1, "orders", "10.1.1.1"),
                    SinkBed.GET,
                    e -> e.statement(statement("SELECT 1")));

            assertThat(bed.sinks.forLoop(0).digests().enabled()).isFalse();
            assertThat(bed.sinks.digestUsage()).isEmpty();
        }
    }

    @Test
    void summariesBeyondTheLimitOfSeriesAreOther() {
        try (SinkBed bed = new SinkBed(20, List.of())) {
            Connection connection = new TestConnection(1, "orders", "10.1.1.1");
            for (int i = 0; i < 100; i++) {
                SqlStatement statement = statement("SELECT a FROM t" + i);
                bed.emit(0, connection, SinkBed.GET, e -> {
                    e.statement(statement);
                    e.durationNanos = 1_000;
                });
            }

            assertThat(bed.sinks.commands().seriesInUse()).isLessThanOrEqualTo(20);
            assertThat(bed.sinks.commands().series())
                    .extracting(CommandStats.SeriesRow::summary)
                    .contains("SELECT t0");
            assertThat(bed.sinks.commands().series().stream()
                            .mapToLong(CommandStats.SeriesRow::count)
                            .sum())
                    .isEqualTo(100);
            assertThat(bed.sinks.commands().merged()).isGreaterThan(80);
        }
    }

    @Test
    void allocatesNothingForAKnownStatement() {
        try (SinkBed bed = new SinkBed()) {
            Connection connection = new TestConnection(1, "orders", "10.1.1.1");
            Exchanges exchanges = bed.sinks.forLoop(0);
            byte[] sql = "SELECT c FROM sbtest1 WHERE id=12345 AND d IN ('a', 'b')".getBytes(StandardCharsets.UTF_8);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 10; round++) {
                long before =
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId());
                for (int i = 0; i < 10_000; i++) {
                    execute(exchanges, connection, sql);
                }
                least = Math.min(
                        least,
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before);
            }

            // Less than a byte per statement: what reading the number itself takes.
            assertThat(least).isLessThan(1_000);
            assertThat(byText(bed)).hasSize(1);
        }
    }

    private void execute(Exchanges exchanges, Connection connection, byte[] sql) {
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        DigestTable digests = exchanges.digests();
        SqlStatement statement = digests.find(normalizer.id());
        Exchange e = exchanges.open().of(connection, "mysql", SinkBed.GET);
        e.statement(statement == null ? normalizer.statement() : statement);
        e.durationNanos = 120_000;
        exchanges.emit(e);
    }
}
